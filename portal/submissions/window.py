"""When the access window opens and closes: pure functions of dates, the only place that knows how.

Source: Executive Order 14409 as told in DOMAIN.md, "The window": at most 30 days, cumulative per model checkpoint; it closes
at the lab's own date, whoever is late.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

LIMIT = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Window:
    """``opens`` is None while access is not provided, and for a window that is empty."""

    opens: datetime | None
    closes: datetime


@dataclass(frozen=True, slots=True)
class Dates:
    """The facts a window follows from. All instants aware; None where the thing has not happened or is not planned."""

    planned_public_release: datetime
    planned_partner_release: datetime | None = None
    first_grant_starts_at: datetime | None = None
    access_provided_at: datetime | None = None
    released_at: datetime | None = None
    withdrawn_at: datetime | None = None
    # An opening that has already happened stays where it was.
    opened_at: datetime | None = None
    # How much of the 30 days other windows of the same checkpoint have used.
    used: timedelta = timedelta(0)
    # A window that has ended stays what it was, whatever is planned anew: nothing opens it a second time.
    ended: Window | None = None


def anchor(dates: Dates) -> datetime:
    """A: the planned partner release or the first agreed grant's start, whichever is first; else the planned public release."""
    stages = (dates.planned_partner_release, dates.first_grant_starts_at, dates.planned_public_release)
    return min(stage for stage in stages if stage is not None)


def compute(dates: Dates) -> Window:
    """The window that follows from the dates; never longer than 30 days less what the checkpoint has used."""
    if dates.ended is not None:
        return dates.ended
    first_release = anchor(dates)
    ends = [end for end in (first_release, dates.withdrawn_at, dates.released_at) if end is not None]
    opens = dates.opened_at
    if opens is None and dates.access_provided_at is not None:
        opens = max(dates.access_provided_at, first_release - LIMIT)
    if opens is None:
        return Window(None, min(ends))
    closes = min(*ends, opens + max(LIMIT - dates.used, timedelta(0)))
    if closes <= opens:
        return Window(None, min(ends))
    return Window(opens, closes)
