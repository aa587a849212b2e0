"""Django's settings, all from the environment; docs/reference.md lists every variable."""

import os
from pathlib import Path
from typing import Final

from django.utils.functional import SimpleLazyObject

from jusha.config.mail import read_mail
from jusha.config.modes import Mode, ModeRefusedError, mode_word, read_mode, simulator_allowed
from jusha.config.postgres import django_database
from jusha.people.vault import load
from jusha.web.shed_rules import Limits, thresholds

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

LOG_NAMED: Final = (JUSHA_MODE_FACTS.log if JUSHA_MODE_FACTS else "") or "sandbox.jusha.local/log"
JUSHA_LOG_ORIGIN: Final = os.environ.get("JUSHA_LOG_ORIGIN", LOG_NAMED)
JUSHA_LOG_DIR: Final = HOME / "log"
JUSHA_WEB_PORT: Final = int(os.environ.get("JUSHA_WEB_PORT", "8000"))
JUSHA_DOOR_PORT: Final = int(os.environ.get("JUSHA_DOOR_PORT", "8001"))
JUSHA_CASHIER_PORT: Final = int(os.environ.get("JUSHA_CASHIER_PORT", "8002"))
JUSHA_WITNESS_PORT: Final = int(os.environ.get("JUSHA_WITNESS_PORT", JUSHA_WEB_PORT + 3))
JUSHA_SITE: Final = os.environ.get("JUSHA_SITE", f"http://localhost:{JUSHA_WEB_PORT}").rstrip("/")
"""Where people reach the pages; letters lead there."""
JUSHA_WECHAT_PORT: Final = int(os.environ.get("JUSHA_WECHAT_PORT", JUSHA_WEB_PORT + 4))
JUSHA_ALIPAY_PORT: Final = int(os.environ.get("JUSHA_ALIPAY_PORT", JUSHA_WEB_PORT + 5))
"""The simulated gateways of the sandbox."""
JUSHA_RECEIPTS_PORT: Final = int(os.environ.get("JUSHA_RECEIPTS_PORT", JUSHA_WEB_PORT + 6))
"""The simulated issuer of e-receipts."""
JUSHA_METRICS_PORT: Final = int(os.environ.get("JUSHA_METRICS_PORT", JUSHA_WEB_PORT + 1460))
"""Figures for Prometheus, on this machine only: this port and the next nine; 0 serves none."""
JUSHA_UPLOADS: Final = os.environ.get("JUSHA_UPLOADS", "")
"""The folder of files that people hand in; empty: `uploads` in the home."""
JUSHA_EXPIRY_DAYS: Final = tuple(
    int(each) for each in os.environ.get("JUSHA_EXPIRY_DAYS", "60,30,7,0").split(",")
)
"""How many days before a certificate ends its charity is told."""
JUSHA_HOST: Final = os.environ.get("JUSHA_HOST", "127.0.0.1")
JUSHA_PROXY_HOPS: Final = int(os.environ.get("JUSHA_PROXY_HOPS", "0"))
"""How many of our own proxies stand before the pages, each adding to X-Forwarded-For."""
JUSHA_WEBHOOK_HOSTS: Final = frozenset(
    filter(None, os.environ.get("JUSHA_WEBHOOK_HOSTS", "").split(","))
)
"""Hosts that webhooks may go to; empty: every public one."""
JUSHA_SHED: Final = Limits(
    settling_s=thresholds(os.environ.get("JUSHA_SHED_SETTLING_S", "5,10,20,40,80")),
    door_waiting=thresholds(os.environ.get("JUSHA_SHED_DOOR", "2000,5000,10000,20000,40000")),
    web_ms=thresholds(os.environ.get("JUSHA_SHED_WEB_MS", "250,500,1000,2000,4000")),
)
"""From which load on what is let go (web/shed_rules.py)."""
JUSHA_ORDERS_A_SECOND: Final = int(os.environ.get("JUSHA_ORDERS_A_SECOND", "60"))
"""Orders that donors may place a second; who comes beyond waits in line (web/waiting.py)."""
JUSHA_STREAM: Final = os.environ.get("JUSHA_STREAM", "").rstrip("/")
"""Where browsers reach the door for the big screen; empty: this host, the door's port."""
JUSHA_DB_ROLE: Final = os.environ.get("JUSHA_DB_ROLE", "owner")

