"""The link by which the reader of a daily mail ends it without signing in (RFC 8058).

It names a person, signed under a salt of its own, and nothing else: nobody can make one for another, and it opens nothing.
"""

from uuid import UUID

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.urls import reverse

from portal.accounts.models import User


def _signer() -> Signer:
    return Signer(salt="portal.notices.unsubscribe", sep=".")


def token(person: User) -> str:
    return _signer().sign(person.pk.hex)


def person_of(text: str) -> User | None:
    """Whose link this is; None where it is no link of ours, or of a closed account."""
    try:
        pk = UUID(hex=_signer().unsign(text))
    except (BadSignature, ValueError):
        return None
    return User.objects.filter(pk=pk, is_active=True).first()


def headers(person: User) -> dict[str, str]:
    """What lets a mail program offer it: it posts to the link, and whoever only follows it changes nothing."""
    link = settings.PORTAL_BASE_URL + reverse("notices:unsubscribe", args=[token(person)])
    return {"List-Unsubscribe": f"<{link}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
