"""Secrets at rest: sealed with the newest key, opened with any key still configured."""

from collections.abc import Iterator
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.apps import apps
from django.conf import settings
from django.db.models import QuerySet

# Where secrets lie, as (model, column), so that they can be sealed anew; ``column.key`` is a text in a JSON object. Apps fill it
# from their AppConfig.
PLACES: list[tuple[str, str]] = []


def holders(model: str, place: str) -> QuerySet:
    """The rows that hold a secret in that place."""
    return apps.get_model(model)._base_manager.filter(**{f"{_path(place)}__isnull": False})


def stored(model: str, place: str) -> Iterator[tuple[Any, bytes]]:
    """Each secret in that place, as it is stored: (the row's key, the sealed secret)."""
    for pk, sealed in (
        holders(model, place).order_by().values_list("pk", _path(place)).iterator(chunk_size=100)
    ):
        yield pk, sealed.encode() if isinstance(sealed, str) else bytes(sealed)


def _path(place: str) -> str:
    return place.replace(".", "__")


def _keys() -> MultiFernet:
    return MultiFernet([Fernet(key) for key in settings.PORTAL_INSTRUCTIONS_KEYS])


def seal(text: str) -> bytes:
    """Encrypt a secret for storage."""
    return _keys().encrypt(text.encode())


def unseal(sealed: bytes | memoryview) -> str:
    """Decrypt a stored secret; raises RuntimeError when no configured key opens it."""
    try:
        return _keys().decrypt(bytes(sealed)).decode()
    except InvalidToken as error:
        raise RuntimeError("No configured key opens this secret.") from error


def is_newest(sealed: bytes | memoryview) -> bool:
    """Whether the newest key opens a stored secret, so that older keys are not needed for it."""
    try:
        Fernet(settings.PORTAL_INSTRUCTIONS_KEYS[0]).decrypt(bytes(sealed))
    except InvalidToken:
        return False
    return True


def reseal(sealed: bytes | memoryview) -> bytes:
    """The same secret, sealed with the newest key; raises RuntimeError when no configured key opens it."""
    return seal(unseal(sealed))
