"""How access under a case ended, party by party, and what each of them has attested since: the lab's proof of leaving."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from portal.submissions import sight
from portal.submissions.models import Obligation, Submission

# (submission, at) -> what upper floors know of their parties. They fill it from their AppConfig.
PARTIES: list[Callable[[Submission, datetime], list["Attested"]]] = []


@dataclass(frozen=True, slots=True)
class Attested:
    """One thing an organisation attests after its access: ``at`` is None while it has not; ``due_at`` is a target."""

    organisation: UUID
    label: str
    due_at: datetime
    at: datetime | None
    overdue: bool
    # Who attested, where it was not the organisation itself.
    told: str = ""


@dataclass(slots=True)
class Party:
    """One organisation outside the lab: how many of its people could see what, and until when; None where some still can."""

    name: str
    people: int
    ended_at: datetime | None
    still: list[str]
    attested: list[Attested] = field(default_factory=list)


def parties_of(case: Submission, *, at: datetime) -> list[Party]:
    """Every organisation outside the lab that could see any of its material, in the order of their names.

    That the case exists is no material: its record stays with those who oversee the programme.
    """
    owed: dict[UUID, list[Attested]] = {}
    own = [
        Attested(
            row.agency_id,
            row.get_kind_display(),
            row.due_at,
            row.attested_at,
            row.state_at(at) == "overdue",
            row.attested_told,
        )
        for row in Obligation.objects.filter(submission=case)
        .select_related("agency")
        .order_by("due_at", "id")
    ]
    for item in [*own, *(item for tell in PARTIES for item in tell(case, at))]:
        owed.setdefault(item.organisation, []).append(item)
    grouped: dict[UUID, list[tuple[UUID, sight.Part]]] = {}
    names = {}
    for seat in sight.seats_of(case, at=at):
        parts = [part for part in seat.parts if part.scope != "record" and part.since <= at]
        if seat.is_lab or not parts:
            continue
        names[seat.organisation.pk] = seat.organisation.name
        grouped.setdefault(seat.organisation.pk, []).extend((seat.user_id, part) for part in parts)
    return sorted(
        (_party(names[key], rows, owed.get(key, [])) for key, rows in grouped.items()),
        key=lambda party: party.name,
    )


def _party(name: str, rows: list[tuple[UUID, sight.Part]], attested: list[Attested]) -> Party:
    still = sorted({part.label for _, part in rows if part.status == sight.NOW})
    ends = [part.until for _, part in rows if part.until is not None]
    return Party(name, len({user for user, _ in rows}), None if still else max(ends), still, attested)
