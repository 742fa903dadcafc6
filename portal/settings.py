"""Every setting of the portal, each with a default that is safe. docs/settings.md says what an operator sets.

A value comes from the environment, or from the ``stack.json`` that ``./run`` keeps in its folder, in this order. What a
production may not be is told by ``portal.operating.fitness``.
"""

import os
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import csp.constants as csp_words
from django.core.exceptions import ImproperlyConfigured

from portal import config
from portal.operating import keys, providers

BASE_DIR = Path(__file__).resolve().parent.parent
PORTAL_VAR = Path(os.environ.get("PORTAL_VAR") or BASE_DIR / "var").resolve()
STACK = config.read_stack(PORTAL_VAR)

DEBUG = config.flag("PORTAL_DEBUG", False)
PORTAL_TESTING = config.flag("PORTAL_TESTING", False)
PORTAL_DEMO = config.flag("PORTAL_DEMO", bool(STACK.get("demo", False)))
# Whether the operator asked for the demonstration, and did not get it with the embedded database.
PORTAL_DEMO_ASKED = config.flag("PORTAL_DEMO", bool(STACK.get("demo_asked", False)))
_TRYING = DEBUG or PORTAL_TESTING or PORTAL_DEMO

# A clock that can be moved would let somebody open a window early, so nothing outside demo and tests has one.
PORTAL_CLOCK_MOVABLE = config.flag("PORTAL_CLOCK_MOVABLE", PORTAL_DEMO or PORTAL_TESTING)
if PORTAL_CLOCK_MOVABLE and not _TRYING:
    raise ImproperlyConfigured("PORTAL_CLOCK_MOVABLE is for demonstrations and tests only.")


# --- Secrets ------------------------------------------------------------------------------------------------------------
def _given(name: str, stack: Mapping[str, Any] = STACK) -> str:
    try:
        return keys.value(name, stack)
    except OSError as error:
        raise ImproperlyConfigured(f"The file that {name}_FILE names cannot be read: {error}") from error


def _secret(name: str) -> str:
    if value := _given(name):
        return value
    if DEBUG or PORTAL_TESTING:
        return keys.BY_VARIABLE[name].trial
    raise ImproperlyConfigured(f"Set {name}: the portal does not start with a secret that others know.")


SECRET_KEY = _secret("PORTAL_SECRET_KEY")
# Signed nothing new, and still believed: so that a new key ends no session.
SECRET_KEY_FALLBACKS = [key for key in _given("PORTAL_SECRET_KEY_FALLBACKS").split(",") if key]
PORTAL_LEDGER_KEY = _secret("PORTAL_LEDGER_KEY")
# Ed25519 keys of the ledger's tree heads, newest first: the first signs, the second hands over to it.
PORTAL_LEDGER_SIGNING_KEYS = config.signing_keys(_secret("PORTAL_LEDGER_SIGNING_KEYS"))
# Fernet keys, newest first: the first seals, all of them open.
PORTAL_INSTRUCTIONS_KEYS = _secret("PORTAL_INSTRUCTIONS_KEYS").split(",")

# What a program that reads /metrics brings; without one there is no such address.
PORTAL_METRICS_TOKEN = _given("PORTAL_METRICS_TOKEN")

# --- Address --------------------------------------------------------------------------------------------------------------
PORTAL_BASE_URL = (
    os.environ.get("PORTAL_BASE_URL") or STACK.get("base_url") or "http://localhost:8000"
).rstrip("/")
_BASE = urlsplit(PORTAL_BASE_URL)
_SECURE = _BASE.scheme == "https"
_LOCAL = _BASE.hostname in config.LOCAL_HOSTS
ALLOWED_HOSTS = [_BASE.hostname or "localhost", *config.words("PORTAL_ALLOWED_HOSTS")]
# Whether others than this machine reach the portal; then it is production, but for a demonstration that was asked for.
PORTAL_PUBLIC = not config.is_local(PORTAL_BASE_URL, config.words("PORTAL_ALLOWED_HOSTS"))
PORTAL_PRODUCTION = PORTAL_PUBLIC and not PORTAL_DEMO_ASKED
if _LOCAL:
    ALLOWED_HOSTS += ["localhost", "127.0.0.1", "[::1]"]
