"""The access windows on one line of time, for the workbench's first page: a picture, and a table that says the same."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.html import format_html_join
from django.utils.safestring import SafeString, mark_safe

from portal.admin import case_link, state_tag
from portal.formats import instant
from portal.submissions.models import Submission
from portal.submissions.states import State

# What the line shows, around the present instant; how many windows at most, of how many cases: those that close first.
BEHIND, AHEAD = timedelta(days=30), timedelta(days=45)
SHOWN, READ = 15, 40
# In percent of the width: the numbers stand before it.
LEFT, RIGHT = 6.0, 99.0
TOP, ROW = 8, 26

_BAR = (
    '<rect class="workbench-windows__bar workbench-windows__bar--{}" x="{}%" width="{}%" y="{}" height="16" rx="3"></rect>'
    '<text class="workbench-windows__number" x="3%" y="{}" text-anchor="middle">{}</text>'
).format
_ROW = (
    '<tr><td data-label="No.">{}</td><th scope="row">{}</th><td data-label="Lab">{}</td><td data-label="State">{}</td>'
    '<td data-label="Opens">{}</td><td data-label="Closes">{}</td></tr>'
)


@dataclass(frozen=True, slots=True)
class Bar:
    """One window: ``x`` and ``width`` in percent, ``y`` in pixels; ``number`` refers to the table's row."""

    number: int
    case: Submission
    state: State
    x: float
    width: float

    @property
    def y(self) -> int:
        return TOP + ROW * (self.number - 1)

    @property
    def text_y(self) -> int:
        return self.y + 12


@dataclass(frozen=True, slots=True)
class Picture:
    """The windows in the order in which they close; ``more`` whether others close after those shown."""

    bars: list[Bar]
    weeks: list[tuple[float, datetime]]
    now_x: float
    more: bool

    @property
    def bottom(self) -> int:
        return TOP + ROW * len(self.bars)

    @property
    def height(self) -> int:
        return self.bottom + 24

    @property
    def label_y(self) -> int:
        return self.bottom + 17

    # Both are written here: a template's loops take longer over them than the database takes to find the cases.
    @property
    def drawn(self) -> SafeString:
        # Numbers alone, and the state's own name: nothing that could be markup.
        shapes = [_BAR(bar.state.value, bar.x, bar.width, bar.y, bar.text_y, bar.number) for bar in self.bars]
        return mark_safe("".join(shapes))  # noqa: S308

    @property
    def rows(self) -> SafeString:
        return format_html_join("", _ROW, (self._row(bar) for bar in self.bars))

    def _row(self, bar: Bar) -> tuple:
        case = bar.case
        link, state = case_link(case.pk, case.case_number), state_tag(bar.state)
        return bar.number, link, case.lab, state, instant(case.opens_at), instant(case.closes_at)


def closing_next(user, *, at: datetime) -> list[Submission]:
    """The cases that this person sees for the government and whose window has yet to close, the next one first. One query."""
    found = (
        Submission.objects.visible_to(user, at=at)
        .beyond(user)
        .in_state(State.AGREED, State.OPEN, at=at)
        # Nothing that has yet to close is recorded as ended: said so that the index of those answers.
        .filter(closes_at__lte=at + AHEAD, end_recorded_at=None)
        .select_related("lab")
        .only("case_number", "stored_state", "opens_at", "closes_at", "lab__name")
        .order_by("closes_at", "pk")
    )
    return list(found[: READ + 1])


def picture(cases: list[Submission], *, at: datetime) -> Picture:
    """Of ``closing_next``, those with a window: until access is provided there is none."""
    first, last = at - BEHIND, at + AHEAD
    drawn = [case for case in cases if case.opens_at is not None]

    def place(instant: datetime) -> float:
        share = (min(max(instant, first), last) - first) / (last - first)
        return round(LEFT + (RIGHT - LEFT) * share, 2)

    bars = []
    for number, case in enumerate(drawn[:SHOWN], start=1):
        x = place(case.opens_at)
        width = round(max(place(case.closes_at) - x, 0.4), 2)
        bars.append(Bar(number, case, State(case.state_at(at)), x, width))
    weeks = [at + timedelta(days=days) for days in (14, 28, 42)]
    return Picture(
        bars, [(place(week), week) for week in weeks], place(at), len(drawn) > SHOWN or len(cases) > READ
    )
