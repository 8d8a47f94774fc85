"""Settings of one installation, read from the environment (`manage.py up` sets it for its children)."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from environs import Env

from channels_app.mirror.beat import BEAT, ROUTES

env = Env()

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = Path(env.str("ROOST_DATA", str(BASE_DIR / ".local"))).absolute()

NO_SECRET_KEY = "only-for-commands-that-sign-nothing"
SECRET_KEY = env.str("SECRET_KEY", NO_SECRET_KEY)
DEBUG = False
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", ["*"])
ROOST_URL = env.str("ROOST_URL", "http://127.0.0.1:8000").rstrip("/")
CSRF_TRUSTED_ORIGINS = [ROOST_URL]
CSRF_FAILURE_VIEW = "channels_app.web.asking.forged"
MAIL_DOMAIN = env.str("MAIL_DOMAIN", "roost.localhost")

INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.postgres",
    "channels",
    "ninja",
    "workspace.events",
    "workspace.people",
    "workspace.signin",
    "workspace.operate",
    "channels_app.files",
    "channels_app.chat",
    "channels_app.letters",
    "channels_app.mirror",
    "channels_app.guests",
    "channels_app.live",
    "channels_app.api",
    "channels_app.web",
]

# Every entry costs each request; the hot path of a post is measured with all of them (`manage.py bench post`).
MIDDLEWARE = [
    "channels_app.web.middleware.Security",
    "channels_app.web.middleware.Client",
    "channels_app.web.middleware.Session",
    "channels_app.web.middleware.Csrf",
    "channels_app.web.middleware.ContentSecurityPolicy",
]

ROOT_URLCONF = "workspace.urls"
ASGI_APPLICATION = "workspace.asgi.application"
TEMPLATES: list[dict[str, object]] = []


def _database(url: str) -> dict[str, object]:
    """A Django database from a postgresql:// URL; `?host=` may be a socket directory (RFC 3986, libpq's form)."""
    parts = urlsplit(url)
    query = {k: v[0] for k, v in parse_qs(parts.query).items()}
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")) or "roost",
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": query.pop("host", parts.hostname or ""),
        "PORT": str(parts.port or ""),
        "OPTIONS": {
            "pool": {
                "min_size": 1,
                "max_size": env.int("DATABASE_POOL", 16),
                # Less than the web client waits for a call (`socket.ts`): what it gave up must not be done later.
                "timeout": 4,
                # The pauses between its attempts double; after this it tries anew with the next that asks.
                "reconnect_timeout": 5,
                "max_lifetime": 1800,
            },
            # Only what asks for it is prepared (`workspace.events.statement`).
            "prepare_threshold": 1_000_000,
            # Else the server weighs a prepared statement's plan against those it made when the tables were small, and
            # may plan each post anew for thousands of them. What is not prepared has its parameters in its text.
            "options": "-c plan_cache_mode=force_generic_plan",
            **query,
        },
        "CONN_HEALTH_CHECKS": True,
        "DISABLE_SERVER_SIDE_CURSORS": True,
    }


DATABASES = {"default": _database(env.str("DATABASE_URL", "postgresql://roost@127.0.0.1/roost"))}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env.str("REDIS_URL", "redis://127.0.0.1:6379")
CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}}
CHANNEL_LAYERS = {
    "default": {"BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer", "CONFIG": {"hosts": [REDIS_URL]}},
}

AUTH_USER_MODEL = "signin.Account"
AUTHENTICATION_BACKENDS = ["workspace.signin.backend.SessionBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.ScryptPasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 8}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
SESSION_ENGINE = "workspace.signin.session_store"
SESSION_COOKIE_AGE = 60 * 60 * 24 * 30
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = ROOST_URL.startswith("https:")
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"

SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:", "blob:"],
        "media-src": ["'self'", "blob:"],
        "connect-src": ["'self'", "ws:", "wss:"],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
    },
}

USE_TZ = True
TIME_ZONE = "UTC"
USE_I18N = False
APPEND_SLASH = False

# What people may send.
TEXT_LIMIT = 40_000
UPLOAD_LIMIT = env.int("UPLOAD_LIMIT", 50 * 1024 * 1024)
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 256 * 1024
STORAGE_DIR = Path(env.str("STORAGE_DIR", str(DATA_DIR / "files")))

# The mail server behind the mirror.
IMAP_URL = env.str("IMAP_URL", "")
IMAP_MASTER_USER = env.str("IMAP_MASTER_USER", "")
IMAP_PUBLIC_HOST = env.str("IMAP_PUBLIC_HOST", "")
IMAP_PUBLIC_PORT = env.int("IMAP_PUBLIC_PORT", 0)
IMAP_PUBLIC_SECURITY = env.str("IMAP_PUBLIC_SECURITY", "none")
IMAP_BELL = env.str("IMAP_BELL", "")
IMAP_BELL_URL = env.str("IMAP_BELL_URL", "")
IMAP_ADMIN_URL = env.str("IMAP_ADMIN_URL", "")
IMAP_TLS = env.str("IMAP_TLS", "")
IMAP_CONNECTIONS = env.int("IMAP_CONNECTIONS", 4)

# Mail to and from guests: the server that takes it, where ours listens for it, and a mailbox to follow instead.
SMTP_URL = env.str("SMTP_URL", "")
SMTP_CONNECTIONS = env.int("SMTP_CONNECTIONS", 8)
LMTP_LISTEN = env.str("LMTP_LISTEN", "")
INBOX_URL = env.str("INBOX_URL", "")
# What mail that leaves is signed with (DKIM): an RSA key, and the name of its public half in DNS.
DKIM_KEY = Path(env.str("DKIM_KEY", str(DATA_DIR / "dkim" / "key.pem")))
DKIM_SELECTOR = env.str("DKIM_SELECTOR", "roost")
# False where the relay signs what it takes.
DKIM_SIGN = env.bool("DKIM_SIGN", True)
# The authserv-ids of the servers whose Authentication-Results count. They have to take such headers of theirs off
# what comes from outside (RFC 8601, section 5).
TRUSTED_AUTHSERV: list[str] = env.list("TRUSTED_AUTHSERV", [])
# Where Roost is the MX itself: "host:port" for SMTP from the internet, and whose ARC seals count there.
SMTP_LISTEN = env.str("SMTP_LISTEN", "")
TRUSTED_ARC: list[str] = env.list("TRUSTED_ARC", [])
# Whether we verify the signatures of what comes by LMTP.
CHECK_DKIM = env.bool("CHECK_DKIM", False)

# How long mail that is no post is kept: in quarantine, and as requests of strangers that nobody answered.
HELD_DAYS = env.int("HELD_DAYS", 30)

CELERY_BEAT_SCHEDULE = BEAT
CELERY_TASK_ROUTES = ROUTES
CELERY_BROKER_URL = env.str("BROKER_URL", REDIS_URL).replace("unix://", "redis+socket://", 1)
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 600, "socket_timeout": 10}
CELERY_WORKER_HIJACK_ROOT_LOGGER = False

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"handlers": ["stderr"], "level": env.str("LOG_LEVEL", "INFO")},
    "loggers": {
        "django.request": {"level": "ERROR"},
        # These two tell of every command (with everybody's address) and every try.
        "mail.log": {"level": "WARNING"},
        "flufl.bounce": {"level": "WARNING"},
    },
}