CSRF_TRUSTED_ORIGINS = [PORTAL_BASE_URL]

ROOT_URLCONF = "portal.urls"
WSGI_APPLICATION = "portal.wsgi.application"
APPEND_SLASH = True

# --- Rooms ----------------------------------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "portal.ledger",
    "portal.programme",
    "portal.accounts",
    "portal.deadlines",
    "portal.submissions",
    "reviews",
    "partners",
    "portal.site",
    "django.contrib.admin.apps.SimpleAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.contrib.postgres",
    "django.forms",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.usersessions",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "knox",
    "pgtrigger",
    "django_htmx",
    "csp",
]

MIDDLEWARE = [
    # First what puts headers on every answer, whoever makes it: refusals, static files and the 503 below.
    "portal.headers.HeadersMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "portal.gate.GateMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    # Nothing above asks the database, and all below may: a dead one is a 503 whichever layer noticed.
    "portal.health.DatabaseDownMiddleware",
    "portal.work.WorkMiddleware",
    "portal.clock.ClockMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "portal.scope.ScopeMiddleware",
    # Around all that refuses, once it is known who asks.
    "portal.sightings.SightingsMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "portal.accounts.middleware.WriteLimitMiddleware",
    "portal.accounts.middleware.SessionLimitMiddleware",
    "portal.accounts.middleware.ComeBackMiddleware",
    "portal.accounts.middleware.ReaderZoneMiddleware",
    "portal.accounts.middleware.SecondFactorMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]

FORM_RENDERER = "django.forms.renderers.TemplatesSetting"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
                "portal.site.context.portal",
            ],
        },
    },
]

# --- Database -------------------------------------------------------------------------------------------------------------
_APP_URL = _given("DATABASE_URL")
_OWNER_URL = _given("DATABASE_OWNER_URL", {}) or _given("DATABASE_URL", {}) or _given("DATABASE_OWNER_URL")
if not _APP_URL:
    # Enough for commands that never connect; a connection attempt says what is missing.
    _APP_URL = _OWNER_URL = "postgresql://portal_app@127.0.0.1:5432/portal"


# How PostgreSQL plans what the portal asks. PgBouncer refuses such options; there they are the role's (ALTER ROLE ... SET).
_PLANNING = {
    # A list joins six tables and more by their keys. Trying every order of them takes longer than the query itself, and Django
    # writes them in a good one.
    "join_collapse_limit": 4,
    # Indexes lie in memory or on disks without moving parts: reading here and there costs as much as reading on.
    "random_page_cost": 1.1,
    # Many people ask small questions at once; starting helpers for one of them costs the others.
    "max_parallel_workers_per_gather": 0,
}


PORTAL_PGBOUNCER = config.flag("PORTAL_PGBOUNCER", False)


def _connection(url: str, *, pooled: bool) -> dict:
    settings = config.database(url)
    settings["OPTIONS"].setdefault("connect_timeout", "3")
    if not PORTAL_PGBOUNCER:
        settings["OPTIONS"].setdefault(
            "options", " ".join(f"-c {name}={value}" for name, value in _PLANNING.items())
        )
        # Statements may keep their plans: those that say so (portal/db).
        settings["OPTIONS"].setdefault("prepare_threshold", 1)
    if pooled:
        # Waiting longer than this for a connection is a 503, not a page that hangs.
        settings["OPTIONS"]["pool"] = {
            "min_size": 1,
            "max_size": config.number("PORTAL_DB_POOL_SIZE", 8),
            "timeout": 3,
        }
    return settings | {
        "ATOMIC_REQUESTS": True,
        "CONN_MAX_AGE": 0 if pooled else 60,
        "CONN_HEALTH_CHECKS": True,
        # PgBouncer in transaction mode knows no cursor that outlives its transaction.
        "DISABLE_SERVER_SIDE_CURSORS": PORTAL_PGBOUNCER,
    }


