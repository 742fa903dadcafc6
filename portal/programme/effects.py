"""What a change of the settings does besides itself, as those who do it tell it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import OperationalError, connection

from portal.errors import Refused
from portal.scope import acting

# PostgreSQL's words for a lock that was not to be had, and for two who wait for each other.
BUSY = ("55P03", "40P01")


@dataclass(frozen=True, slots=True)
class Move:
    """One deadline whose date moves."""

    deadline_id: UUID
    case_number: str
    before: datetime
    after: datetime


@dataclass(frozen=True, slots=True)
class Reminders:
    """Moments at which open dates of one kind will be reminded of: how many come, move, are skipped or fall away.

    ``skipped`` lie in the past by the new settings, so nobody is told then.
    """

    new: int = 0
    moved: int = 0
    skipped: int = 0
    dropped: int = 0

    def __bool__(self) -> bool:
        return any((self.new, self.moved, self.skipped, self.dropped))


@dataclass(frozen=True, slots=True)
class Consequence:
    """What happens to the open deadlines of one kind."""

    kind: str
    label: str
    open: int
    moves: tuple[Move, ...]
    reminders: Reminders

    @property
    def numbers(self) -> list[int]:
        """What a person is shown of it, as numbers."""
        told = self.reminders
        return [self.open, len(self.moves), told.new, told.moved, told.skipped, told.dropped]


# (version before or None, version after, at=...) -> what moved. Called within the change, after its version was saved and under
# it; upper floors fill it.
FOLLOWERS: list[Callable[..., list[Consequence]]] = []


def follow_all(before, after, *, at: datetime) -> list[Consequence]:
    return [found for follower in FOLLOWERS for found in follower(before, after, at=at)]


@contextmanager
def giving_way() -> Iterator[None]:
    """An action that gives way: once it has said ``wait_a_moment``, a step of somebody on a case is never made to fail by it.

    Raises Refused, with nothing done, where such a step takes longer than that moment.
    """
    try:
        with acting():
            yield
    except OperationalError as error:
        if getattr(error.__cause__, "sqlstate", "") in BUSY:
            raise Refused("Cases are being worked on at this moment. Try again.", code="busy") from error
        raise


def wait_a_moment() -> None:
    """Wait for rows half a second at most: less than PostgreSQL takes to look for a deadlock, so that of two who wait for each
    other it is this one that gives up, whatever order the other locks its rows in.
    """
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL lock_timeout = '500ms'")
