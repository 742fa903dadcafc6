"""Setting, meeting and cancelling deadlines, and telling people. Called inside the action whose consequence it is."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from portal.deadlines.models import Deadline, Message
from portal.deadlines.registry import DEADLINES


def set_deadline(
    *,
    kind: str,
    subject_id: UUID,
    case_id: UUID | None,
    case_number: str,
    due_at: datetime,
    at: datetime,
    person=None,
    organisation_id: UUID | None = None,
    source_id: UUID | None = None,
    link: str = "",
) -> Deadline:
    """Make or move a deadline. Reminders of a moved date that now lie in the past are skipped; none goes out twice."""
    found = Deadline.objects.select_for_update().filter(kind=kind, subject_id=subject_id).first()
    if found and found.is_open and found.due_at == due_at and found.person_id == getattr(person, "pk", None):
        return found
    deadline = found or Deadline(
        kind=kind, subject_id=subject_id, case_id=case_id, case_number=case_number, created_at=at
    )
    deadline.due_at, deadline.fresh_from, deadline.person = due_at, at, person
    deadline.organisation_id, deadline.source_id, deadline.link = organisation_id, source_id, link
    deadline.met_at = deadline.cancelled_at = None
    deadline.next_at = next_reminder(kind, due_at, after=at)
    deadline.save()
    return deadline


def next_reminder(kind: str, due_at: datetime, *, after: datetime) -> datetime | None:
    """The first moment at or after ``after`` at which a reminder of this kind is due; None when all have passed."""
    moments = [due_at + offset for offset in DEADLINES[kind].offsets]
    return min((moment for moment in moments if moment >= after), default=None)


def meet(*, kind: str, subject_id: UUID, at: datetime) -> None:
    """The thing was done: no further reminder."""
    Deadline.objects.still_open().filter(kind=kind, subject_id=subject_id).update(met_at=at, next_at=None)


def cancel(
    *,
    at: datetime,
    kinds: Iterable[str] | None = None,
    subject_id: UUID | None = None,
    case_id: UUID | None = None,
):
    """Nobody needs to act any more, on one subject or on a whole case."""
    if (subject_id is None) == (case_id is None):
        raise ValueError("Name a subject or a case.")
    found = Deadline.objects.still_open().filter(
        **({"subject_id": subject_id} if subject_id else {"case_id": case_id})
    )
    if kinds is not None:
        found = found.filter(kind__in=list(kinds))
    found.update(cancelled_at=at, next_at=None)


def tell(
    *,
    recipients: Iterable[UUID],
    kind: str,
    case_id: UUID | None,
    case_number: str,
    about: UUID,
    at: datetime,
    link: str = "",
) -> int:
    """Put one message a person into the outbox; ``about`` (an event's id) makes telling twice harmless."""
    messages = [
        Message(
            recipient_id=person,
            key=f"{about}/{kind}",
            kind=kind,
            case_id=case_id,
            case_number=case_number,
            link=link or f"/case/{case_number}/",
            created_at=at,
            try_at=at,
        )
        for person in dict.fromkeys(recipients)
    ]
    return len(Message.objects.bulk_create(messages, ignore_conflicts=True))


def mark_read(*, actor, at: datetime, message_ids: Iterable[UUID] | None = None) -> int:
    """Mark a person's own notices as read (all of them when none is named)."""
    found = Message.objects.visible_to(actor).unread()
    if message_ids is not None:
        found = found.filter(pk__in=list(message_ids))
    return found.update(read_at=at)


# How long a worker may hold a message before another takes it over.
LEASE = timedelta(minutes=2)
