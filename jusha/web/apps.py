"""The second Django app: templates and static files, no models."""

from django.apps import AppConfig


class WebConfig(AppConfig):
    """Jusha's pages."""

    name = "jusha.web"
    label = "web"
