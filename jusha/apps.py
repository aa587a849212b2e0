"""The one Django app that holds the domain rooms."""

from django.apps import AppConfig


class JushaConfig(AppConfig):
    """Jusha's rooms: one app, one linear migration history."""

    name = "jusha"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Let rooms above join what rooms below them carry out."""
        from jusha.guarding import devices  # noqa: F401, PLC0415 - models, once they are there
        from jusha.oversight import forget  # noqa: F401, PLC0415 - as above
        from jusha.stories import follow  # noqa: F401, PLC0415 - as above
        from jusha.teams import forget as teams  # noqa: F401, PLC0415 - as above
