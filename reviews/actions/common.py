"""What every action of the agency's side shares: the stale form's refusal, the event, the people to tell."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import models

from portal.deadlines import actions as deadlines
from portal.errors import Invalid
from portal.ledger import actions as ledger
from portal.ledger.models import Event
from portal.submissions.models import Submission


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


def check_fields(subject, names: Iterable[str]) -> None:
    """Raise Invalid, naming the field, for the first value that its column does not take."""
    for name in names:
        field = subject._meta.get_field(name)
        value = getattr(subject, name)
        if value in (None, "") and field.blank:
            continue
        if isinstance(field, models.TextField) and len(value) > field.max_length:
            # Django holds a text to its length in forms only.
            raise Invalid(f"Write at most {field.max_length:,} characters.", field=name)
        try:
            setattr(subject, name, field.clean(value, subject))
        except ValidationError as error:
            raise Invalid(" ".join(error.messages), field=name) from error
