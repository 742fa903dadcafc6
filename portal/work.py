"""One piece of work, a request or a task: what is read once in it holds until it ends, and no longer."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django.http import HttpRequest, HttpResponse

_kept: ContextVar[dict[str, Any] | None] = ContextVar("portal_work", default=None)


def kept() -> dict[str, Any] | None:
    """What the present piece of work keeps, by name; None outside of any, where nothing may be kept."""
    return _kept.get()


@contextmanager
def piece() -> Iterator[dict[str, Any]]:
    """A piece of work of its own, which starts with nothing kept; the one around it comes back afterwards."""
    mine: dict[str, Any] = {}
    token = _kept.set(mine)
    try:
        yield mine
    finally:
        _kept.reset(token)


class WorkMiddleware:
    """Every request is a piece of work."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with piece():
            return self.get_response(request)
