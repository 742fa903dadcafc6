"""Business days: Monday to Friday in the programme's zone, less federal holidays."""

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

import holidays

from portal import clock


@lru_cache(maxsize=64)
def _federal_holidays(year: int) -> frozenset[date]:
    # categories: the federal list as observed by government offices, which move a weekend's holiday to its neighbour.
    return frozenset(holidays.country_holidays("US", years=year, observed=True))


def is_business_day(day: date) -> bool:
    return day.weekday() < 5 and day not in _federal_holidays(day.year)


def add_business_days(instant: datetime, days: int) -> datetime:
    """The instant ``days`` business days later (``days`` >= 0) at the same local time of day; aware UTC in and out."""
    local = instant.astimezone(clock.calendar_zone())
    left = days
    while left > 0:
        local += timedelta(days=1)
        if is_business_day(local.date()):
            left -= 1
    return local.astimezone(UTC)
