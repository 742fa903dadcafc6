"""Errors of the API, all in one shape: RFC 9457 ``application/problem+json``.

Every problem has type, title, status, detail and a stable ``code``; ``errors`` ({field: [message]}) where a value is wrong, and
``changes`` where the subject changed since the caller read it.
"""

import logging
from http.client import responses
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import DataError, Error, IntegrityError
from django.http import Http404, HttpRequest, JsonResponse
from django.http.request import UnreadablePostError
from django.views.decorators.csrf import csrf_exempt
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import set_rollback

from portal.errors import Refused, Stale

logger = logging.getLogger("portal.api")

CONTENT_TYPE = "application/problem+json"
NOT_FOUND = "Nothing is at this address, or it is not yours to see."
# Two callers met in the database; asking again is the cure. (serialization, deadlock, lock not available)
BUSY = {"40001", "40P01", "55P03"}


def problem(
    status: int,
    code: str,
    detail: str,
    *,
    errors: dict[str, list[str]] | None = None,
    changes: list[str] | None = None,
) -> dict[str, Any]:
    """The body of a problem. ``type`` is about:blank, so ``title`` is the status's own name; ``code`` is for programs."""
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": responses.get(status, "Refused"),
        "status": status,
        "detail": _clean(detail),
        "code": code,
    }
    if errors:
        body["errors"] = {_clean(name): [_clean(text) for text in texts] for name, texts in errors.items()}
    if changes is not None:
        body["changes"] = [_clean(text) for text in changes]
    return body


def handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """The answer to whatever a view raised; None for what is a fault of the portal, which then becomes a 500 or a 503.

    Whatever was written before the error is rolled back.
    """
    body = _body(error)
    if body is None:
        return None
    headers = {}
    if getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = error.auth_header  # type: ignore[attr-defined]
    if getattr(error, "wait", None) is not None:
        headers["Retry-After"] = str(int(error.wait))  # type: ignore[attr-defined]
    if not getattr(context.get("view"), "own_transactions", False):
        set_rollback()
    return Response(body, status=body["status"], headers=headers, content_type=CONTENT_TYPE)


def _body(error: Exception) -> dict[str, Any] | None:
    match error:
        case Refused():
            return _refused(error)
        case Http404() | exceptions.NotFound():
            # One text for absent and forbidden: neither Django's nor a model's name is told.
            return problem(404, "not_found", NOT_FOUND)
        case PermissionDenied():
            return problem(403, "not_allowed", "This is not yours to do.")
        case exceptions.ValidationError():
            return _invalid(error)
        case exceptions.APIException():
            return problem(error.status_code, _code(error), str(error.detail))
        case RequestDataTooBig():
            return problem(413, "too_large", "The body is too large.")
        case SuspiciousOperation() | UnreadablePostError():
            return problem(400, "parse_error", "The request could not be read.")
        case Error():
            return _database(error)
    return None


def _refused(error: Refused) -> dict[str, Any]:
    errors = {error.field: [error.message]} if error.field else None
    changes = error.changes if isinstance(error, Stale) else None
    return problem(error.status, error.code, error.message, errors=errors, changes=changes)


def _invalid(error: exceptions.ValidationError) -> dict[str, Any]:
    errors = flat(error.detail)
    general = " ".join(errors.pop("", []))
    return problem(400, "invalid", general or "Some of the values are not right.", errors=errors)


def _code(error: exceptions.APIException) -> str:
    code = error.get_codes()
    return code if isinstance(code, str) else str(error.default_code)


def _database(error: Error) -> dict[str, Any] | None:
    """What the database refused; None for a fault, and for a database that is away."""
    if getattr(error.__cause__, "sqlstate", None) in BUSY:
        return problem(409, "busy", "Somebody else works on the same thing at this moment. Ask again.")
    if isinstance(error, IntegrityError):
        logger.warning("The database refused a change: %s", getattr(error.__cause__, "sqlstate", ""))
        return problem(409, "conflict", "The change contradicts what is recorded, so nothing was done.")
    if isinstance(error, DataError):
        return problem(400, "invalid", "A value is out of range.")
    return None


def flat(detail: Any, path: str = "") -> dict[str, list[str]]:
    """Nested errors of serializers under dotted names, such as ``facts.summary``; what names no field stands under ``""``."""
    if isinstance(detail, dict):
        found: dict[str, list[str]] = {}
        for name, inner in detail.items():
            plain = "" if name in ("non_field_errors", "__all__") else str(name)
            for key, texts in flat(inner, f"{path}.{plain}" if path and plain else path or plain).items():
                found.setdefault(key, []).extend(texts)
        return found
    if isinstance(detail, list) and any(isinstance(item, dict | list) for item in detail):
        return {
            key: texts
            for number, item in enumerate(detail)
            for key, texts in flat(item, f"{path}.{number}" if path else str(number)).items()
        }
    return {path: [str(item) for item in detail] if isinstance(detail, list) else [str(detail)]}


def _clean(text: str) -> str:
    """What a caller sent is told back in error texts: half a surrogate pair in it cannot be written as UTF-8."""
    return text.encode("utf-8", "replace").decode()


@csrf_exempt
def not_found(request: HttpRequest, *args: Any, **kwargs: Any) -> JsonResponse:
    """The answer to an address under /api/ that is none, also to who sends no form's secret there."""
    return JsonResponse(problem(404, "not_found", NOT_FOUND), status=404, content_type=CONTENT_TYPE)


def server_error(request: HttpRequest) -> JsonResponse:
    """The answer to a fault of the portal under /api/; the log has the reason."""
    body = problem(500, "fault", "The portal failed to answer. Nothing of this request was stored.")
    return JsonResponse(body, status=500, content_type=CONTENT_TYPE)
