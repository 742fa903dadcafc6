"""Wrong passwords and codes: slowed down so that guessing leads nowhere and nobody is locked out by a stranger (docs/adr/0025).

A browser on which the person signed in before is known by a cookie, and has a count of its own: whatever strangers type, there
the person gets in. So does a session that is open. From elsewhere three counts hold: of this account from this address, of this
address, and of this account from anywhere. An address from which the person signed in lately is spared the last. They are kept
for whatever was typed, whether or not anybody has that address, and answer in the same words. Passkeys are not guessed, so
nothing here holds them up.
"""

from datetime import timedelta

from django.conf import settings
from django.core import signing
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare, get_random_string, salted_hmac

from portal import sightings
from portal.accounts import querysets
from portal.limits import Allowance, address_of
from portal.sessions import BEGAN

PASSWORD, CODE = "password", "code"
SHORT, LONG = 5 * 60, 3600
SALT = "portal.accounts.device"
KNOWN_FOR = timedelta(days=180)
ADDRESS_KNOWN_FOR = timedelta(days=30)
# How many people one browser is known for; of a shared computer the latest.
PEOPLE = 5
WORDS = "Too many attempts. Wait a few minutes, then try again."


def begin(request: HttpRequest, what: str, account: str) -> list[Allowance]:
    """Count a guess before it is looked at, so that guesses made at once are counted too. ``account`` is the address typed.

    Returns what ``right`` takes where the guess was right. Raises ValidationError, with the guess not looked at, after too many.
    """
    allowances = _allowances(request, what, account.strip().lower())
    for allowance in allowances:
        if allowance.spend():
            sightings.limit_reached(request, what=what, account=querysets.id_of_account(account))
            raise ValidationError(WORDS, code="too_many_attempts")
    return allowances


def right(allowances: list[Allowance]) -> None:
    """The guess was right: it is not held against anybody. Earlier wrong ones stay, so that one's own account buys no guesses."""
    for allowance in allowances:
        allowance.give_back()


def note_success(request: HttpRequest, response: HttpResponse, account: str) -> None:
    """The person signed in here: this browser and this address are known from now on."""
    account = account.lower()
    device, people = _device(request)
    device = device or get_random_string(22)
    people = [_name(device, account), *(one for one in people if one != _name(device, account))][:PEOPLE]
    response.set_cookie(
        settings.PORTAL_DEVICE_COOKIE_NAME,
        signing.dumps([device, people], salt=SALT),
        max_age=KNOWN_FOR,
        # A name that binds it to this host wants the whole of it.
        path="/",
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
    cache.set(_address_key(request, account), 1, int(ADDRESS_KNOWN_FOR.total_seconds()))


def _allowances(request: HttpRequest, what: str, account: str) -> list[Allowance]:
    amount = settings.PORTAL_SIGN_IN_FAILURES
    if request.user.is_authenticated and request.user.email.lower() == account:
        # A session goes on under another key once its person was asked again; when it began tells it apart all the same.
        return [Allowance(f"{what}-session", f"{request.session.get(BEGAN)} {account}", amount, SHORT)]
    if device := _known_device(request, account):
        return [Allowance(f"{what}-device", f"{device} {account}", amount, SHORT)]
    address = address_of(request)
    found = [
        Allowance(f"{what}-pair", f"{address} {account}", amount, SHORT),
        Allowance("sign-in-from", address, settings.PORTAL_SIGN_IN_FAILURES_OF_AN_ADDRESS, SHORT),
    ]
    if not cache.get(_address_key(request, account)):
        every = settings.PORTAL_SIGN_IN_FAILURES_OF_AN_ACCOUNT
        found.append(Allowance(f"{what}-account", account, every, LONG))
    return found


def _known_device(request: HttpRequest, account: str) -> str:
    device, people = _device(request)
    name = _name(device, account)
    return device if any(constant_time_compare(name, one) for one in people) else ""


def _device(request: HttpRequest) -> tuple[str, list[str]]:
    """The browser's own name, and the people who signed in on it, hashed."""
    try:
        given = request.COOKIES.get(settings.PORTAL_DEVICE_COOKIE_NAME, "")
        device, people = signing.loads(given, salt=SALT, max_age=KNOWN_FOR)
    except (signing.BadSignature, ValueError, TypeError):
        return "", []
    return device, people


def _name(device: str, account: str) -> str:
    return salted_hmac(SALT, f"{device} {account}", algorithm="sha256").hexdigest()[:32]


def _address_key(request: HttpRequest, account: str) -> str:
    return Allowance("known-address", f"{address_of(request)} {account}", 1).key
