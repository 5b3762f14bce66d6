"""Settings from the environment: typed readers that fail loudly, naming the variable and the mend."""

import contextlib
import os
import secrets
import tempfile
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

TRUE = {"1", "true", "yes", "on"}
FALSE = {"0", "false", "no", "off", ""}


def text(name: str, default: str) -> str:
    """The variable's text; an empty value counts as absent."""
    return os.environ.get(name, "").strip() or default


def flag(name: str, default: bool = False) -> bool:
    value = os.environ.get(name)
    if value is None:
        return default
    if value.strip().lower() in TRUE:
        return True
    if value.strip().lower() in FALSE:
        return False
    raise ImproperlyConfigured(f"{name} is {value!r}; set it to 1 or 0.")


def integer(name: str, default: int) -> int:
    """A whole number of at least 1."""
    value = os.environ.get(name, "").strip()
    if not value:
        return default
    if not value.isdecimal() or int(value) < 1:
        raise ImproperlyConfigured(f"{name} is {value!r}; set it to a whole number of at least 1.")
    return int(value)


def words(name: str, default: str = "") -> list[str]:
    """A comma-separated list."""
    return [word.strip() for word in text(name, default).split(",") if word.strip()]


def redis_url() -> str:
    """The Redis or Valkey server that carries Celery's messages and the channel layer's."""
    return text("REDIS_URL", "redis://127.0.0.1:6379/0")


def secret_key(var_dir: Path, *, required: bool) -> str:
    """``SECRET_KEY``, or for a site on one machine a random key kept in ``var_dir/secret_key``.

    Args:
        var_dir: Folder for what the site writes.
        required: Several machines may serve this site, so they must all be told one key.
    """
    if key := os.environ.get("SECRET_KEY", "").strip():
        return key
    if required:
        raise ImproperlyConfigured(
            "SECRET_KEY is not set; a site on a database server needs one key that all its processes share "
            "(for example the output of `openssl rand -base64 48`)."
        )
    path = var_dir / "secret_key"
    if not path.exists():
        var_dir.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=var_dir) as draft:
            draft.write(secrets.token_urlsafe(48))
            draft.flush()
            # A link appears whole or not at all, so processes that start together agree on one key.
            with contextlib.suppress(FileExistsError):
                os.link(draft.name, path)
    return path.read_text().strip()