# The pool is for threaded web processes; PgBouncer's users switch it off.
_POOLED = config.flag("PORTAL_DB_POOL", False)
PORTAL_DB_ROLE = os.environ.get("PORTAL_DB_ROLE", "app")
OWNER_DATABASE = _connection(_OWNER_URL, pooled=False)
DATABASES = {
    "default": OWNER_DATABASE if PORTAL_DB_ROLE == "owner" else _connection(_APP_URL, pooled=_POOLED)
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Broker, cache, tasks -------------------------------------------------------------------------------------------------
REDIS_URL = _given("REDIS_URL") or "redis://127.0.0.1:6379/0"
CACHES = {
    "default": {
        "BACKEND": "portal.cache.TolerantRedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "portal",
        # Another number where values are written in another way, so that none of the old ones is read.
        "VERSION": 2,
        "OPTIONS": {
            "serializer": "portal.cache.JsonSerializer",
            "socket_connect_timeout": 0.3,
            "socket_timeout": 0.5,
            "retry": None,
        },
    }
}

CELERY_BROKER_URL = REDIS_URL
# A queue per kind of work, so that a long one delays no reminder. A worker that is told no queue serves them all.
#   mail     planning reminders, sending messages
#   scans    asking the malware scanner
#   exports  what may take minutes: removing stored files today, and any archive or export that is ever made by a task
#   celery   the rest: recording what the clock did, seals
PORTAL_QUEUES = ("mail", "scans", "exports", "celery")
CELERY_TASK_QUEUES = {name: {"exchange": name, "routing_key": name} for name in PORTAL_QUEUES}
CELERY_TASK_DEFAULT_QUEUE = "celery"
CELERY_TASK_SERIALIZER = "json"
CELERY_RESULT_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
# What must be sent is a row: publishing only wakes the worker early, so it gives up at once rather than hold a page.
CELERY_TASK_PUBLISH_RETRY = False
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 3600,
    "socket_connect_timeout": 0.5,
    "socket_timeout": 5,
    "max_retries": 0,
}
CELERY_TIMEZONE = "UTC"


def _every(task: str, seconds: float) -> dict:
    # Two rounds late is too late: the next round does the same work, so nothing is gained by a queue of old ones.
    return {"task": task, "schedule": seconds, "options": {"expires": 2 * seconds}}


def _pulse(queue: str) -> dict:
    pulse = _every("portal.deadlines.tasks.pulse", 10)
    return pulse | {"args": [queue], "options": pulse["options"] | {"queue": queue}}


PORTAL_TICK_SECONDS = config.number("PORTAL_TICK_SECONDS", 5)
CELERY_BEAT_SCHEDULE = {
    "tick": _every("portal.deadlines.tasks.tick", PORTAL_TICK_SECONDS),
    "settle": _every("portal.deadlines.tasks.settle", 60),
    "deliver": _every("portal.deadlines.tasks.deliver", PORTAL_TICK_SECONDS),
    # Asked every minute, made once a day: so a beat that slept at the hour, or a zone that changed its clock, loses no day.
    "digest": _every("portal.deadlines.tasks.digest", 60),
    "clock": _every("portal.submissions.tasks.record_clock", 3 * PORTAL_TICK_SECONDS),
    "grants_clock": _every("partners.tasks.record_clock", 3 * PORTAL_TICK_SECONDS),
    "findings_staff": _every("partners.tasks.follow_findings", 3600),
    "assignments_clock": _every("reviews.tasks.record_clock", 3 * PORTAL_TICK_SECONDS),
    "readings": _every("portal.submissions.tasks.note_readings", 900),
    "seal": _every("portal.ledger.tasks.seal", 60),
    "orphans": _every("portal.submissions.tasks.remove_orphans", 3600),
    "disposed": _every("portal.submissions.tasks.remove_disposed", 60),
    "scan": _every("portal.submissions.tasks.scan_waiting", 15),
    "heartbeat": _every("portal.deadlines.tasks.heartbeat", 10),
    **{f"pulse_{queue}": _pulse(queue) for queue in PORTAL_QUEUES},
}
# A second worker on the same machine needs no lock: every job may run beside itself.
CELERY_BEAT_MAX_LOOP_INTERVAL = 5

