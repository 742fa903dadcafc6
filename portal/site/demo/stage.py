"""The demonstration's past: scripts of several cases, played in the order of their dates under a clock set back.

A script is a generator. It yields the instant at which it wants to go on; the stage plays whichever comes next, so that the
ledger tells one history. Between the steps the periodic jobs run as they would have.
"""

import heapq
import itertools
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, time, timedelta

from django.db import connection

from partners import actions as partners
from portal import clock
from portal.deadlines import planning
from portal.site.demo.people import Cast
from portal.submissions import actions as submissions
from reviews import actions as reviews

Script = Iterator[datetime]
# The periodic jobs of the past run when there was something for them, and no more often than this.
ROUND = timedelta(hours=6)
_NEXT_WORK = """
    SELECT least(
        (SELECT min(next_at) FROM deadlines_deadline WHERE met_at IS NULL AND cancelled_at IS NULL),
        (SELECT min(opens_at) FROM submissions_submission WHERE stored_state = 'agreed' AND open_recorded_at IS NULL),
        (SELECT min(closes_at) FROM submissions_submission WHERE stored_state = 'agreed' AND end_recorded_at IS NULL),
        (SELECT min(starts_at) FROM partners_grant WHERE stored_state = 'agreed' AND start_recorded_at IS NULL),
        (SELECT min(expires_at) FROM partners_grant WHERE stored_state = 'agreed' AND expiry_recorded_at IS NULL),
        (SELECT min(expires_at) FROM reviews_assignment
          WHERE stored_state IN ('proposed', 'active') AND expiry_recorded_at IS NULL)
    )
"""


class Stage:
    """``now`` is the present instant of the load, at which every script ends."""

    def __init__(self, cast: Cast, now: datetime):
        self.cast, self.now = cast, now
        self._last_round = now
        self._reached = datetime.min.replace(tzinfo=UTC)

    def day(self, days: int, hour: int = 10, minute: int = 0) -> datetime:
        """An instant that many calendar days from today at a time of the programme's zone."""
        date = clock.calendar_day(self.now) + timedelta(days=days)
        return datetime.combine(date, time(hour, minute), clock.calendar_zone()).astimezone(UTC)

    def ago(self, **span: float) -> datetime:
        return self.now - timedelta(**span)

    def ahead(self, **span: float) -> datetime:
        return self.now + timedelta(**span)

    def play(self, scripts: list[Callable[["Stage"], Script]]) -> None:
        """Play every script to its end, the earliest step first."""
        order = itertools.count()
        waiting: list[tuple[datetime, int, Script]] = []
        for script in scripts:
            self._wait(waiting, script(self), order)
        self._last_round = waiting[0][0]
        while waiting:
            at, _, script = heapq.heappop(waiting)
            if at > self.now:
                raise ValueError("A script of the past asks for a step in the future.")
            self._pass_time(at)
            with self._clock_at(at):
                self._wait(waiting, script, order)
        self._pass_time(self.now)
        with self._clock_at(self.now):
            self._jobs(clock.now())

    def _wait(self, waiting: list, script: Script, order: Iterator[int]) -> None:
        at = next(script, None)
        if at is not None:
            heapq.heappush(waiting, (at, next(order), script))

    def _pass_time(self, until: datetime) -> None:
        """The rounds of the periodic jobs from the last one to ``until``, where there was work for them."""
        while (work := _next_work()) is not None:
            at = max(work + timedelta(seconds=5), self._last_round + ROUND)
            if at > until:
                return
            self._last_round = at
            with self._clock_at(at):
                self._jobs(clock.now())

    @contextmanager
    def _clock_at(self, at: datetime) -> Iterator[None]:
        """The clock set to an instant, or to where the step before has come, so that no step seems older than an earlier one."""
        with clock_at(max(at, self._reached)):
            yield
            self._reached = clock.now()

    def _jobs(self, at: datetime) -> None:
        submissions.record_clock(at=at)
        reviews.record_clock(at=at)
        partners.record_clock(at=at)
        planning.plan(at=at)


def clock_at(at: datetime) -> AbstractContextManager[None]:
    """The portal's clock set to an instant, from which it goes on, for a block of this process."""
    with clock.at_offset(timedelta(0)):
        machine = clock.now()
    return clock.at_offset(at - machine)


def _next_work() -> datetime | None:
    with connection.cursor() as cursor:
        cursor.execute(_NEXT_WORK)
        return cursor.fetchone()[0]
