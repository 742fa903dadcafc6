"""A second factor once more, before access instructions are revealed, material is taken along, a designation is recorded,
sessions are ended, or it is changed on the workbench how another person signs in.

One rule for all doors: within ``PORTAL_STEP_UP_MINUTES`` the person used a second factor in this session, at sign-in or since, as
allauth's record of it in the session says. Of whom a passkey is asked (``User.needs_passkey``) it must have been one. A page or
file that wants this is a view under ``@confirmed``; a step of the workbench says ``Step(confirmed=True)``; of the API a method
under ``@confirms``. A token has no second factor: what it may do, its scope says, and making one asked for the password again.
"""

import functools
from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import urlencode

from allauth.account.authentication import get_authentication_records
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from portal import clock, doors
from portal.limits import MINUTE

WORDS = "Confirm that it is you first: use your second factor once more."

Call = TypeVar("Call", bound=Callable[..., Any])


def used_passkey(request: Any) -> bool:
    """Whether a passkey was used in this session, at sign-in or since."""
    return any(record.get("type") == "webauthn" for record in _factors(request))


def is_confirmed(request: Any) -> bool:
    """Whether the person used a second factor in this session lately enough."""
    now, lately = clock.machine().timestamp(), settings.PORTAL_STEP_UP_MINUTES * MINUTE
    # A factor used later than now, by more than clocks are apart, has not been used yet: somebody's clock went back.
    return any(
        -clock.SKEW.total_seconds() <= now - record.get("at", 0) < lately
        for record in _factors(request)
        if record.get("type") == "webauthn" or not request.user.needs_passkey
    )


def ask(request: HttpRequest, *, back: str = "") -> HttpResponse:
    """To the page that asks for the second factor; ``back`` is where it leads afterwards, to this request's page unless given."""
    return doors.see_other(ask_url(request, back=back or request.get_full_path()))


def ask_url(request: Any, *, back: str) -> str:
    """The address of the page that asks for the second factor: of a passkey where the person has one."""
    page = reverse("mfa_reauthenticate_webauthn" if request.user.has_passkey else "mfa_reauthenticate")
    then = f"{reverse('account_confirmed')}?{urlencode({'next': back})}"
    return f"{page}?{urlencode({'next': then})}"


def confirmed(view: Call) -> Call:
    """A view, or an admin's method, that gives or reveals something: only to who used a second factor lately."""

    @functools.wraps(view)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        request = next(one for one in args[:2] if isinstance(one, HttpRequest))
        if is_confirmed(request):
            return view(*args, **kwargs)
        # A file and a secret are no page to come back to: the page that has their button is, where it is pressed again.
        own = request.get_full_path() if request.method == "GET" else "/"
        return ask(request, back=doors.page_of_form(request, default=own))

    guarded.asks_confirmation = True  # type: ignore[attr-defined]
    return guarded  # type: ignore[return-value]


def confirms(method: Call) -> Call:
    """Of an API view: a session needs what ``confirmed`` asks of a page. ``portal.api.permissions.Confirmed`` reads the mark."""
    method.asks_confirmation = True  # type: ignore[attr-defined]
    return method


def _factors(request: Any) -> list[dict]:
    return [
        record for record in get_authentication_records(request, request.user) if record["method"] == "mfa"
    ]
