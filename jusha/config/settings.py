"""Django's settings, all from the environment; docs/reference.md lists every variable."""

import os
from pathlib import Path
from typing import Final

from jusha.config.modes import Mode, ModeRefusedError, mode_word, read_mode, simulator_allowed
from jusha.config.postgres import django_database

BASE_DIR: Final = Path(__file__).resolve().parent.parent
REPO_DIR: Final = BASE_DIR.parent
HOME: Final = Path(os.environ.get("JUSHA_HOME", REPO_DIR / "var")).resolve()

JUSHA_MODE: Final = mode_word(os.environ)
"""What this installation may do (config/modes.py)."""
JUSHA_SIMULATOR: Final = simulator_allowed(JUSHA_MODE)
"""Whether the simulated cashier and invented worlds may run."""
JUSHA_MODE_FACTS: Mode | None = None
JUSHA_MODE_LACKS = ""
"""Why nothing may listen yet; `jusha beside init` must still be able to run."""
try:
    JUSHA_MODE_FACTS = read_mode(os.environ, home=HOME)
except ModeRefusedError as refusal:
    JUSHA_MODE_LACKS = str(refusal)

JUSHA_LOG_ORIGIN: Final = os.environ.get("JUSHA_LOG_ORIGIN", "sandbox.jusha.local/log")
JUSHA_LOG_DIR: Final = HOME / "log"
JUSHA_WEB_PORT: Final = int(os.environ.get("JUSHA_WEB_PORT", "8000"))
JUSHA_DOOR_PORT: Final = int(os.environ.get("JUSHA_DOOR_PORT", "8001"))
JUSHA_CASHIER_PORT: Final = int(os.environ.get("JUSHA_CASHIER_PORT", "8002"))
JUSHA_WITNESS_PORT: Final = int(os.environ.get("JUSHA_WITNESS_PORT", JUSHA_WEB_PORT + 3))
JUSHA_METRICS_PORT: Final = int(os.environ.get("JUSHA_METRICS_PORT", JUSHA_WEB_PORT + 1460))
"""Figures for Prometheus, on this machine only: this port and the next six; 0 serves none."""
JUSHA_HOST: Final = os.environ.get("JUSHA_HOST", "127.0.0.1")
JUSHA_PROXY_HOPS: Final = int(os.environ.get("JUSHA_PROXY_HOPS", "0"))
"""How many of our own proxies stand before the pages, each adding to X-Forwarded-For."""
JUSHA_DB_ROLE: Final = os.environ.get("JUSHA_DB_ROLE", "owner")

DEBUG: Final = os.environ.get("JUSHA_DEBUG") == "1"
ALLOWED_HOSTS: Final = os.environ.get("JUSHA_ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]").split(",")

INSTALLED_APPS = [
    "django.contrib.staticfiles",
    "django_linear_migrations",
    "jusha",
    "jusha.web",
]
MIDDLEWARE = [
    "jusha.web.metrics.Measured",
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "jusha.web.headers.SecurityHeaders",
]
ROOT_URLCONF = "jusha.config.urls"
WSGI_APPLICATION = "jusha.config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "jusha.web.context.site",
            ],
        },
    },
]
DATABASES = {"default": django_database(JUSHA_DB_ROLE)}

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "简体中文"), ("zh-hant", "繁體中文"), ("en", "English")]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "Asia/Shanghai"

STATIC_URL = "/static/"
STATIC_ROOT = HOME / "static"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_HTTPONLY = True
DATA_UPLOAD_MAX_MEMORY_SIZE = 64 * 1024
SILENCED_SYSTEM_CHECKS: list[str] = []
