"""Response headers that Django and django-csp do not set, and how any file leaves: never shown in the portal's own origin."""

from collections.abc import Callable, Iterable, Mapping
from typing import overload

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.http import content_disposition_header
from whitenoise.middleware import WhiteNoiseFileResponse

# Features that browsers know by these names; one they do not know is a complaint in everybody's console.
NOTHING = (
    "accelerometer", "autoplay", "camera", "display-capture", "encrypted-media", "gamepad", "geolocation",
    "gyroscope", "hid", "idle-detection", "local-fonts", "magnetometer", "microphone", "midi", "payment",
    "picture-in-picture", "screen-wake-lock", "serial", "storage-access", "usb", "window-management",
    "xr-spatial-tracking",
)  # fmt: skip
# Passkeys are the one thing pages ask of the browser, and no frame of another origin may ask for them.
OURS = ("publickey-credentials-create", "publickey-credentials-get")
PERMISSIONS = ", ".join([f"{feature}=()" for feature in NOTHING] + [f"{feature}=(self)" for feature in OURS])

# What is no page: by itself it loads nothing, runs nothing and stands in no frame. A page that uses it goes by its own policy.
BARE = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
# A hostile document must not run in the portal's origin even where a browser ignores the disposition.
SANDBOX = f"{BARE}; sandbox"
POLICY = "Content-Security-Policy"
DISPOSITION = "Content-Disposition"
# What every file carries, whatever made or sent it.
FILE = {"X-Content-Type-Options": "nosniff", POLICY: SANDBOX}


@overload
def attachment(
    content: bytes, *, name: str, content_type: str, headers: Mapping[str, str] | None = None
) -> HttpResponse: ...
@overload
def attachment(
    content: Iterable[bytes], *, name: str, content_type: str, headers: Mapping[str, str] | None = None
) -> StreamingHttpResponse: ...
def attachment(
    content: bytes | Iterable[bytes],
    *,
    name: str,
    content_type: str,
    headers: Mapping[str, str] | None = None,
) -> HttpResponse | StreamingHttpResponse:
    """A file that the browser saves and never shows, under ``name``; streamed where ``content`` is not bytes.

    The one way out for files: tests/lint/doors.py finds another, and tests/site/test_headers.py asks every address.
    """
    given = FILE | {"Cache-Control": "private, no-store"} | dict(headers or {})
    response: HttpResponse | StreamingHttpResponse
    if isinstance(content, bytes):
        response = HttpResponse(content, content_type=content_type, headers=given)
    else:
        response = StreamingHttpResponse(content, content_type=content_type, headers=given)
    response[DISPOSITION] = content_disposition_header(True, name) or "attachment"
    return response


class HeadersMiddleware:
    """Asks the browser for nothing the portal has no use for, and keeps what a person saw out of shared caches."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        response.headers.setdefault("Permissions-Policy", PERMISSIONS)
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        response.headers.setdefault("Cache-Control", "private, no-store")
        if DISPOSITION in response.headers:
            # Also for what a package of others sends as a file.
            for header, value in FILE.items():
                response.headers[header] = value
        elif isinstance(response, WhiteNoiseFileResponse):
            # Style sheets, scripts, fonts, pictures; also the answer that one has not changed, which takes no header of theirs.
            response.headers[POLICY] = BARE
        return response
