"""What a reader found in a file."""

import math
from dataclasses import dataclass, field
from typing import Any

TEXT_AT_MOST = 500
INTEGER_AT_MOST = 2**63


class Unreadable(Exception):  # noqa: N818 (it is an answer, not a fault)
    """A file of which nothing can be read; the message says why, for the person who brought it."""


@dataclass(frozen=True, slots=True)
class Score:
    """One row of results: what was measured, and each metric's value as the file has it; None where it is no number."""

    name: str
    metrics: dict[str, float | int | None]
    # Where in the file the metrics stand, in the words of its format.
    where: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a text under a heading of its own; ``line`` is where the heading stands, from 1 on."""

    heading: str
    text: str
    line: int


@dataclass(slots=True)
class Evidence:
    """What a file says. Everything but the format may be missing; ``problems`` says what was there and could not be used."""

    format: str
    task: str | None = None
    model: str | None = None
    dataset: str | None = None
    status: str | None = None
    samples: int | None = None
    created: str | None = None
    scores: list[Score] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    sections: list[Section] = field(default_factory=list, compare=False)


def text_in(value: Any) -> str | None:
    """A text of a file, in one line and of bounded length; None for anything else. What no database keeps is replaced."""
    if not isinstance(value, str):
        return None
    text = " ".join(value.split())[:TEXT_AT_MOST].replace("\x00", "\ufffd")
    return text.encode("utf-8", "replace").decode() or None


def count_in(value: Any) -> int | None:
    """A count of a file; None for anything that is no whole number from 0 on."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def number_in(value: Any) -> float | int | None:
    """A number of a file as it stands there; None for what is none, infinite ones among them."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if isinstance(value, int) and abs(value) >= INTEGER_AT_MOST:
        return None
    return value if isinstance(value, int) or math.isfinite(value) else None
