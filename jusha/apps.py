"""The one Django app that holds the domain rooms."""

from django.apps import AppConfig


class JushaConfig(AppConfig):
    """Jusha's rooms: one app, one linear migration history."""

    name = "jusha"
    default_auto_field = "django.db.models.BigAutoField"
