"""The log's heads, keys and consistency, for everybody: so that others can keep them, and hold the log to them later."""

from typing import Any

from django.http import Http404, HttpRequest, JsonResponse
from django.views.decorators.http import require_safe

from portal.ledger import keys, proofs


def _answer(told: dict[str, Any]) -> JsonResponse:
    # For a moment only, though most of it never changes: a cache should not hide that a log was written anew.
    return JsonResponse(
        told, headers={"Cache-Control": "public, max-age=10", "Access-Control-Allow-Origin": "*"}
    )


@require_safe
def newest(request: HttpRequest) -> JsonResponse:
    """The newest head; null before the first."""
    head = proofs.head_of()
    return _answer({"head": keys.signed(head).as_json() if head else None})


@require_safe
def of_size(request: HttpRequest, size: int) -> JsonResponse:
    """The head of that size."""
    head = proofs.head_of(size) if size < 2**63 else None
    if head is None:
        raise Http404
    return _answer({"head": keys.signed(head).as_json()})


@require_safe
def public_keys(request: HttpRequest) -> JsonResponse:
    """Every key that signs or signed heads, the oldest first."""
    return _answer({"keys": [key.as_json() for key in keys.listed()]})


@require_safe
def consistency(request: HttpRequest) -> JsonResponse:
    """``?first=&second=``, sizes of two heads: that the log of the first is the beginning of the second's (RFC 9162)."""
    first, second = (_size(request.GET.get(name, "")) for name in ("first", "second"))
    found = proofs.consistency(first, second) if first and second else None
    if found is None:
        raise Http404
    return _answer(found)


def _size(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0
