"""Who can see a case and who looked, as files: every line the pages show, with the SHA-256 of what was given."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from portal import sheets
from portal.submissions import history, oversight, sight
from portal.submissions.models import Submission

# (submission) -> for each person outside the lab's and the agencies' circle, the purpose for which they were let in. Upper
# floors fill it from their AppConfig.
PURPOSES: list[Callable[[Submission], dict[UUID, str]]] = []

SEAT_COLUMNS = ("name", "organisation", "capacity", "part", "since", "until", "status")
LOOK_COLUMNS = ("at", "name", "organisation", "capacity", "what", "document", "file", "purpose")


@dataclass(frozen=True, slots=True)
class Exported:
    """A file to give out; ``sha256`` in hex is of ``content``."""

    name: str
    content_type: str
    content: bytes

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


def seats(case: Submission, *, at: datetime) -> list[dict[str, Any]]:
    """Each part that somebody can, could or will be able to see."""
    return [
        {
            "name": seat.name,
            "organisation": seat.organisation.name,
            "capacity": seat.capacity_label,
            "part": part.label,
            "since": _iso(part.since),
            "until": _iso(part.until),
            "status": part.status,
        }
        for seat in sight.seats_of(case, at=at)
        for part in seat.parts
    ]


def looks(case: Submission, *, at: datetime) -> list[dict[str, Any]]:
    """Every look anyone took, newest first, with the purpose for which the person was let in at that moment."""
    houses = {seat.user_id: seat.organisation.name for seat in sight.seats_of(case, at=at)}
    agreed = sorted(
        (max(terms.lab_accepted_at, terms.government_accepted_at), terms.purpose)
        for terms in case.terms.all()
        if terms.lab_accepted_at and terms.government_accepted_at
    )
    others = {person: purpose for tell in PURPOSES for person, purpose in tell(case).items()}

    def purpose(look: history.Look) -> str:
        if look.capacity in history.SIDES["lab"][1]:
            return "The lab's own case"
        if look.capacity in history.SIDES["partner"][1]:
            return others.get(look.actor_id, "") if look.actor_id else ""
        return next((words for since, words in reversed(agreed) if since <= look.at), "")

    told = sight.with_names(case, history.tell_looks(history.with_files(history.looks(case))))
    return [
        {
            "at": _iso(look.at),
            "name": name,
            "organisation": houses.get(look.actor_id, ""),
            "capacity": sight.capacity_words(look.capacity),
            "what": look.what,
            "document": look.document,
            "file": look.file,
            "purpose": purpose(look),
        }
        for look, name in told
    ]


def accesses(case: Submission) -> list[dict[str, Any]]:
    """Each break-glass access that was opened: for whom and by whom, what, why, and from when to when."""
    return [
        {
            "name": row.officer,
            "organisation": row.access.agency.name,
            "opened_by": row.second,
            "parts": row.access.parts,
            "reason": row.access.reason,
            "since": _iso(row.access.opened_at),
            "until": _iso(row.access.until),
        }
        for row in oversight.opened(case)
    ]


def readings(case: Submission) -> list[dict[str, Any]]:
    """What was noted as reading that differs from usual: by whom, on which day, how, and what came of it."""
    return [
        {
            "day": row.reading.day.isoformat(),
            "name": row.name,
            "organisation": row.reading.organisation.name,
            "kind": row.reading.get_kind_display(),
            "looked_into_at": _iso(row.reading.looked_into_at),
            "outcome": row.reading.get_outcome_display(),
        }
        for row in oversight.noted(case)
    ]


def as_csv(case: Submission, what: str, *, at: datetime) -> Exported:
    """``what`` is ``looks`` or ``seats``."""
    rows, columns = (
        (looks(case, at=at), LOOK_COLUMNS) if what == "looks" else (seats(case, at=at), SEAT_COLUMNS)
    )
    content = sheets.as_csv(columns, ([row[name] for name in columns] for row in rows))
    return _named(case, what, "csv", sheets.CSV, content, at)


def as_json(case: Submission, *, at: datetime) -> Exported:
    """Both in one document."""
    told = {
        "case": case.case_number,
        "made_at": _iso(at),
        "seats": seats(case, at=at),
        "break_glass": accesses(case),
        "unusual_reading": readings(case),
        "looks": looks(case, at=at),
    }
    return _named(case, "record", "json", "application/json", plain_json(told), at)


def plain_json(told: Any) -> bytes:
    """JSON for people and programs: indented, UTF-8, every key in its place."""
    return (json.dumps(told, ensure_ascii=False, indent=1) + "\n").encode()


def _named(case: Submission, what: str, ending: str, kind: str, content: bytes, at: datetime) -> Exported:
    day = at.astimezone(UTC).strftime("%Y-%m-%d")
    return Exported(f"{case.case_number}-{what}-{day}.{ending}", kind, content)


def _iso(instant: datetime | None) -> str:
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z") if instant else ""
