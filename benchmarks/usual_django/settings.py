"""Settings of the rival: nothing that costs time and that it does not need.

``DATABASE_URL`` names the database (everything lands in the schema ``usual_django`` of it) and
``USUAL_DJANGO_SECRET`` the key that the HTTP body is signed with.
"""

import os

from psycopg.conninfo import conninfo_to_dict

SCHEMA = "usual_django"

_parts = conninfo_to_dict(os.environ["DATABASE_URL"])

SECRET_KEY = os.environ.get("USUAL_DJANGO_SECRET", "only for this benchmark")
DEBUG = False
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "benchmarks.usual_django.urls"
INSTALLED_APPS = ["benchmarks.usual_django"]
MIDDLEWARE: list[str] = []
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
LOGGING_CONFIG = None
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        **{name.upper(): _parts.pop(name, "") for name in ("user", "password", "host", "port")},
        "NAME": _parts.pop("dbname"),
        "CONN_MAX_AGE": None,
        "OPTIONS": {
            **_parts,  # sslmode and the like
            "options": f"-c search_path={SCHEMA}",
            # Prepared statements made it 3-22 % faster in four paired runs, so the rival has them.
            "server_side_binding": True,
            "prepare_threshold": 3,
        },
    }
}