# --- Time and language ------------------------------------------------------------------------------------------------------
TIME_ZONE = "UTC"
USE_TZ = True
LANGUAGE_CODE = "en-us"
USE_I18N = True
FORMAT_MODULE_PATH = "portal.formats"
PORTAL_CALENDAR_ZONE = os.environ.get("PORTAL_CALENDAR_ZONE", "America/New_York")

# --- Files ------------------------------------------------------------------------------------------------------------------
STATIC_URL = "/static/"
STATIC_ROOT = PORTAL_VAR / "static"
# build/static holds the parts of npm packages that pages use; ./run and ./test make it from the lock file.
STATICFILES_DIRS = [path for path in (BASE_DIR / "static", BASE_DIR / "build" / "static") if path.is_dir()]
_PLAIN_STATIC = DEBUG or PORTAL_TESTING
STORAGES = {
    "default": config.storage(_given("STORAGE_URL"), PORTAL_VAR / "files"),
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if _PLAIN_STATIC
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = _PLAIN_STATIC
WHITENOISE_KEEP_ONLY_HASHED_FILES = True
# A name that a page asks for and no package brings shows unstyled; it does not fail the page.
WHITENOISE_MANIFEST_STRICT = False

PORTAL_MAX_UPLOAD_BYTES = config.number("PORTAL_MAX_UPLOAD_BYTES", 512 * 1024 * 1024)
# Where a file lies that comes in piece by piece, and how much of such files one person may have unfinished.
PORTAL_UNFINISHED_DIR = Path(os.environ.get("PORTAL_UNFINISHED_DIR") or PORTAL_VAR / "unfinished")
PORTAL_MAX_UNFINISHED_BYTES = config.number("PORTAL_MAX_UNFINISHED_BYTES", 2 * 1024**3)
# clamd, where one is there to be asked about malware in uploaded files; empty for none.
CLAMD_URL = config.clamd(os.environ.get("CLAMD_URL", ""))
# A larger PDF is given to its readers without their names on it.
PORTAL_WATERMARK_MAX_BYTES = config.number("PORTAL_WATERMARK_MAX_BYTES", 64 * 1024 * 1024)
# Uploads never pass through memory whole.
FILE_UPLOAD_HANDLERS = ["portal.uploads.UploadHandler"]
FILE_UPLOAD_TEMP_DIR = os.environ.get("PORTAL_UPLOAD_TEMP_DIR") or None
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2000
DATA_UPLOAD_MAX_NUMBER_FILES = 20

# --- Mail -------------------------------------------------------------------------------------------------------------------
PORTAL_MAIL_DIR = Path(os.environ.get("PORTAL_MAIL_DIR") or PORTAL_VAR / "mail")
EMAIL_BACKEND = "portal.mail.FolderBackend"
if _email_url := _given("EMAIL_URL"):
    globals().update(config.email(_email_url))
DEFAULT_FROM_EMAIL = os.environ.get("PORTAL_MAIL_FROM", "portal@localhost.localdomain")
SERVER_EMAIL = DEFAULT_FROM_EMAIL
# How long a worker holds the mails it has taken before another takes them over; a reply of the mail server is awaited for an
# eighth of that, so that one slow mail never outlasts it.
PORTAL_MAIL_LEASE_SECONDS = config.number("PORTAL_MAIL_LEASE_SECONDS", 120)
EMAIL_TIMEOUT = max(1, PORTAL_MAIL_LEASE_SECONDS // 8)
# How many mails go to the mailboxes of one domain in a minute; 0 for no limit.
PORTAL_MAIL_DOMAIN_PER_MINUTE = config.number("PORTAL_MAIL_DOMAIN_PER_MINUTE", 600)
# The right-hand side of each Message-ID, stable so that a message sent twice is recognised as one.
PORTAL_MAIL_DOMAIN = os.environ.get("PORTAL_MAIL_DOMAIN") or DEFAULT_FROM_EMAIL.rpartition("@")[2]

# --- Browser ----------------------------------------------------------------------------------------------------------------
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [csp_words.SELF],
        "script-src": [csp_words.SELF, csp_words.NONCE],
        "style-src": [csp_words.SELF],
        "img-src": [csp_words.SELF, "data:"],
        "frame-ancestors": [csp_words.NONE],
        "form-action": [csp_words.SELF],
        "base-uri": [csp_words.NONE],
        "object-src": [csp_words.NONE],
    },
}
X_FRAME_OPTIONS = "DENY"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_SSL_REDIRECT = _SECURE
# What programs ask for is not sent on from http (``portal.gate``): they would never learn that they send their secrets in clear.
SECURE_REDIRECT_EXEMPT = [r"^health/", r"^api/(?!docs/$)", r"^metrics$", r"^calendar/"]
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if _SECURE else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = _SECURE
_BEHIND_PROXY = config.flag("PORTAL_BEHIND_PROXY", False)
if _BEHIND_PROXY:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    ALLAUTH_TRUSTED_PROXY_COUNT = 1
SESSION_ENGINE = "portal.sessions"
# NIST SP 800-63B-4 at AAL2: sign in anew after an hour without a request, and at least once a day.
PORTAL_SESSION_IDLE_MINUTES = config.number("PORTAL_SESSION_IDLE_MINUTES", 60)
PORTAL_SESSION_HOURS = config.number("PORTAL_SESSION_HOURS", 12)
SESSION_COOKIE_AGE = PORTAL_SESSION_HOURS * 3600
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = _SECURE
# Bound to this very host and to https by their names: no other host of the domain can set them. Browsers refuse such names
# over http, so there the usual ones stay.
_HOST_ONLY = "__Host-" if _SECURE else ""
SESSION_COOKIE_NAME = f"{_HOST_ONLY}sessionid"
CSRF_FAILURE_VIEW = "portal.site.views.csrf_failure"
CSRF_COOKIE_SECURE = _SECURE
CSRF_COOKIE_NAME = f"{_HOST_ONLY}csrftoken"
# Forms and scripts have the secret from the page itself.
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
# By which sign-in knows a browser (portal/accounts/attempts.py).
PORTAL_DEVICE_COOKIE_NAME = f"{_HOST_ONLY}portal_device"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

