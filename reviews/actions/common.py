"""What every action of the agency's side shares: the stale form's refusal, the event, the people to tell."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db import models

from portal.checking import check_fields
from portal.deadlines import actions as deadlines
from portal.errors import Invalid
from portal.ledger import actions as ledger
from portal.ledger.models import Event
from portal.submissions.looks import OPENED
from portal.submissions.models import DocumentVersion, Submission

__all__ = ["check_fields", "first", "known", "note", "tell", "versions_opened"]


def note(
    *,
    actor,
    verb: str,
    subject,
    at: datetime,
    case: Submission | None = None,
    capacity: str = "",
    reason: str = "",
    data: dict | None = None,
) -> Event:
    """Write the event of a step; ``revision`` goes into its data where the subject has one."""
    facts = {"revision": subject.revision} if hasattr(subject, "revision") else {}
    return ledger.record(
        actor=actor,
        verb=verb,
        subject=subject,
        case_id=case.pk if case else None,
        capacity=capacity,
        reason=reason,
        data=facts | (data or {}),
        at=at,
    )


def tell(
    *,
    event: Event,
    kind: str,
    people: Iterable[UUID],
    case: Submission | None = None,
    number: str = "",
    link: str = "",
) -> None:
    """Word of an event to people, its actor aside. Carries a number and a link, nothing of the lab's."""
    deadlines.tell(
        recipients=[person for person in people if person != event.actor_id],
        kind=kind,
        case_id=case.pk if case else None,
        case_number=case.case_number if case else number,
        about=event.pk,
        at=event.at,
        link=link,
    )


def versions_opened(
    case: Submission, person: UUID, *, until: datetime, since: datetime | None = None
) -> models.QuerySet[DocumentVersion]:
    """Which versions of a case's documents a person opened, by the ledger; those after ``since`` only, where it is given."""
    read = Event.objects.filter(
        case_id=case.pk, kind=Event.Kind.LOOK, verb__in=OPENED, actor_id=person, at__lte=until
    )
    if since is not None:
        read = read.filter(at__gt=since)
    return DocumentVersion.objects.filter(
        document__submission=case, pk__in=read.order_by().values("subject_id")
    )


def first(capacities: Iterable[str], *wanted: str) -> str:
    """The capacity a step is recorded under: the first wanted one that the person has."""
    have = set(capacities)
    return next((capacity for capacity in wanted if capacity in have), "")


def known(values: dict, names: Iterable[str]) -> dict:
    """The values, if all of them are ones that may be given."""
    unknown = set(values) - set(names)
    if unknown:
        raise Invalid(f"Unknown value: {', '.join(sorted(unknown))}.")
    return dict(values)
