"""How a case's window follows from its dates, told in words and on a line of time. Shows; decides nothing."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from portal.submissions import hooks, window
from portal.submissions.actions.case import dates_of
from portal.submissions.models import Submission

# Room at both ends of the line, and between two marks of one lane, in percent of its width.
_EDGE, _GAP = 4.0, 9.0


@dataclass(frozen=True, slots=True)
class Row:
    """One fact of the window's derivation: an instant, or None where it has not come, and why it is what it is."""

    label: str
    at: datetime | None
    why: str


@dataclass(frozen=True, slots=True)
class Story:
    """A window and the facts it follows from."""

    window: window.Window
    rows: list[Row]
    used: timedelta
    at: datetime

    @property
    def length_words(self) -> str:
        """How long the window is; empty for one that never opens."""
        return in_words(self.window.closes - self.window.opens) if self.window.opens else ""

    @property
    def closes_in(self) -> str:
        return in_words(self.window.closes - self.at)


def in_words(length: timedelta) -> str:
    """Whole days, such as "30 days"; hours below one day, minutes below one hour."""
    seconds = max(int(length.total_seconds()), 0)
    size, unit = next(((s, u) for s, u in ((86400, "day"), (3600, "hour")) if seconds >= s), (60, "minute"))
    return f"{seconds // size} {unit}{'' if seconds // size == 1 else 's'}"


def story(case: Submission, *, at: datetime) -> Story | None:
    """The case's window as it stands; None while a draft has no planned public release."""
    if case.planned_public_release is None:
        return None
    return tell(dates_of(case, at, locked=False), at=at)


def tell(dates: window.Dates, *, at: datetime) -> Story:
    """The window that follows from these dates, with the reason for each of its instants."""
    found = window.compute(dates)
    first = window.anchor(dates)
    rows = [
        Row("First release", first, _which_anchor(dates, first)),
        Row("Earliest opening", first - window.LIMIT, "30 days before the first release."),
        Row("Access provided", dates.access_provided_at, _access_words(dates)),
        Row("Window opens", found.opens, _opens_words(dates, found)),
        Row("Window closes", found.closes, _closes_words(dates, found, first)),
    ]
    return Story(found, rows, dates.used, at)


def _which_anchor(dates: window.Dates, first: datetime) -> str:
    if first == dates.planned_partner_release:
        return "The planned partner release."
    if first == dates.first_grant_starts_at:
        return "The start of the first agreed grant."
    if dates.planned_partner_release is None and dates.first_grant_starts_at is None:
        return "The planned public release, as no partner stage is planned."
    return "The planned public release."


def _access_words(dates: window.Dates) -> str:
    if dates.access_provided_at is None:
        return "Not provided. Providing it is the lab's choice."
    return "The lab gave its access instructions."


def _opens_words(dates: window.Dates, found: window.Window) -> str:
    if dates.opened_at is not None and found.opens is not None:
        return "It has opened; this instant no longer moves."
    if found.opens is not None:
        return "The later of the two instants above."
    if dates.access_provided_at is None:
        return "Not before access is provided."
    return "The window is empty: it would have closed before it opened."


def _closes_words(dates: window.Dates, found: window.Window, first: datetime) -> str:
    if found.closes == dates.withdrawn_at:
        return "The lab withdrew."
    if found.closes == dates.released_at:
        return "The lab recorded its release."
    if found.closes == first:
        return "At the first release, whatever is finished by then."
    if dates.ended is not None and not _used_up(dates, found):
        return "It has ended; this instant no longer moves."
    if dates.used:
        return "30 days in all for this checkpoint, other cases of the same checkpoint counted in."
    return "30 days after it opens, the longest a window can be."


def _used_up(dates: window.Dates, found: window.Window) -> bool:
    """Whether the window was as long as one can be."""
    return found.opens is not None and found.closes - found.opens >= window.LIMIT - dates.used


def with_dates(case: Submission, *, public: datetime, partner: datetime | None, at: datetime) -> window.Dates:
    """The case's dates if the lab moved its planned releases to these; nothing is saved."""
    starts = [first(case, partner, at) for first in hooks.FIRST_GRANT_IF]
    return replace(
        dates_of(case, at, locked=False),
        planned_public_release=public,
        planned_partner_release=partner,
        first_grant_starts_at=min((start for start in starts if start is not None), default=None),
    )


@dataclass(frozen=True, slots=True)
class Mark:
    """A point on the line: ``x`` in percent of its width, ``y`` in pixels; ``number`` refers to the table beside it."""

    number: int
    label: str
    at: datetime
    passed: bool
    x: float
    lane: int

    @property
    def y(self) -> int:
        return 22 + 26 * self.lane

    @property
    def text_y(self) -> int:
        return self.y + 5


@dataclass(frozen=True, slots=True)
class Line:
    """What the drawing shows: marks in order of time, the window as a bar, the present instant."""

    marks: list[Mark]
    bar_x: float | None
    bar_width: float
    now_x: float | None
    lanes: int

    @property
    def axis_y(self) -> int:
        return 22 + 26 * self.lanes

    @property
    def bar_y(self) -> int:
        return self.axis_y - 5

    @property
    def now_y2(self) -> int:
        return self.axis_y + 8

    @property
    def now_anchor(self) -> str:
        """So that the word stays within the drawing at both ends."""
        if self.now_x is not None and not 8 < self.now_x < 92:
            return "start" if self.now_x <= 8 else "end"
        return "middle"

    @property
    def height(self) -> int:
        return self.axis_y + 30

    @property
    def label_y(self) -> int:
        return self.axis_y + 22


def line(case: Submission, *, at: datetime, more: Iterable[tuple[str, datetime]] = ()) -> Line | None:
    """The case on a line of time, with ``more`` instants by their labels; None while fewer than two are known."""
    points = sorted([*_points(case), *more], key=lambda point: point[1])
    if len(points) < 2:
        return None
    first, last = min(points[0][1], at), max(points[-1][1], at)
    span = (last - first) or timedelta(seconds=1)

    def place(instant: datetime) -> float:
        return round(_EDGE + (100 - 2 * _EDGE) * ((instant - first) / span), 2)

    ends: list[float] = []
    marks = []
    for number, (label, instant) in enumerate(points, start=1):
        x = place(instant)
        lane = next((index for index, end in enumerate(ends) if x - end >= _GAP), len(ends))
        if lane == len(ends):
            ends.append(x)
        ends[lane] = x
        marks.append(Mark(number, label, instant, instant <= at, x, lane))
    bar_x = bar_width = None
    if case.opens_at is not None and case.closes_at is not None:
        bar_x = place(case.opens_at)
        bar_width = round(place(case.closes_at) - bar_x, 2)
    return Line(marks, bar_x, bar_width or 0.0, place(at), len(ends))


def _points(case: Submission) -> list[tuple[str, datetime]]:
    """What has an instant on this case, earliest first."""
    found = [
        ("Submitted", case.submitted_at),
        ("Acknowledged", case.acknowledged_at),
        ("Access terms agreed", case.agreed_at),
        ("Access provided", case.access_provided_at),
        ("Window opens", case.opens_at),
        ("Window closes", case.closes_at if case.submitted_at else None),
        ("First agreed grant starts", case.first_grant_starts_at),
        ("Planned partner release", case.planned_partner_release),
        ("Planned public release", case.planned_public_release),
        ("Release recorded", case.released_at),
        ("Withdrawn", case.withdrawn_at),
        ("Closed", case.closed_at),
    ]
    return sorted(((label, instant) for label, instant in found if instant), key=lambda point: point[1])