# --- Sign-in ----------------------------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["portal.accounts.backends.Backend"]
SILENCED_SYSTEM_CHECKS = [
    # Addresses are unique in lower case, by a constraint that this check cannot read.
    "auth.W004",
    # Browsers' preload lists take a whole domain for good: that is for its owner to ask for, not for one portal in it.
    "security.W021",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "portal.accounts.passwords.NoWordOfTheField"},
]
if PORTAL_TESTING:
    PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "portal.accounts.adapter.AccountAdapter"
ACCOUNT_FORMS = {
    "login": "portal.accounts.sign_in_forms.LoginForm",
    "reset_password": "portal.accounts.sign_in_forms.ResetPasswordForm",
    "reset_password_from_key": "portal.accounts.sign_in_forms.ResetPasswordKeyForm",
    "change_password": "portal.accounts.sign_in_forms.ChangePasswordForm",
    "set_password": "portal.accounts.sign_in_forms.SetPasswordForm",
    "reauthenticate": "portal.accounts.sign_in_forms.ReauthenticateForm",
}
MFA_ADAPTER = "portal.accounts.adapter.MFAAdapter"
MFA_FORMS = {
    "authenticate": "portal.accounts.sign_in_forms.AuthenticateForm",
    "reauthenticate": "portal.accounts.sign_in_forms.ReauthenticateCodeForm",
    "authenticate_webauthn": "portal.accounts.sign_in_forms.AuthenticateWebAuthnForm",
    "login_webauthn": "portal.accounts.sign_in_forms.LoginWebAuthnForm",
    "reauthenticate_webauthn": "portal.accounts.sign_in_forms.ReauthenticateWebAuthnForm",
    "activate_totp": "portal.accounts.sign_in_forms.ActivateTOTPForm",
    "add_webauthn": "portal.accounts.sign_in_forms.AddWebAuthnForm",
}
# An unknown address gets no mail: the page says the same words either way.
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
# An invitation's link proves the address; nobody signs up unasked.
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False
ACCOUNT_DEFAULT_HTTP_PROTOCOL = _BASE.scheme or "https"
# A demonstration's many people share one address, and programs try it out; what is counted per account stays.
_WIDER = 20 if _TRYING else 1
# Wrong passwords and codes are counted by portal/accounts/attempts.py (docs/adr/0025), how often the form is sent by allauth.
ACCOUNT_RATE_LIMITS = {"login": f"{30 * _WIDER}/m/ip", "login_failed": None}
PORTAL_SIGN_IN_FAILURES = config.number("PORTAL_SIGN_IN_FAILURES", 5)
PORTAL_SIGN_IN_FAILURES_OF_AN_ACCOUNT = config.number("PORTAL_SIGN_IN_FAILURES_OF_AN_ACCOUNT", 20)
PORTAL_SIGN_IN_FAILURES_OF_AN_ADDRESS = config.number("PORTAL_SIGN_IN_FAILURES_OF_AN_ADDRESS", 50 * _WIDER)
# Organisations' own sign-in (docs/adr/0027); none unless the operator names one.
try:
    PORTAL_SIGN_IN_PROVIDERS = providers.read(_given("PORTAL_SIGN_IN_PROVIDERS"))
