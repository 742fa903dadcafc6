"""What holds for every request of a signed-in person: their time zone, their second factor, and how long their session lasts."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode, urlsplit
from zoneinfo import ZoneInfo

from allauth.core.internal.httpkit import get_client_ip
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from portal import clock, doors, stepup
from portal.api.problem import CONTENT_TYPE, problem
from portal.limits import MINUTE, Allowance, address_of

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
TOO_MANY = "Too many requests in a short time. Nothing of this one was stored."
USE_PASSKEY = "passkey_not_used"
# What is open on the way in and out.
DOORWAY = frozenset({"account_login", "account_logout", "account_inactive"})
# The pages on which a second factor is set up, or one leaves; allauth asks for the password again before it adds one.
BEFORE_SECOND_FACTOR = DOORWAY | {
    "mfa_index",
    "mfa_activate_totp",
    "mfa_list_webauthn",
    "mfa_add_webauthn",
    "account_reauthenticate",
}
# Who adds a passkey to an app that they have may be asked for a code of it, and is shown the recovery codes.
BEFORE_PASSKEY = BEFORE_SECOND_FACTOR | {"mfa_reauthenticate", "mfa_view_recovery_codes"}
# Who has a passkey uses it. Adding another one is not among these: a code that was given to a false website must not enrol one.
BEFORE_PASSKEY_IS_USED = DOORWAY | {"mfa_reauthenticate_webauthn"}


class ReaderZoneMiddleware:
    """Instants are shown, and typed, in the reader's zone; in the programme's for a stranger, in UTC for programs."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path.startswith(("/api/", "/health/")):
            return self.get_response(request)
        with timezone.override(self._zone(request)):
            return self.get_response(request)

    def _zone(self, request: HttpRequest) -> ZoneInfo:
        if _is_signed_in(request):
            return clock.zone_of(request.user)
        return clock.calendar_zone()


class WriteLimitMiddleware:
    """Every write by a page is counted, per person, and of who is not signed in per address. The API counts its own."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method in SAFE or request.path.startswith(("/api/", "/health/")):
            return self.get_response(request)
        wait = self._allowance(request).spend()
        return too_many(request, wait) if wait else self.get_response(request)

    def _allowance(self, request: HttpRequest) -> Allowance:
        if _is_signed_in(request):
            return Allowance("writes", str(request.user.pk), settings.PORTAL_WRITES_PER_MINUTE)
        return Allowance("writes-from", address_of(request), settings.PORTAL_WRITES_PER_MINUTE_OF_AN_ADDRESS)


class SecondFactorMiddleware:
    """A signed-in person without a second factor sees nothing but the pages on which to set one up.

    A person who has one cannot have a session without having used it, since sign-in asks for it and enrolling ends every
    other session. Of whom a passkey is asked (``User.needs_passkey``), nothing opens before one was added, and in a session
    begun by other means not before it was used.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view, args, kwargs) -> HttpResponse | None:
        if request.path.startswith("/health/") or not _is_signed_in(request):
            return None
        lack, code, open_pages = self._lack(request)
        name = request.resolver_match.url_name if request.resolver_match is not None else None
        if not lack or name in open_pages:
            return None
        if request.path.startswith("/api/"):
            return JsonResponse(problem(403, code, lack), status=403, content_type=CONTENT_TYPE)
        if code == USE_PASSKEY:
            return stepup.ask(request, back=_page(request))
        return doors.see_other(reverse("mfa_index"))

    def _lack(self, request: HttpRequest) -> tuple[str, str, frozenset[str]]:
        """What is missing in words and for programs, and the pages that are open meanwhile."""
        user = request.user
        if not user.has_second_factor:
            return user.lacks_factor, "second_factor_required", BEFORE_SECOND_FACTOR
        if user.lacks_factor:
            return user.lacks_factor, "passkey_required", BEFORE_PASSKEY
        if user.needs_passkey and not stepup.used_passkey(request):
            return "Use your passkey first.", USE_PASSKEY, BEFORE_PASSKEY_IS_USED
        return "", "", DOORWAY


class SessionLimitMiddleware:
    """Who goes on keeps their session (``portal.sessions``); who stayed away too long is told why they sign in again."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path.startswith("/health/") and _is_signed_in(request) and request.session.touch():
            sessions = UserSession.objects.filter(session_key=request.session.session_key)
            seen: dict[str, Any] = {"last_seen_at": clock.machine()}
            if address := get_client_ip(request):
                seen["ip"] = address
            sessions.update(**seen)
        response = self.get_response(request)
        ended, where = request.session.ended, urlsplit(response.get("Location", ""))
        if ended and where.path in (reverse("account_login"), reverse("admin:login")):
            response["Location"] = f"{reverse('account_login')}?{where.query}&{urlencode({'ended': ended})}"
        return response


class ComeBackMiddleware:
    """Who sends a form after their session ended signs in and comes back to the form's page, not to an address for forms only."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        login = reverse("account_login")
        if request.method in ("GET", "HEAD") or not response.get("Location", "").startswith(f"{login}?next="):
            return response
        response["Location"] = f"{login}?{urlencode({'next': doors.page_of_form(request)})}"
        response.status_code = 303
        return response


def too_many(request: HttpRequest, wait: int = MINUTE) -> HttpResponse:
    """429, saying when to try again: a page that costs no query, or under /api/ a problem."""
    headers = {"Retry-After": str(wait), "Cache-Control": "no-store"}
    if request.path.startswith("/api/"):
        body = problem(429, "throttled", f"{TOO_MANY} Try again in {wait} seconds.")
        return JsonResponse(body, status=429, content_type=CONTENT_TYPE, headers=headers)
    answer = render(request, "429.html", {"wait": wait}, status=429)
    for name, value in headers.items():
        answer[name] = value
    return answer


def _is_signed_in(request: HttpRequest) -> bool:
    """Whether a session's person asks; a request without its cookie costs no query."""
    return settings.SESSION_COOKIE_NAME in request.COOKIES and request.user.is_authenticated


def _page(request: HttpRequest) -> str:
    """Where to come back to: the page asked for, or the page of the form that was sent."""
    return request.get_full_path() if request.method == "GET" else doors.page_of_form(request)