DEBUG: Final = os.environ.get("JUSHA_DEBUG") == "1"
ALLOWED_HOSTS: Final = os.environ.get("JUSHA_ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]").split(",")

JUSHA_HTTPS: Final = (
    os.environ.get("JUSHA_HTTPS", "1" if JUSHA_MODE in {"own-site", "designated"} else "0") == "1"
)
"""Whether browsers reach the pages by HTTPS alone: then no cookie leaves it."""

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "django_linear_migrations",
    "jusha",
    "jusha.web",
    "django.contrib.admin.apps.SimpleAdminConfig",
    "allauth",
    "allauth.account",
    "allauth.mfa",
]
MIDDLEWARE = [
    "jusha.web.metrics.Measured",
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "jusha.web.plain.PlainText",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "allauth.account.middleware.AccountMiddleware",
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
# The admin only reads (web/office), so it needs no messages, and pages no context of its own.
SILENCED_SYSTEM_CHECKS = ["admin.E402", "admin.E404", "admin.E406", "admin.E409"]
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
DATA_UPLOAD_MAX_NUMBER_FILES = 20
FILE_UPLOAD_HANDLERS = [
    "jusha.uploads.handler.Capped",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]

# Accounts (docs/design/0013-accounts.md). Pages that nobody signs in to never ask for a session.
SECRET_KEY = SimpleLazyObject(lambda: load(HOME, "pages").hex())
AUTH_USER_MODEL = "jusha.UserAccount"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "mine"
SESSION_COOKIE_AGE = 30 * 86_400
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = JUSHA_HTTPS
SESSION_COOKIE_NAME = "__Host-jusha_session" if JUSHA_HTTPS else "jusha_session"
CSRF_COOKIE_NAME = "__Host-jusha_csrf" if JUSHA_HTTPS else "csrftoken"
SECURE_HSTS_SECONDS = 365 * 86_400 if JUSHA_HTTPS else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if JUSHA_HTTPS else None
ALLAUTH_TRUSTED_PROXY_COUNT = JUSHA_PROXY_HOPS
ACCOUNT_ADAPTER = "jusha.web.accounts.sign_in.Adapter"
ACCOUNT_FORMS = {"request_login_code": "jusha.web.accounts.sign_in.RequestCodeForm"}
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_USER_MODEL_EMAIL_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*"]
ACCOUNT_LOGIN_BY_CODE_ENABLED = True
ACCOUNT_LOGIN_BY_CODE_TIMEOUT = 600
ACCOUNT_LOGIN_BY_CODE_MAX_ATTEMPTS = 3
ACCOUNT_LOGIN_BY_CODE_SUPPORTS_RESEND = True
ACCOUNT_RATE_LIMITS = {
    "request_login_code": "10/m/ip,60/h/ip,3/m/key,10/h/key",
    "login_failed": "10/m/ip,5/300s/key",
}
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_REAUTHENTICATION_TIMEOUT = 600
MFA_ADAPTER = "jusha.web.accounts.second_factor.Adapter"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_RECOVERY_CODES_SHOW_ONCE = True

MAIL: Final = read_mail(os.environ, home=HOME, sandbox=JUSHA_SIMULATOR)
DEFAULT_FROM_EMAIL = SERVER_EMAIL = os.environ.get("JUSHA_MAIL_FROM", "jusha@localhost")
EMAIL_BACKEND, EMAIL_FILE_PATH, EMAIL_TIMEOUT = MAIL.backend, MAIL.folder, MAIL.timeout_s
EMAIL_HOST, EMAIL_PORT = MAIL.host, MAIL.port
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = MAIL.user, MAIL.password
EMAIL_USE_TLS, EMAIL_USE_SSL = MAIL.starttls, MAIL.tls
