"""Tables for spreadsheets."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

CSV = "text/csv; charset=utf-8"
# A spreadsheet takes a cell that begins so for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def as_csv(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    """RFC 4180 in UTF-8; cells that a spreadsheet would take for formulas are defused by an apostrophe."""
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator="\r\n")
    writer.writerow([defused(column) for column in columns])
    writer.writerows([defused(cell) for cell in row] for row in rows)
    return stream.getvalue().encode()


def defused(cell: Any) -> str:
    text = str(cell)
    # A number below zero is no formula, and would be no number any more behind an apostrophe.
    is_number = isinstance(cell, int | float)
    return f"'{text}" if text.startswith(_FORMULA) and not is_number else text
