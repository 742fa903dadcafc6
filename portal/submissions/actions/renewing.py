"""Confirming, from time to time, that the conflicts and ties on record about oneself are complete.

Each statement begins a deadline of its own, named by it: a reminder that went out for one date never stands for the next.
"""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from portal import clock
from portal.accounts.models import Kind, Membership, User
from portal.deadlines import actions as deadlines
from portal.deadlines.models import Deadline
from portal.errors import AlreadyDone, NotAllowed, Stale
from portal.ledger import actions as ledger
from portal.scope import action
from portal.submissions import deadline_kinds as kinds
from portal.submissions.models import ConflictStatement
from portal.submissions.on_record import CONFIRM, may_confirm, on_record

PAGE = "/admin/submissions/conflict/confirm/"


@action
def confirm_conflicts(
    *, actor, seen: str | None = None, said: str | None = None, at: datetime | None = None
) -> ConflictStatement:
    """State that what is on record about oneself is complete; the next statement is due so many days later (a target).

    ``seen`` and ``said`` are what a page showed (``OnRecord``): raises Stale where something was added or ended since, and
    AlreadyDone where another tab was first.
    """
    at = at or clock.now()
    person = _locked(actor.pk)
    if not may_confirm(person):
        raise NotAllowed(
            "Reviewers, coordinators and designators of an agency confirm their conflicts and ties."
        )
    now = on_record(person)
    if said is not None and said != now.said:
        raise AlreadyDone("You confirmed this already, on another page.")
    if seen is not None and seen != now.seen:
        raise Stale("What is on record about you has changed since you saw it. Read it again.")
    statement = ConflictStatement.objects.create(person=person, at=at)
    for subject_id in _open(person):
        deadlines.meet(kind=kinds.CONFLICT_RENEWAL, subject_id=subject_id, at=at)
    _plan(person, statement.pk, since=at, at=at)
    data = {"statement": statement.pk}
    ledger.record(actor=actor, verb="confirmed_conflicts", subject=person, data=data, at=at)
    return statement


@action
def begin_renewal(*, person, seat_id: UUID, at: datetime) -> None:
    """A reviewer attested a seat: see to it that they have a date by which to confirm.

    An attestation is about one case, and replaces no statement. It starts the clock for who has not stated anything yet, from
    this attestation; and where the date was called off with their last role, it stands again as their last statement made it.
    """
    person = _locked(person.pk)
    if _open(person):
        return
    last = ConflictStatement.objects.newest_of(person)
    if last is None:
        _plan(person, seat_id, since=at, at=at)
    else:
        _plan(person, last.pk, since=last.at, at=at)


def end_renewals(*, at: datetime | None = None) -> None:
    """Follow the staff: who has no such role of an agency any more confirms nothing. Safe to run twice."""
    at = at or clock.now()
    seats = Membership.objects.active().filter(organisation__kind=Kind.AGENCY, role__in=CONFIRM)
    staff = seats.filter(user__is_active=True).order_by().values("user")
    left = Deadline.objects.still_open().filter(kind=kinds.CONFLICT_RENEWAL).exclude(person__in=staff)
    for pk in left.order_by("person").values_list("person", flat=True).distinct():
        with transaction.atomic():
            person = _locked(pk)
            if may_confirm(person):
                continue
            for subject_id in _open(person):
                deadlines.cancel(at=at, kinds=[kinds.CONFLICT_RENEWAL], subject_id=subject_id)


def _locked(pk: UUID) -> User:
    """The person with the roles they have now; of two steps about one person's date the second waits for the first."""
    return User.objects.select_for_update(no_key=True).get(pk=pk)


def _open(person: User) -> list[UUID]:
    """What names the person's open dates: one at most."""
    found = Deadline.objects.still_open().filter(kind=kinds.CONFLICT_RENEWAL, person=person)
    return list(found.values_list("subject_id", flat=True))


def _plan(person: User, subject_id: UUID, *, since: datetime, at: datetime) -> None:
    deadlines.set_deadline(
        kind=kinds.CONFLICT_RENEWAL, subject_id=subject_id, case_id=None, case_number="",
        due_at=kinds.conflict_renewal_due(since), at=at, person=person, link=PAGE,
    )  # fmt: skip
