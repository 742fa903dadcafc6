"""The comparison as a table for spreadsheets: every number in full, one row a pair, then what one side alone has."""

from collections.abc import Sequence
from typing import Any

from portal import sheets
from reviews.evidence.pairing import Compared, Measured

COLUMNS = (
    "Task", "Score", "Metric",
    "Lab's value", "Lab's standard error", "Lab's samples", "Lab's model",
    "Agency's value", "Agency's standard error", "Agency's samples", "Agency's model",
    "Difference", "Standard error of the difference", "In words",
)  # fmt: skip


def as_csv(compared: Compared) -> bytes:
    """What both sides say, as CSV."""
    rows = [
        [*_named(pair.lab), *_side(pair.lab), *_side(pair.agency), pair.difference, pair.stderr, pair.words]
        for pair in compared.pairs
    ]
    rows += [
        [*_named(one), *_side(one), *[None] * 4, None, None, "only the lab's"] for one in compared.only_lab
    ]
    rows += [
        [*_named(one), *[None] * 4, *_side(one), None, None, "only the agency's"]
        for one in compared.only_agency
    ]
    return sheets.as_csv(COLUMNS, ([_cell(cell) for cell in row] for row in rows))


def _named(one: Measured) -> Sequence[str]:
    return one.task, one.score, one.metric


def _side(one: Measured) -> Sequence[Any]:
    return one.value, one.stderr, one.samples, one.model


def _cell(cell: Any) -> Any:
    return "" if cell is None else cell
