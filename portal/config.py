"""Where settings come from: the environment first, then the ``stack.json`` that a running stack left in its folder."""

import base64
import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

TRUE = {"1", "true", "yes", "on"}
FALSE = {"0", "false", "no", "off", ""}
LOCAL_HOSTS = frozenset({"localhost", "127.0.0.1", "::1", "[::1]"})


def flag(name: str, default: bool) -> bool:
    """A yes-or-no variable; anything but the usual words is refused, so a typing error cannot switch a guard off."""
    value = os.environ.get(name)
    if value is None:
        return default
    if value.strip().lower() in TRUE:
        return True
    if value.strip().lower() in FALSE:
        return False
    raise ImproperlyConfigured(f"{name} must be 1 or 0, not {value!r}.")


def number(name: str, default: int) -> int:
    """A whole-number variable."""
    value = os.environ.get(name, "")
    try:
        return int(value) if value else default
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} must be a whole number, not {value!r}.") from error


def words(name: str, default: list[str] | None = None) -> list[str]:
    """A comma-separated variable."""
    value = os.environ.get(name, "")
    return [part.strip() for part in value.split(",") if part.strip()] or list(default or [])


def is_local(base_url: str, more_hosts: Iterable[str] = ()) -> bool:
    """Whether a portal answers to names of its own machine only, so that nobody else uses it."""
    return {urlsplit(base_url).hostname, *more_hosts} <= LOCAL_HOSTS


def signing_keys(value: str) -> list[bytes]:
    """Ed25519 keys as 32 bytes each, from comma-separated base64; what is none of these is refused."""
    try:
        keys = [base64.b64decode(part.strip(), validate=True) for part in value.split(",") if part.strip()]
    except ValueError as error:
        raise ImproperlyConfigured("PORTAL_LEDGER_SIGNING_KEYS must be base64, comma-separated.") from error
    if not keys or any(len(key) != 32 for key in keys) or len(set(keys)) != len(keys):
        raise ImproperlyConfigured("PORTAL_LEDGER_SIGNING_KEYS must be different keys of 32 bytes each.")
    return keys


def read_stack(folder: Path) -> dict[str, Any]:
    """What the stack in this folder wrote about itself; empty when there is none."""
    try:
        return json.loads((folder / "stack.json").read_text())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise ImproperlyConfigured(f"{folder / 'stack.json'} cannot be read: {error}") from error


def database(url: str) -> dict[str, Any]:
    """Django's connection settings for a ``postgresql://`` address; query parameters go to libpq as they are."""
    parts = urlsplit(url)
    if parts.scheme not in {"postgres", "postgresql"}:
        raise ImproperlyConfigured(
            "The database must be a postgresql:// address: nothing else enforces the rules."
        )
    options: dict[str, Any] = {key: values[-1] for key, values in parse_qs(parts.query).items()}
    return {
        "ENGINE": "portal.db",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": options.pop("host", None) or parts.hostname or "",
        "PORT": str(parts.port or ""),
        "OPTIONS": options,
    }


def email(url: str) -> dict[str, Any]:
    """Django's mail settings for ``smtp://user:password@host:port`` (``?tls=1`` for STARTTLS) or ``smtps://``."""
    parts = urlsplit(url)
    if parts.scheme not in {"smtp", "smtps"}:
        raise ImproperlyConfigured("EMAIL_URL must be an smtp:// or smtps:// address.")
    secure = parts.scheme == "smtps"
    tls = parse_qs(parts.query).get("tls", ["0"])[-1] in TRUE
    return {
        "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "EMAIL_HOST": parts.hostname or "localhost",
        "EMAIL_PORT": parts.port or (465 if secure else 587 if tls else 25),
        "EMAIL_HOST_USER": unquote(parts.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
        "EMAIL_USE_SSL": secure,
        "EMAIL_USE_TLS": tls and not secure,
    }


def clamd(url: str) -> str:
    """The address of clamd, ``tcp://host:port`` or ``unix:///path``; empty for none."""
    if url and urlsplit(url).scheme not in {"tcp", "unix"}:
        raise ImproperlyConfigured("CLAMD_URL must be a tcp:// or unix:// address.")
    return url


def storage(url: str, default: Path) -> dict[str, Any]:
    """Django's storage settings for a folder (``file:///path``, or nothing) or ``s3://key:secret@endpoint/bucket``.

    S3 needs the ``django-storages[s3]`` package beside requirements.txt. ``?scheme=http`` is for a store on the same machine.
    """
    parts = urlsplit(url)
    if parts.scheme in {"", "file"}:
        folder = Path(unquote(parts.path)) if parts.path else default
        options = {
            "location": str(folder),
            "file_permissions_mode": 0o600,
            "directory_permissions_mode": 0o700,
        }
        return {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": options}
    if parts.scheme != "s3":
        raise ImproperlyConfigured("STORAGE_URL must be a file:// or s3:// address.")
    query = {key: values[-1] for key, values in parse_qs(parts.query).items()}
    host = parts.netloc.rpartition("@")[2]
    options = {
        "bucket_name": parts.path.strip("/"),
        "access_key": unquote(parts.username) if parts.username else None,
        "secret_key": unquote(parts.password) if parts.password else None,
        "endpoint_url": f"{query.get('scheme', 'https')}://{host}" if host else None,
        "region_name": query.get("region"),
        "querystring_expire": 60,
        "default_acl": None,
        "file_overwrite": False,
    }
    return {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": options}
