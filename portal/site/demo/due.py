"""Deadlines that are due now, in any number: for trying how reminders leave under load."""

from datetime import timedelta
from uuid import uuid4

from portal import clock
from portal.accounts.models import Kind, Organisation, User
from portal.deadlines.models import Deadline
from portal.ledger import actions as ledger
from portal.scope import action
from portal.submissions import deadline_kinds as kinds
from portal.submissions import numbers
from portal.submissions.models import Checkpoint, Facts, Submission
from portal.submissions.states import State

LAB = "Demo Load Labs (invented)"
BATCH = 1000


@action
def add(count: int) -> int:
    """Add that many submitted cases of an invented lab, each with its acknowledgement due at this instant; returns how many.

    Written as rows, some statements in all, and not through the actions: what is tried is the way of the reminders. Every
    coordinator of the programme office gets one message a case.
    """
    at = clock.now()
    lab, writer = _lab(at), User.objects.filter(is_superuser=True).order_by("date_joined").first()
    cases = [_case(lab, writer, at) for _ in range(count)]
    Checkpoint.objects.bulk_create([case.checkpoint for case in cases], BATCH)
    facts = [_facts(case, writer, at) for case in cases]
    for case in cases:
        # The two name each other: the case is written first, without its facts, as a draft is.
        case.facts = None
        case.stored_state = State.DRAFT
    Submission.objects.bulk_create(cases, BATCH)
    Facts.objects.bulk_create(facts, BATCH)
    for case, version in zip(cases, facts, strict=True):
        case.facts, case.stored_state = version, State.SUBMITTED
    Submission.objects.bulk_update(cases, ["facts", "stored_state"], BATCH)
    Deadline.objects.bulk_create([_deadline(case, at) for case in cases], BATCH)
    ledger.record(
        actor=None, verb="added_due_deadlines", subject=lab, capacity="demo", data={"count": count}, at=at
    )
    return count


def _lab(at) -> Organisation:
    found = Organisation.objects.filter(name=LAB, kind=Kind.LAB).first()
    return found or Organisation.objects.create(
        kind=Kind.LAB, name=LAB, short_name="Load Labs", created_at=at
    )


def _case(lab: Organisation, writer: User, at) -> Submission:
    public = at + timedelta(days=60)
    case = Submission(
        case_number=numbers.new_case_number(),
        lab=lab,
        created_by=writer,
        created_at=at - timedelta(days=5),
        submitted_at=at - timedelta(days=4),
        planned_public_release=public,
        closes_at=public,
    )
    case.checkpoint = Checkpoint(lab=lab, identifier=f"invented-{uuid4().hex}")
    return case


def _facts(case: Submission, writer: User, at) -> Facts:
    return Facts(
        submission=case,
        model_name="Invented model",
        checkpoint=case.checkpoint.identifier,
        access_mode=Facts.AccessMode.API,
        summary="Invented to try how reminders leave.",
        created_by=writer,
        created_at=at - timedelta(days=5),
    )


def _deadline(case: Submission, at) -> Deadline:
    return Deadline(
        kind=kinds.ACKNOWLEDGE,
        subject_id=case.pk,
        case_id=case.pk,
        case_number=case.case_number,
        due_at=at,
        fresh_from=at,
        next_at=at,
        created_at=at,
        at_once=True,
    )
