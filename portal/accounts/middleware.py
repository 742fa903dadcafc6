"""What holds for every request of a signed-in person: their time zone, and that they have a second factor."""

from collections.abc import Callable
from urllib.parse import urlencode, urlsplit
from zoneinfo import ZoneInfo

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.urls import reverse
from django.utils import timezone

from portal import clock

# The pages on which a second factor is set up, or one leaves; allauth asks for the password again before it adds one.
BEFORE_SECOND_FACTOR = frozenset(
    {
        "mfa_index",
        "mfa_activate_totp",
        "mfa_list_webauthn",
        "mfa_add_webauthn",
        "account_login",
        "account_logout",
        "account_reauthenticate",
        "account_inactive",
    }
)


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
        if settings.SESSION_COOKIE_NAME in request.COOKIES and request.user.is_authenticated:
            return clock.zone_of(request.user)
        return clock.calendar_zone()


class SecondFactorMiddleware:
    """A signed-in person without a second factor sees nothing but the pages on which to set one up.

    A person who has one cannot have a session without having used it, since sign-in asks for it and enrolling ends every
    other session.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view, args, kwargs) -> HttpResponse | None:
        if request.path.startswith("/health/") or settings.SESSION_COOKIE_NAME not in request.COOKIES:
            return None
        if not request.user.is_authenticated or request.user.has_second_factor:
            return None
        if request.resolver_match is not None and request.resolver_match.url_name in BEFORE_SECOND_FACTOR:
            return None
        if request.path.startswith("/api/"):
            return JsonResponse(PROBLEM, status=403, content_type="application/problem+json")
        response = HttpResponseRedirect(reverse("mfa_index"))
        response.status_code = 303
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
        response["Location"] = f"{login}?{urlencode({'next': self._page(request)})}"
        response.status_code = 303
        return response

    def _page(self, request: HttpRequest) -> str:
        """The page the form was on, as the browser says; the first page where it does not say."""
        page = urlsplit(request.headers.get("Referer", ""))
        return page.path if page.netloc == request.get_host() and page.path.startswith("/") else "/"


PROBLEM = {
    "type": "about:blank",
    "title": "Forbidden",
    "status": 403,
    "code": "second_factor_required",
    "detail": "Set up a second factor first: an authenticator app or a passkey.",
}
