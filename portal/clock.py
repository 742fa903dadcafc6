"""The one clock of the portal.

Every rule that depends on time takes an instant ``at`` as an argument; doors get it from :func:`now`. In production the
clock is the machine's. Where ``PORTAL_CLOCK_MOVABLE`` is set (demo and tests, refused in production) it is the machine's
clock plus the offset in the owner-only row of ``portal_clock``, so that web, worker and SQL agree on a moved time.
"""

from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings
from django.db import connection

# How far the clocks of two machines may be apart.
SKEW = timedelta(minutes=2)

_offset: ContextVar[timedelta] = ContextVar("portal_clock_offset", default=timedelta(0))
# What stands for the present instant in a statement that is made to be asked again later (``portal.prepared``).
_instead: ContextVar[Any] = ContextVar("portal_clock_instead", default=None)


def now() -> datetime:
    """The present instant, aware, in UTC."""
    return _instead.get() or known()


def known() -> datetime:
    """The present instant, also while a statement is made for later ones (``instead``)."""
    return datetime.now(UTC) + _offset.get()


def machine() -> datetime:
    """The machine's own instant, by which tokens age as sessions do: moving the demonstration's clock ends none."""
    return datetime.now(UTC)


def refresh() -> None:
    """Read the demo's offset again; called once at the start of a request and of a task, so one piece of work sees one clock."""
    if not settings.PORTAL_CLOCK_MOVABLE:
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_offset FROM portal_clock")
        row = cursor.fetchone()
    _offset.set(row[0] if row else timedelta(0))


class ClockMiddleware:
    """Read the movable clock before the request's transaction begins; does nothing where the clock cannot be moved."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        if not request.path.startswith("/health/"):
            refresh()
        return self.get_response(request)


@contextmanager
def instead(given: Any):
    """Run a block in which the present instant is not known yet: ``given`` stands for it."""
    token = _instead.set(given)
    try:
        yield
    finally:
        _instead.reset(token)


@contextmanager
def at_offset(offset: timedelta):
    """Run a block with the clock shifted by ``offset``; for the demo's history, written through the actions."""
    token = _offset.set(offset)
    try:
        yield
    finally:
        _offset.reset(token)


def zone_of(person) -> ZoneInfo:
    """The zone in which a person reads; the programme's where theirs is none that this machine knows."""
    try:
        return ZoneInfo(person.zone)
    except (ZoneInfoNotFoundError, ValueError):
        return calendar_zone()


def calendar_zone() -> ZoneInfo:
    """The zone in which calendar days are counted and shown (US Eastern by default)."""
    return ZoneInfo(settings.PORTAL_CALENDAR_ZONE)


def calendar_day(instant: datetime) -> date:
    """The calendar day of an instant in the programme's zone."""
    return instant.astimezone(calendar_zone()).date()


def end_of_day(day: date) -> datetime:
    """The last whole second of a calendar day in the programme's zone, in UTC."""
    return datetime.combine(day, time(23, 59, 59), calendar_zone()).astimezone(UTC)
