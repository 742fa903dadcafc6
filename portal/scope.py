"""In whose name the database is asked: a person's, or a named job's. Row-level security shows each no more than that.

A scope is set by a door (``ScopeMiddleware``, the API's authentication, ``task``, ``JobCommand``) and left with it. Where none
is set nothing is visible. An action sees all rows while it runs, since it writes for others than who acts (``action``): what
its actor may do is its policy's to say, and the subject was found in the actor's own scope.

``portal.db`` tells the database at the beginning of each transaction, and whenever the scope changes in one.
"""

import functools
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, ParamSpec, TypeVar, cast
from uuid import UUID

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.db import transaction
from django.http import HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase

P = ParamSpec("P")
R = TypeVar("R")

# The applications whose tables are under row-level security; a job names those that it needs.
ROOMS = frozenset({"ledger", "deadlines", "submissions", "reviews", "partners"})
EVERYTHING = ",".join(sorted(ROOMS))


@dataclass(frozen=True)
class Scope:
    """``person`` asks, and sees what is theirs; ``lifted`` names, comma-separated, the rooms of which all is seen.

    ``within`` is the scope that this only opens further: who asks, and at what instant, is the same in both.
    """

    person: UUID | None = None
    lifted: str = ""
    within: "Scope | None" = field(default=None, compare=False, repr=False)

    @property
    def root(self) -> "Scope":
        return self.within.root if self.within else self


NOTHING = Scope()
# What holds where no door set a scope. Tests, which look at everything that a piece of work left, set another.
outside = NOTHING
_scope: ContextVar[Scope | None] = ContextVar("portal_scope", default=None)


def current() -> Scope:
    return _scope.get() or outside


@contextmanager
def _within(scope: Scope) -> Iterator[None]:
    token = _scope.set(scope)
    try:
        yield
    finally:
        _scope.reset(token)


@contextmanager
def as_person(person: UUID | None) -> Iterator[None]:
    """A person's scope; that of nobody, who sees nothing, where there is none."""
    with _within(Scope(person)):
        yield


def become(person: UUID | None) -> None:
    """From here on in this request its person is known: a token told who asks, after the request had begun."""
    _scope.set(Scope(person))


@contextmanager
def lifted(*rooms: str) -> Iterator[None]:
    """All of some rooms, beside what the person sees. For what a filter cannot say: each use is listed in a test."""
    if unknown := set(rooms) - ROOMS:
        raise ValueError(f"No rooms of row-level security: {sorted(unknown)}.")
    now = current()
    if now.lifted == EVERYTHING:
        yield
        return
    opened = {*rooms, *filter(None, now.lifted.split(","))}
    with _within(Scope(now.person, ",".join(sorted(opened)), now)):
        yield


@contextmanager
def job(*rooms: str) -> Iterator[None]:
    """The scope of a named job or a command: these rooms, and nobody's person."""
    with _within(Scope()), lifted(*rooms):
        yield


@contextmanager
def acting() -> Iterator[None]:
    """One transaction in which all rows are seen and may be written, for an action that is more than that."""
    now = current()
    with _within(Scope(now.person, EVERYTHING)), transaction.atomic():
        yield


def action(function: Callable[P, R]) -> Callable[P, R]:
    """One verb: one transaction, in which all rows are seen and may be written."""

    @functools.wraps(function)
    def whole(*args: P.args, **kwargs: P.kwargs) -> R:
        with acting():
            return function(*args, **kwargs)

    return whole


class ScopeMiddleware:
    """A request is its person's: of a session here, of a token when the API has read it (``become``)."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        # Who sends no session is nobody: nothing needs to be read to know.
        signed_in = settings.SESSION_COOKIE_NAME in request.COOKIES and SESSION_KEY in request.session
        person = request.user.pk if signed_in else None
        with as_person(person):
            response = self.get_response(request)
            if isinstance(response, StreamingHttpResponse) and not response.is_async:
                response.streaming_content = _streamed(
                    cast(Iterable[bytes], response.streaming_content), current()
                )
        return response

    def process_template_response(self, request: HttpRequest, response: Any) -> Any:
        """What a page reads while it is written, after its view's transaction, is read in one of its own."""
        if not response.is_rendered:
            response.render = transaction.atomic(response.render)
        return response


def _streamed(pieces: Iterable[bytes], scope: Scope) -> Iterator[bytes]:
    """The pieces of an answer, each made in the scope of its request, which is over by then."""
    source = iter(pieces)
    try:
        while True:
            with _within(scope):
                try:
                    piece = next(source)
                except StopIteration:
                    return
            yield piece
    finally:
        close = getattr(pieces, "close", None)
        if close is not None:
            close()
