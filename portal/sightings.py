"""What an operator has to see of attempts on the portal: a JSON line each on standard error, of the logger ``portal.security``.

A line names its ``event``, the request's method, path and route, the caller's address as limits are counted by it
(``portal.limits.address_of``), and by their ids who is signed in and whose account was tried. Never what was typed: neither an
address, nor a password, nor a code. docs/security/inventory.md lists the events.
"""

import logging
from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from portal.limits import address_of

logger = logging.getLogger("portal.security")

SIGN_IN_FAILED, LIMIT_REACHED, FORGED_FORM = "sign_in_failed", "limit_reached", "forged_form"
ACCESS_REFUSED, STEP_REFUSED, VALUE_REFUSED = "access_refused", "step_refused", "value_refused"
WORDS = {
    SIGN_IN_FAILED: "Somebody did not show who they are",
    LIMIT_REACHED: "A limit was reached",
    FORGED_FORM: "A form came without its page's secret, or from another site",
    ACCESS_REFUSED: "A signed-in person was refused",
    STEP_REFUSED: "A step was refused: it does not follow from what is recorded, or came too late",
    VALUE_REFUSED: "A value or body was refused",
}


def sign_in_failed(request: Any, *, factor: str, account: UUID | None = None, why: str = "") -> None:
    """``factor`` was not right, at sign-in or where it was asked again. ``why`` is our own words, of a provider's answer."""
    said: dict[str, Any] = {"factor": factor, "account": account}
    if why:
        said["why"] = why
    _write(request, SIGN_IN_FAILED, **said)


def limit_reached(request: Any, *, what: str, account: UUID | None = None) -> None:
    """Guesses of ``what`` are no longer looked at; what is answered with 429 the middleware writes down by itself."""
    _write(request, LIMIT_REACHED, what=what, account=account)


def forged_form(request: Any) -> None:
    """A form was refused for its secret or origin: an attack, or a page that stood open for long."""
    _write(request, FORGED_FORM)


def refused(request: Any, *, status: int) -> None:
    """What a door told the person in words, with another status or none; ``status`` is what a program would be told."""
    _write(request, _event(status), status=status)


def _event(status: int) -> str:
    return {403: ACCESS_REFUSED, 404: ACCESS_REFUSED, 409: STEP_REFUSED, 412: STEP_REFUSED}.get(
        status, VALUE_REFUSED
    )


def _write(request: Any, event: str, *, status: int | None = None, **fields: Any) -> None:
    # The API's request wraps Django's. One line a request: what was said first says most.
    request = getattr(request, "_request", request)
    if hasattr(request, "was_sighted"):
        return
    request.was_sighted = True
    user, match = getattr(request, "user", None), request.resolver_match
    about = {
        "event": event,
        "route": match.route if match is not None else None,
        "address": address_of(request),
        "person": user.pk if user is not None and user.is_authenticated else None,
        **fields,
    }
    extra: dict[str, Any] = {"request": request, "fields": about}
    if status is not None:
        extra["status_code"] = status
    logger.warning(WORDS[event], extra=extra)


class SightingsMiddleware:
    """Writes down limits that were reached (429), refused values and steps, and what a signed-in person was refused (403, or 404
    of a thing).

    One line an event: of what was written down here Django writes none of its own.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        status = response.status_code
        if status == 429:
            _write(request, LIMIT_REACHED, status=status, what="requests", account=None)
        elif status in (400, 409, 412, 413, 415) or (status in (403, 404) and _is_refusal(request)):
            refused(request, status=status)
        if hasattr(request, "was_sighted") and status < 500:
            response._has_been_logged = True  # type: ignore[attr-defined]
        return response


def _is_refusal(request: HttpRequest) -> bool:
    """An address that leads nowhere is no thing that was refused, and a stranger is asked to sign in."""
    return request.resolver_match is not None and request.user.is_authenticated