except ValueError as error:
    raise ImproperlyConfigured(str(error)) from error
SOCIALACCOUNT_ADAPTER = "portal.accounts.providers.adapter.SocialAccountAdapter"
SOCIALACCOUNT_ONLY = False
# A page that waits for a provider waits this many seconds for each of its answers.
SOCIALACCOUNT_REQUESTS_TIMEOUT = 5
# How long the answer takes to who says that they lost their password, whether or not there is such an account.
PORTAL_LOST_PASSWORD_SECONDS = 0.0 if PORTAL_TESTING else 0.5
# How long a second factor counts as just used, where the portal asks for one again before it reveals, gives or records.
PORTAL_STEP_UP_MINUTES = config.number("PORTAL_STEP_UP_MINUTES", 10)
# People of agencies, and superusers, sign in with a passkey: a code can be given to a false website.
PORTAL_AGENCY_PASSKEYS = config.flag("PORTAL_AGENCY_PASSKEYS", not _TRYING)
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes", "webauthn"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_PASSKEY_SIGNUP_ENABLED = False
MFA_ALLOW_UNVERIFIED_EMAIL = True
MFA_TOTP_ISSUER = "Early Access Portal"
MFA_TOTP_TOLERANCE = 1
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = _LOCAL and not _SECURE
USERSESSIONS_TRACK_ACTIVITY = False

# --- API --------------------------------------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "portal.api.authentication.BearerAuthentication",
        "portal.api.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": [
        "rest_framework.permissions.IsAuthenticated",
        "portal.api.permissions.WithinScope",
        "portal.api.permissions.Confirmed",
    ],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": [
        "portal.api.parsers.JSONParser",
        "rest_framework.parsers.FormParser",
        "rest_framework.parsers.MultiPartParser",
    ],
    "DEFAULT_THROTTLE_CLASSES": ["portal.api.throttling.WriteThrottle"],
    "DEFAULT_METADATA_CLASS": None,
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_PAGINATION_CLASS": "portal.api.pagination.PagePagination",
    "DEFAULT_SCHEMA_CLASS": "portal.api.schema.PortalSchema",
    "EXCEPTION_HANDLER": "portal.api.problem.handler",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
