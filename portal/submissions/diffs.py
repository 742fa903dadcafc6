"""The difference of two texts, line by line, within bounds that hold whatever the texts are. Pure functions of their values.

By the greedy method of E. W. Myers ("An O(ND) Difference Algorithm and Its Variations", 1986): the work grows with the length
and with the number of differences, and both are bounded, so that no pair of files can keep the web process busy.
"""

from array import array
from collections.abc import Iterator
from dataclasses import dataclass

MOST_BYTES = 512 * 1024
MOST_LINES = 5000
MOST_CHANGES = 1000
CONTEXT = 3
SAME, ADDED, REMOVED, CHANGED, SKIPPED = "same", "added", "removed", "changed", "skipped"


class TooDifferent(Exception):  # noqa: N818 (it is an answer, not a fault)
    """More lines differ than are compared."""


@dataclass(frozen=True, slots=True)
class Row:
    """A line of each side beside the other; a number is None where the side has no line. ``skipped`` equal lines are left out."""

    kind: str
    old_number: int | None = None
    old: str = ""
    new_number: int | None = None
    new: str = ""
    skipped: int = 0


def lines_of(content: bytes) -> list[str]:
    """The lines of a stored text; a byte order mark and the kinds of line ends are no difference."""
    return content.decode("utf-8", "replace").removeprefix("\ufeff").splitlines()


def compare(old: list[str], new: list[str]) -> list[Row]:
    """The two texts beside each other, equal lines far from a difference left out; none for equal ones. Raises TooDifferent."""
    start = 0
    while start < min(len(old), len(new)) and old[start] == new[start]:
        start += 1
    end = 0
    while end < min(len(old), len(new)) - start and old[-1 - end] == new[-1 - end]:
        end += 1
    kept = [(i, i) for i in range(start)]
    middle = _matches(old[start : len(old) - end], new[start : len(new) - end])
    kept += [(i + start, j + start) for i, j in middle]
    kept += [(len(old) - n, len(new) - n) for n in range(end, 0, -1)]
    return _folded(list(_rows(old, new, kept)))


def _matches(old: list[str], new: list[str]) -> list[tuple[int, int]]:
    """The places of equal lines in a shortest way from one text to the other."""
    numbers: dict[str, int] = {}
    a = [numbers.setdefault(line, len(numbers)) for line in old]
    b = [numbers.setdefault(line, len(numbers)) for line in new]
    steps: list[array] = []
    # furthest[k] for diagonals -d, -d + 2, ..., d of each number d of differences.
    before = array("l", [0])
    for d in range(min(len(a) + len(b), MOST_CHANGES) + 1):
        furthest = array("l")
        for index in range(d + 1):
            k = 2 * index - d
            x = _reach(before, index, d)
            while x < len(a) and x - k < len(b) and a[x] == b[x - k]:
                x += 1
            furthest.append(x)
            if x >= len(a) and x - k >= len(b):
                steps.append(furthest)
                return _walked_back(steps, len(a), len(b))
        steps.append(furthest)
        before = furthest
    raise TooDifferent


def _reach(before: array, index: int, d: int) -> int:
    """Where a diagonal begins at ``d`` differences: one line of the new text further, or one of the old, whichever is ahead."""
    if d == 0:
        return 0
    if index == 0 or (index < d and before[index - 1] < before[index]):
        return before[index]
    return before[index - 1] + 1


def _walked_back(steps: list[array], x: int, y: int) -> list[tuple[int, int]]:
    found = []
    for d in range(len(steps) - 1, -1, -1):
        index = (x - y + d) // 2
        start = _reach(steps[d - 1], index, d) if d else 0
        while x > start:
            x, y = x - 1, y - 1
            found.append((x, y))
        if d:
            if index == 0 or (index < d and steps[d - 1][index - 1] < steps[d - 1][index]):
                y -= 1
            else:
                x -= 1
    return found[::-1]


def _rows(old: list[str], new: list[str], kept: list[tuple[int, int]]) -> Iterator[Row]:
    i = j = 0
    for next_i, next_j in [*kept, (len(old), len(new))]:
        # Between two equal lines, removed and added ones stand beside each other.
        for n in range(max(next_i - i, next_j - j)):
            has_old, has_new = i + n < next_i, j + n < next_j
            yield Row(
                CHANGED if has_old and has_new else REMOVED if has_old else ADDED,
                i + n + 1 if has_old else None,
                old[i + n] if has_old else "",
                j + n + 1 if has_new else None,
                new[j + n] if has_new else "",
            )
        if next_i < len(old) and next_j < len(new):
            yield Row(SAME, next_i + 1, old[next_i], next_j + 1, new[next_j])
        i, j = next_i + 1, next_j + 1


def _folded(rows: list[Row]) -> list[Row]:
    shown: set[int] = set()
    for place, row in enumerate(rows):
        if row.kind != SAME:
            shown.update(range(place - CONTEXT, place + CONTEXT + 1))
    if not shown:
        return []
    folded: list[Row] = []
    skipped = 0
    for place, row in enumerate(rows):
        if place in shown:
            if skipped:
                folded.append(Row(SKIPPED, skipped=skipped))
                skipped = 0
            folded.append(row)
        else:
            skipped += 1
    return [*folded, Row(SKIPPED, skipped=skipped)] if skipped else folded
