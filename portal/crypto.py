"""Secrets at rest: sealed with the newest key, opened with any key still configured."""

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings


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