PORTAL_API_WRITES_PER_MINUTE = config.number("PORTAL_API_WRITES_PER_MINUTE", 600)
PORTAL_API_FAILURES_OF_AN_ADDRESS = config.number("PORTAL_API_FAILURES_OF_AN_ADDRESS", 60 * _WIDER)
# Writes by pages: per person, and of who is not signed in per address.
PORTAL_WRITES_PER_MINUTE = config.number("PORTAL_WRITES_PER_MINUTE", 300 * _WIDER)
PORTAL_WRITES_PER_MINUTE_OF_AN_ADDRESS = config.number("PORTAL_WRITES_PER_MINUTE_OF_AN_ADDRESS", 120 * _WIDER)
KNOX_TOKEN_MODEL = "accounts.ApiToken"  # noqa: S105 (a model, no secret)
REST_KNOX = {
    "SECURE_HASH_ALGORITHM": "hashlib.sha512",
    "TOKEN_TTL": timedelta(days=90),
    "AUTH_HEADER_PREFIX": "Bearer",
    "AUTO_REFRESH": False,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Early access portal",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "portal.api.schema.problems",
    ],
    "ENUM_NAME_OVERRIDES": {
        "SubmissionState": "portal.submissions.states.State",
        "QuestionState": "portal.submissions.states.RequestState",
        "DisclosureState": "portal.submissions.states.DisclosureState",
        "Tlp": "portal.submissions.models.Document.Tlp",
        "DocumentKind": "portal.submissions.models.Document.DocumentKind",
        "EventKind": "portal.ledger.models.Event.Kind",
        "SightStatus": "portal.submissions.api.sight.STATUSES",
        "DeadlineState": "portal.submissions.api.deadlines.STATES",
        "AssignmentState": "reviews.states.AssignmentState",
        "AssessmentState": "reviews.states.AssessmentState",
        "RetestOutcome": "reviews.models.Retest.Outcome",
        "OutcomeEnum": "reviews.models.Designation.Outcome",
        "InquiryState": "reviews.states.InquiryState",
        "DesignationState": "reviews.states.DesignationState",
        "MatchingRunState": "reviews.states.RunState",
        "DomainEnum": "reviews.models.Domain",
        "PartnerState": "partners.states.PartnerState",
        "GrantState": "partners.states.State",
        "GrantSide": "partners.models.grants.Side",
        "FindingState": "partners.findings_states.FindingState",
        "FindingKind": "partners.models.Finding.What",
    },
}

# --- The programme ----------------------------------------------------------------------------------------------------------
PORTAL_PROGRAMME_NAME = os.environ.get(
    "PORTAL_PROGRAMME_NAME", "Voluntary Frontier Model Early Access Programme"
)
# A demonstration names its invented agencies, so that nothing it shows seems to come from real ones.
PORTAL_PROGRAMME_OFFICE = os.environ.get("PORTAL_PROGRAMME_OFFICE", "DSI" if PORTAL_DEMO else "CAISI")
PORTAL_DETERMINING_AUTHORITY = os.environ.get(
    "PORTAL_DETERMINING_AUTHORITY",
    "Director, Demo Signals Directorate" if PORTAL_DEMO else "Director, National Security Agency",
)
# The order's section 3(b): at most 30 days. The database holds it too, so a larger number here changes nothing.
PORTAL_WINDOW_DAYS = 30
PORTAL_TARGETS = {
    "acknowledge_business_days": 2,
    "attest_business_days": 2,
    "seat_days_after_window": 60,
    "information_request_business_days": 3,
    "disclosure_objection_business_days": 10,
    "disclosure_after_objection_business_days": 10,
    "draft_feedback_days": 5,
    "final_feedback_business_days": 5,
    "credentials_withdrawn_hours": 24,
    "destruction_attested_days": 14,
    "concur_business_days": 5,
    "grant_days": 90,
    "partner_report_days": 30,
    "close_out_days": 14,
    "partner_revetting_days": 365,
    "conflict_renewal_days": 180,
    "finding_owner_silent_days": 30,
    "finding_disclosure_days": 90,
    "finding_disclosure_extension_days": 14,
    "finding_exploited_days": 7,
    "finding_exploited_extension_days": 7,
    "break_glass_hours": 4,
    "break_glass_answer_hours": 24,
}

# --- Logs -------------------------------------------------------------------------------------------------------------------
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "portal.logs.JsonFormatter"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["stderr"], "level": os.environ.get("PORTAL_LOG_LEVEL", "INFO")},
    "loggers": {
        "django": {"handlers": [], "level": "INFO", "propagate": True},
        # Attempts on the portal are written whatever else is left out.
        "portal.security": {"level": "WARNING"},
        # Django's own line about a forged form: the portal writes one that says more.
        "django.security.csrf": {"level": "ERROR"},
        # One line a periodic task every few seconds drowns what matters.
        "celery.app.trace": {"level": "WARNING"},
        "celery.worker.strategy": {"level": "WARNING"},
        "celery.beat": {"level": "WARNING"},
    },
}
