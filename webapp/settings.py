"""Django settings: everything that varies comes from the environment and is listed in docs/deployment.md."""

import shlex
import sys
from pathlib import Path

import dj_database_url

from webapp.common import environment as env

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = Path(env.text("FERMIFORGE_VAR", str(BASE_DIR / "var"))).resolve()
RUNS_DIR = VAR_DIR / "runs"

# The embedded mode serves one person on one machine, who is signed in without a password from loopback.
EMBEDDED = env.flag("FERMIFORGE_EMBEDDED")
DEBUG = env.flag("DEBUG")
DATABASE_URL = env.text("DATABASE_URL", "")
REDIS_URL = env.redis_url()
SECRET_KEY = env.secret_key(VAR_DIR, required=bool(DATABASE_URL) and not (EMBEDDED or DEBUG))

# --- the engine ------------------------------------------------------------------------------------------
ENGINE_COMMAND = shlex.split(env.text("FERMIFORGE_ENGINE_COMMAND", shlex.join([sys.executable, "-m", "engine"])))
CHECK_TIMEOUT_S = env.integer("FERMIFORGE_CHECK_TIMEOUT_S", 600)
CHECK_MEMORY_BYTES = env.integer("FERMIFORGE_CHECK_MEMORY_BYTES", 8 * 2**30)

# --- limits ----------------------------------------------------------------------------------------------
UPLOAD_MAX_BYTES = env.integer("FERMIFORGE_UPLOAD_MAX_BYTES", 2 * 2**30)
WORKSPACE_MAX_BYTES = env.integer("FERMIFORGE_WORKSPACE_MAX_BYTES", 20 * 2**30)

# --- who may reach the site ------------------------------------------------------------------------------
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]")
CSRF_TRUSTED_ORIGINS = env.words("CSRF_TRUSTED_ORIGINS")
CSRF_FAILURE_VIEW = "webapp.common.pages.csrf_failure"
HTTPS = env.flag("HTTPS", default=not (EMBEDDED or DEBUG))
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if env.flag("BEHIND_PROXY") else None
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

# --- applications ----------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "channels",
    "webapp.common",
    "webapp.accounts",
    "webapp.datasets",
    "webapp.prototypes",
    "webapp.runs",
    "webapp.gallery",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "webapp.common.middleware.content_security_policy",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "webapp.accounts.middleware.embedded_sign_in",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "webapp.urls"
ASGI_APPLICATION = "webapp.asgi.application"
AUTH_USER_MODEL = "accounts.User"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
LOGIN_URL = "/sign-in"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_TZ = True

# --- database --------------------------------------------------------------------------------------------
if DATABASE_URL:
    DATABASES = {"default": dj_database_url.parse(DATABASE_URL)}
else:
    DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": str(VAR_DIR / "db.sqlite3")}}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # A write lock taken at BEGIN waits its turn; one taken midway fails at once with "database is locked".
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    }

# --- files -----------------------------------------------------------------------------------------------
MEDIA_ROOT = VAR_DIR / "media"
FILE_UPLOAD_TEMP_DIR = VAR_DIR / "incoming"  # beside the media, so that storing an upload only renames it
FILE_UPLOAD_TEMP_DIR.mkdir(parents=True, exist_ok=True)
FRONTEND_DIST = BASE_DIR / "frontend" / "dist"
STATIC_URL = "/static/"
# No STATIC_ROOT: WhiteNoise serves the files from where they lie, so there is no collectstatic step.
STATICFILES_DIRS = [FRONTEND_DIST] if FRONTEND_DIST.is_dir() else []
WHITENOISE_USE_FINDERS = True
WHITENOISE_ALLOW_ALL_ORIGINS = False
WHITENOISE_IMMUTABLE_FILE_TEST = r"^/static/assets/.+-[\w-]{8}\.\w+$"  # how Vite names what it hashes
WHITENOISE_AUTOREFRESH = DEBUG
S3_BUCKET = env.text("S3_BUCKET", "")  # credentials and region come from the AWS_* variables
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"}
    if not S3_BUCKET
    else {
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": {
            "bucket_name": S3_BUCKET,
            "endpoint_url": env.text("S3_ENDPOINT_URL", "") or None,
            "file_overwrite": False,
            "default_acl": None,
        },
    },
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}

# --- messages between processes --------------------------------------------------------------------------
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [REDIS_URL]},
    }
}

# --- REST ------------------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "webapp.accounts.authentication.BearerAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["webapp.common.permissions.IsEditorOrReadOnly"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PAGINATION_CLASS": "webapp.common.pagination.Cursor",
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_SCHEMA_CLASS": "webapp.common.schema.Schema",
    "DEFAULT_THROTTLE_RATES": {"sign_in": "20/min"},
    "EXCEPTION_HANDLER": "webapp.common.handler.problem_response",
    "URL_FORMAT_OVERRIDE": None,  # ?format= names a network's file format here, not a renderer
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "FermiForge",
    "DESCRIPTION": "Turns a prototype, a dataset and requirements into a generator of small networks.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_NAME_OVERRIDES": {
        "RunState": "webapp.runs.states.State",
        "Availability": "webapp.runs.models.Availability",
        "NetworkState": "webapp.gallery.models.NetworkState",
        "CheckState": "webapp.common.uploads.CheckState",
    },
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
}

# --- logs ------------------------------------------------------------------------------------------------
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": env.text("LOG_LEVEL", "INFO")},
}
