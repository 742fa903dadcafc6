"""Who can see a case, from when to when, and in what capacity: the audience view as the lab reads it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from portal.accounts.models import Organisation
from portal.submissions.models import Audience, Submission
from portal.submissions.people import names_in, naming, public_names
from portal.submissions.policies import LAB_SEES

CAPACITIES = {
    "lab": "Lab, writes",
    "lab_viewer": "Lab, reads",
    "lab_service": "Lab's service, writes",
    "lab_service_viewer": "Lab's service, reads",
    "coordinator": "Programme coordinator",
    "agency_coordinator": "Coordinator of an invited agency",
    "designator": "Designator",
    "auditor": "Auditor",
    "liaison": "Liaison",
    "break_glass": "Security officer, break-glass access",
    "lead": "Lead reviewer",
    "reviewer": "Reviewer",
    "partner": "Partner",
}
SCOPES = {
    "record": "Case number, lab, state and dates",
    "facts": "Facts about the model",
    "documents": "Documents",
    "instructions": "Access instructions",
    "assessments": "Assessments",
    "offer": "The offer of a grant",
    "model": "The model's name and summary",
}
NOW, LATER, ENDED = "now", "later", "ended"


def capacity_words(capacity: str) -> str:
    """What a capacity is called; its own name where nobody has words for it."""
    return CAPACITIES.get(capacity, capacity.replace("_", " ").capitalize())


@dataclass(frozen=True, slots=True)
class Part:
    """One scope that a person can see, could see, or will be able to see."""

    scope: str
    document: str
    since: datetime
    until: datetime | None
    status: str

    @property
    def label(self) -> str:
        return self.document or SCOPES.get(self.scope, self.scope.replace("_", " ").capitalize())


@dataclass(frozen=True, slots=True)
class Span:
    """Scopes of one seat that begin and end together."""

    labels: list[str]
    since: datetime
    until: datetime | None
    status: str


@dataclass(slots=True)
class Seat:
    """One person in one capacity, under the name the lab reads."""

    user_id: UUID
    organisation: Organisation
    capacity: str
    name: str = ""
    parts: list[Part] = field(default_factory=list)

    @property
    def capacity_label(self) -> str:
        return capacity_words(self.capacity)

    @property
    def status(self) -> str:
        statuses = {part.status for part in self.parts}
        return next(status for status in (NOW, LATER, ENDED) if status in statuses)

    @property
    def since(self) -> datetime:
        return min(part.since for part in self.parts)

    @property
    def until(self) -> datetime | None:
        """When the last part ends or ended; None while none of them has an end."""
        ends = [part.until for part in self.parts]
        return None if None in ends else max(end for end in ends if end)

    @property
    def spans(self) -> list[Span]:
        """The seat's parts, those of equal dates together."""
        grouped: dict[tuple, list[str]] = {}
        for part in self.parts:
            grouped.setdefault((part.since, part.until, part.status), []).append(part.label)
        return [Span(labels, *dates) for dates, labels in grouped.items()]

    @property
    def is_lab(self) -> bool:
        return self.capacity in LAB_SEES


def seats_of(case: Submission, *, at: datetime) -> list[Seat]:
    """Everyone who can, could or will be able to see any of a case: those of today first, the lab before the others."""
    found = Audience.objects.filter(submission=case).select_related("organisation", "document")
    rows = list(found.annotate(**naming(case, "user")).order_by("capacity", "user_id", "since"))
    seats: dict[tuple, Seat] = {}
    shown = []
    for row in rows:
        if row.until is not None and row.until <= row.since:
            # It ended before it could begin: nobody saw anything by it.
            continue
        shown.append(row)
        key = (row.user_id, row.organisation_id, row.capacity)
        seat = seats.setdefault(key, Seat(row.user_id, row.organisation, row.capacity))
        title = row.document.title if row.document else ""
        seat.parts.append(Part(row.scope, title, row.since, row.until, _status(row, at)))
    named = names_in(case, shown, "user")
    for seat in seats.values():
        seat.name = named[seat.user_id]
        seat.parts.sort(
            key=lambda part: (list(SCOPES).index(part.scope) if part.scope in SCOPES else 99, part.since)
        )
    order = list(CAPACITIES)
    return sorted(
        seats.values(),
        key=lambda seat: (
            (NOW, LATER, ENDED).index(seat.status),
            order.index(seat.capacity) if seat.capacity in order else len(order),
            seat.organisation.name,
            seat.name,
        ),
    )


def with_names(case: Submission, told: Iterable, named: Mapping[UUID, str] | None = None) -> list[tuple]:
    """Each change or look (of ``history``) beside the name the lab reads for who did it; ``named`` where the page has them."""
    told = list(told)
    if named is None:
        named = public_names(case, {item.actor_id for item in told if item.actor_id})
    return [(item, named[item.actor_id] if item.actor_id else "The clock") for item in told]


def _status(row: Audience, at: datetime) -> str:
    if row.since > at:
        return LATER
    return NOW if row.until is None or row.until > at else ENDED


def outsiders(case: Submission, *, at: datetime) -> list[tuple[str, str, int]]:
    """Who outside the lab can see any of it now: (organisation, capacity, how many persons)."""
    counted: dict[tuple[str, str], int] = {}
    for seat in seats_of(case, at=at):
        if seat.status == NOW and not seat.is_lab:
            key = (seat.organisation.name, seat.capacity_label)
            counted[key] = counted.get(key, 0) + 1
    return [(organisation, capacity, number) for (organisation, capacity), number in counted.items()]
