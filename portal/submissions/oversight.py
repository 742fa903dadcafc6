"""What the lab of a case reads of break-glass access and of reading that differs from usual: under the names it knows."""

from dataclasses import dataclass

from portal.submissions.models import BreakGlass, Submission, UnusualReading
from portal.submissions.people import public_names


@dataclass(frozen=True, slots=True)
class Opened:
    """One access with what the lab calls the two persons."""

    access: BreakGlass
    officer: str
    second: str


def opened(case: Submission) -> list[Opened]:
    """The accesses to a case that were opened, the newest first. One query where there is none."""
    rows = list(BreakGlass.objects.told_to_lab(case).select_related("agency"))
    for row in rows:
        row.submission = case
    names = public_names(case, {person for row in rows for person in (row.asked_by_id, row.opened_by_id)})
    return [Opened(row, names[row.asked_by_id], names[row.opened_by_id]) for row in rows]


@dataclass(frozen=True, slots=True)
class Noted:
    """Reading that differs from usual, with what the lab calls the reader."""

    reading: UnusualReading
    name: str


def noted(case: Submission) -> list[Noted]:
    """What was noted of the reading of a case, the newest first. One query where there is nothing."""
    rows = list(UnusualReading.objects.told_to_lab(case).select_related("organisation"))
    names = public_names(case, {row.person_id for row in rows})
    return [Noted(row, names[row.person_id]) for row in rows]
