"""Pairs of results as a picture: where each dot, error bar and label of it stands. Pure; a template draws it.

Places along the line are in percent of the width, others in pixels. Results of one metric share an axis, of others they have
their own, since an accuracy and a number of tokens are on no scale together.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from reviews.evidence.pairing import Measured, Pair

DRAWN = 40
LEFT, RIGHT = 9.0, 96.0
TOP, ROW, APART, FOOT = 14, 40, 8, 40
# No label of an axis that ends here rounds up to what is no number any more.
LARGEST = 1.7e308
# What is nearer together than this cannot be told apart on an axis, or in a float.
_NEAR, _TINY = 1e-12, 1e-290


@dataclass(frozen=True, slots=True)
class Mark:
    """One result: its dot, and its error bar from ``low`` to ``high``, both None where no standard error was given."""

    x: float
    y: int
    low: float | None
    high: float | None

    @property
    def cap(self) -> tuple[int, int]:
        return self.y - 4, self.y + 4

    @property
    def top(self) -> float:
        """Where a square of 9 begins whose middle is the dot."""
        return self.y - 4.5


@dataclass(frozen=True, slots=True)
class Line:
    """One pair: ``number`` refers to the table's row; ``y`` is its middle."""

    number: int
    y: int
    lab: Mark
    agency: Mark

    @property
    def text_y(self) -> int:
        return self.y + 5


@dataclass(frozen=True, slots=True)
class Tick:
    """A place of an axis with its label, which stays within the picture."""

    x: float
    label: str

    @property
    def anchor(self) -> str:
        if self.x < LEFT + 6:
            return "start"
        return "end" if self.x > RIGHT - 6 else "middle"


@dataclass(frozen=True, slots=True)
class Chart:
    """The pairs of one metric, and the places of their axis that are labelled."""

    metric: str
    lines: list[Line]
    ticks: list[Tick]

    @property
    def bottom(self) -> int:
        return TOP + ROW * len(self.lines)

    @property
    def height(self) -> int:
        return self.bottom + FOOT

    @property
    def tick_y(self) -> int:
        return self.bottom + 16

    @property
    def label_y(self) -> int:
        return self.bottom + 34


def charts(pairs: Sequence[Pair]) -> list[Chart]:
    """The first ``DRAWN`` pairs, a chart for each metric, under the numbers that they have in the order given."""
    numbered = sorted(enumerate(pairs[:DRAWN], start=1), key=lambda one: (one[1].lab.key[2], one[0]))
    return [_chart(list(rows)) for _, rows in groupby(numbered, key=lambda one: one[1].lab.key[2])]


def _chart(rows: list[tuple[int, Pair]]) -> Chart:
    low, high = span(one for _, pair in rows for one in (pair.lab, pair.agency))

    def mark(one: Measured, y: int) -> Mark:
        reach = (None, None) if one.stderr is None else (one.value - one.stderr, one.value + one.stderr)
        ends = [None if end is None else place(end, low, high) for end in reach]
        return Mark(place(one.value, low, high), y, *ends)

    lines = []
    for position, (number, pair) in enumerate(rows):
        y = TOP + ROW * position + ROW // 2
        lines.append(Line(number, y, mark(pair.lab, y - APART), mark(pair.agency, y + APART)))
    return Chart(rows[0][1].lab.metric, lines, ticks(low, high))


def span(rows: Iterable[Measured]) -> tuple[float, float]:
    """From where to where an axis goes that shows these results with their error bars, with a margin: finite, and never empty."""
    ends = [_bounded(one.value + sign * (one.stderr or 0)) for one in rows for sign in (-1, 1)]
    low, high = min(ends), max(ends)
    size = max(abs(low), abs(high))
    margin = (high / 2 - low / 2) / 10
    if margin <= size * _NEAR or margin <= _TINY:
        margin = size / 10 if size / 10 > _TINY else 0.5
    return _bounded(low - margin), _bounded(high + margin)


def place(value: float, low: float, high: float) -> float:
    """Where a value stands on an axis, in percent of the picture's width. In halves, so that no difference is too large."""
    share = (_bounded(value) / 2 - low / 2) / (high / 2 - low / 2)
    return round(LEFT + (RIGHT - LEFT) * min(max(share, 0.0), 1.0), 2)


def ticks(low: float, high: float) -> list[Tick]:
    """Two to five round numbers on an axis, each with its place; the ends of the axis where no round one is between them."""
    values = _round_values(low, high)
    if len(values) < 2:
        values = [low, high]
    for digits in range(3, 18):
        labels = [f"{value:.{digits}g}" for value in values]
        if len(set(labels)) == len(labels):
            break
    return [Tick(place(value, low, high), label) for value, label in zip(values, labels, strict=True)]


def _round_values(low: float, high: float) -> list[float]:
    rough = high / 4 - low / 4
    if not 1e-280 < rough < 1e280 or rough < max(abs(low), abs(high)) * 1e-9:
        return []
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough)
    first = math.ceil(low / step)
    # Zero is written as such, and not as the rounding of a step.
    return [number * step if number else 0.0 for number in range(first, math.floor(high / step) + 1)]


def _bounded(value: float) -> float:
    return min(max(value, -LARGEST), LARGEST)
