"""When quiet hours end: by the clock on the wall, over every change of it, against a walk minute by minute."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from portal.deadlines.models import QuietHours
from portal.deadlines.quiet import waits_until

MINUTE = timedelta(minutes=1)
ZONES = ("America/New_York", "Europe/London", "Australia/Lord_Howe", "UTC", "Asia/Kathmandu")
# In UTC, near a change of the clocks: forward in New York, London and Lord Howe, then back there.
TURNS = (
    datetime(2026, 3, 8, 7, tzinfo=UTC), datetime(2026, 3, 29, 1, tzinfo=UTC), datetime(2026, 10, 3, 15, 30, tzinfo=UTC),
    datetime(2026, 11, 1, 6, tzinfo=UTC), datetime(2026, 10, 25, 1, tzinfo=UTC), datetime(2026, 4, 4, 15, tzinfo=UTC),
)  # fmt: skip


def hours(begins: str, ends: str) -> QuietHours:
    return QuietHours(begins=time.fromisoformat(begins), ends=time.fromisoformat(ends))


def walked(quiet: QuietHours, zone: ZoneInfo, at: datetime) -> datetime | None:
    """The first whole minute at which the wall shows a time that is not quiet; None where it is none at once."""
    quiet_minutes, minute = set(), quiet.begins
    while minute != quiet.ends:
        quiet_minutes.add(minute)
        minute = (datetime.combine(datetime(2026, 1, 1, tzinfo=UTC), minute) + MINUTE).time()
    now = at.replace(second=0, microsecond=0)
    if _shown(now, zone) not in quiet_minutes:
        return None
    while _shown(now, zone) in quiet_minutes:
        now += MINUTE
    return now


def _shown(now: datetime, zone: ZoneInfo) -> time:
    return now.astimezone(zone).time().replace(fold=0)


times = st.builds(time, st.integers(0, 23), st.integers(0, 59))
near_turns = st.builds(
    lambda turn, seconds: turn + timedelta(seconds=seconds),
    st.sampled_from(TURNS),
    st.integers(-36 * 3600, 36 * 3600),
)
anywhere = st.datetimes(datetime(2015, 1, 1), datetime(2037, 12, 31), timezones=st.just(UTC))


@pytest.mark.parametrize("zone", ZONES)
@settings(max_examples=150, deadline=None)
@given(begins=times, ends=times, at=near_turns | anywhere)
@example(begins=time(2, 45), ends=time(2, 15), at=datetime(2026, 3, 8, 6, 59, tzinfo=UTC))
@example(begins=time(1, 40), ends=time(3, 0), at=datetime(2026, 11, 1, 5, 45, tzinfo=UTC))
def test_they_end_when_a_walk_minute_by_minute_says(zone, begins, ends, at):
    if begins == ends:
        return
    quiet = QuietHours(begins=begins, ends=ends)
    assert waits_until(quiet, ZoneInfo(zone), at) == walked(quiet, ZoneInfo(zone), at)


@pytest.mark.parametrize(
    ("zone", "quiet", "at", "ends_at"),
    [
        # Past midnight, in winter and in summer.
        ("America/New_York", ("22:00", "07:00"), "2026-01-15T04:00", "2026-01-15T12:00"),
        ("America/New_York", ("22:00", "07:00"), "2026-07-15T03:00", "2026-07-15T11:00"),
        # The beginning is quiet, the end is not.
        ("UTC", ("22:00", "07:00"), "2026-01-15T22:00", "2026-01-16T07:00"),
        ("UTC", ("22:00", "07:00"), "2026-01-15T07:00", None),
        ("UTC", ("22:00", "07:00"), "2026-01-15T21:59:59", None),
        ("UTC", ("22:00", "07:00"), "2026-01-15T06:59:59", "2026-01-15T07:00"),
        ("UTC", ("12:00", "13:00"), "2026-01-15T12:30", "2026-01-15T13:00"),
        ("UTC", ("22:00", "00:00"), "2026-01-15T23:30", "2026-01-16T00:00"),
        ("Asia/Kathmandu", ("22:00", "07:00"), "2026-01-15T17:00", "2026-01-16T01:15"),
        # A night of the change, an hour shorter or longer.
        ("America/New_York", ("22:00", "07:00"), "2026-03-08T04:00", "2026-03-08T11:00"),
        ("America/New_York", ("22:00", "07:00"), "2026-11-01T03:00", "2026-11-01T12:00"),
        # 2:30 a.m. is skipped: they end when the clock goes from 2 to 3.
        ("America/New_York", ("22:00", "02:30"), "2026-03-08T06:30", "2026-03-08T07:00"),
        # 1:30 a.m. comes twice, and what is quiet by the clock is quiet both times.
        ("America/New_York", ("22:00", "01:30"), "2026-11-01T05:00", "2026-11-01T05:30"),
        ("America/New_York", ("22:00", "01:30"), "2026-11-01T06:10", "2026-11-01T06:30"),
        # Lord Howe's clocks go by half an hour.
        ("Australia/Lord_Howe", ("22:00", "02:15"), "2026-10-03T15:00", "2026-10-03T15:30"),
        # The half hour that was not quiet is skipped, so the next day's it is.
        ("America/New_York", ("02:45", "02:15"), "2026-03-08T06:59", "2026-03-09T06:15"),
    ],
)  # fmt: skip
def test_examples(zone, quiet, at, ends_at):
    found = waits_until(hours(*quiet), ZoneInfo(zone), datetime.fromisoformat(at).replace(tzinfo=UTC))
    assert found == (ends_at and datetime.fromisoformat(ends_at).replace(tzinfo=UTC))


def test_without_quiet_hours_nothing_waits():
    assert waits_until(None, ZoneInfo("UTC"), datetime(2026, 1, 15, 23, tzinfo=UTC)) is None


def test_the_end_is_an_instant_in_utc_whatever_zone_it_is_asked_in():
    at = datetime(2026, 1, 15, 23, tzinfo=ZoneInfo("America/New_York"))
    found = waits_until(hours("22:00", "07:00"), ZoneInfo("America/New_York"), at)
    assert (found, found.tzinfo) == (datetime(2026, 1, 16, 12, tzinfo=UTC), UTC)
