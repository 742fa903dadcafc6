"""What is refused before anybody looks at it: a method that no door takes, and a program's call by http where https is set."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse
from django.http.response import HttpResponseBase

from portal.api.problem import CONTENT_TYPE, problem

# RFC 9110 without CONNECT, which is for proxies, and TRACE, which tells back what browsers keep from scripts; PATCH is RFC 5789.
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
WRONG_METHOD = "No address of the portal takes this method."
NOT_BY_HTTP = "Ask by https. This came by http, where others can read it: what it carried, a token say, is no secret any more."


class GateMiddleware:
    """405 for TRACE and for what HTTP does not define, at every address; 403 for a program that came by http.

    A program that were sent on would go on sending its token in clear, and nobody would notice. Pages never get here by http:
    Django's ``SecurityMiddleware`` around this one sends them on, and leaves to it what ``SECURE_REDIRECT_EXEMPT`` names.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.method not in METHODS:
            return _wrong_method(request)
        if settings.SECURE_SSL_REDIRECT and not request.is_secure() and not _by_any_way(request):
            return _problem(403, "https_required", NOT_BY_HTTP)
        return self.get_response(request)


def _by_any_way(request: HttpRequest) -> bool:
    """Whether this is asked by http on purpose: whoever asks a process how it is need not come through the proxy."""
    return request.path.startswith("/health/")


def _wrong_method(request: HttpRequest) -> HttpResponse:
    answer = (
        _problem(405, "method_not_allowed", WRONG_METHOD)
        if request.path.startswith("/api/")
        else HttpResponseNotAllowed(METHODS)
    )
    answer["Allow"] = ", ".join(METHODS)
    return answer


def _problem(status: int, code: str, detail: str) -> HttpResponse:
    return JsonResponse(problem(status, code, detail), status=status, content_type=CONTENT_TYPE)
