"""An inquiry's way: asked by a lab, acknowledged, benchmarked, answered by a designator, closed; or withdrawn by the lab."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID, uuid5

from django.db import IntegrityError, transaction

from portal import clock
from portal.accounts.models import Role, User
from portal.deadlines import actions as deadlines
from portal.deadlines.models import Deadline
from portal.errors import AlreadyDone, Missing, NotAllowed, WrongState
from portal.ledger.stale import refuse_stale
from portal.machine import Transition
from portal.scope import action
from portal.submissions.actions.frozen import refuse_frozen
from portal.submissions.models import Spill
from reviews import deadline_kinds as kinds
from reviews import policies
from reviews.actions import common
from reviews.models import Inquiry
from reviews.people import lab_people, office_people
from reviews.states import INQUIRY, InquiryState

REQUIRED = {"model_name": "Give the model name.", "question": "Write your question and describe the model."}


@action
def create_inquiry(
    *, actor, lab, values: dict | None = None, key: UUID | None = None, at: datetime | None = None
) -> Inquiry:
    """A draft, seen by the lab alone; any text may be missing yet. The same ``key`` twice raises AlreadyDone."""
    at = at or clock.now()
    if not policies.may_ask(actor, lab):
        raise NotAllowed("Only administrators and contributors of a lab write its inquiries.")
    inquiry = Inquiry(lab=lab, created_by=actor, created_at=at)
    if key is not None:
        # Bound to the person: nobody can meet, or probe for, a key of somebody else's.
        inquiry.pk = uuid5(actor.pk, str(key))
    _take(inquiry, values or {})
    try:
        with transaction.atomic():
            inquiry.save(force_insert=True)
    except IntegrityError as error:
        if not Inquiry.objects.filter(pk=inquiry.pk).exists():
            raise
        raise AlreadyDone("This inquiry was made already.") from error
    common.note(actor=actor, verb="create_inquiry", subject=inquiry, capacity="lab", at=at)
    return inquiry


@action
def save_inquiry(
    *, actor, inquiry: Inquiry, values: dict, expected_revision: int | None = None, at: datetime | None = None
) -> Inquiry:
    """Overwrite the draft's texts; only what is given changes. Raises Stale when it was saved meanwhile."""
    found, mine, at = _lock(actor, inquiry, at)
    if "lab" not in mine:
        raise NotAllowed("Only administrators and contributors of the lab edit its inquiries.")
    if found.state != InquiryState.DRAFT:
        raise WrongState("This inquiry was submitted: it is not edited any more.")
    refuse_stale(found, expected_revision, called="This inquiry")
    before = {name: getattr(found, name) for name in Inquiry.TEXTS}
    _take(found, values)
    found.revision += 1
    found.save()
    changed = [name for name in Inquiry.TEXTS if getattr(found, name) != before[name]]
    common.note(
        actor=actor, verb="save_inquiry", subject=found, capacity="lab", data={"changed": changed}, at=at
    )
    return found


@action
def submit(
    *, actor, inquiry: Inquiry, expected_revision: int | None = None, at: datetime | None = None
) -> Inquiry:
    """Hand a complete draft in. Raises Missing, naming the field."""
    found, step, at = _begin(actor, inquiry, "submit", at, expected_revision)
    for name, words in REQUIRED.items():
        if not getattr(found, name).strip():
            raise Missing(words, field=name)
    found.submitted_at = at
    return _finish(found, actor, step, at, "inquiry_submitted", office=[Role.COORDINATOR])


@action
def acknowledge(
    *, actor, inquiry: Inquiry, expected_revision: int | None = None, at: datetime | None = None
) -> Inquiry:
    """The coordinator has received the inquiry."""
    found, step, at = _begin(actor, inquiry, "acknowledge", at, expected_revision)
    found.acknowledged_at = at
    return _finish(found, actor, step, at, "inquiry_acknowledged")


@action
def begin_benchmarking(
    *, actor, inquiry: Inquiry, expected_revision: int | None = None, at: datetime | None = None
) -> Inquiry:
    """Benchmarking of the model has begun; the designators are told that an answer will be wanted."""
    found, step, at = _begin(actor, inquiry, "begin_benchmarking", at, expected_revision)
    found.benchmarking_at = at
    return _finish(found, actor, step, at, "inquiry_in_benchmarking", office=[Role.DESIGNATOR])


@action
def answer(
    *,
    actor,
    inquiry: Inquiry,
    answer: str = "",
    expected_revision: int | None = None,
    at: datetime | None = None,
) -> Inquiry:
    """A designator answers. What was determined is a designation, recorded and confirmed on its own."""
    found, step, at = _begin(actor, inquiry, "answer", at, expected_revision)
    if not answer.strip():
        raise Missing("Write the answer.", field="answer")
    found.answer, found.answered_at, found.answered_by = answer.strip(), at, actor
    common.check_fields(found, ["answer"])
    return _finish(found, actor, step, at, "inquiry_answered", office=[Role.COORDINATOR])


@action
def close(
    *, actor, inquiry: Inquiry, expected_revision: int | None = None, at: datetime | None = None
) -> Inquiry:
    """The coordinator closes an answered inquiry."""
    found, step, at = _begin(actor, inquiry, "close", at, expected_revision)
    found.closed_at = at
    return _finish(found, actor, step, at, "inquiry_closed")


@action
def withdraw(
    *, actor, inquiry: Inquiry, expected_revision: int | None = None, at: datetime | None = None
) -> Inquiry:
    """Take an inquiry back in one step; no reason is asked, and the government no longer reads its text."""
    found, step, at = _begin(actor, inquiry, "withdraw", at, expected_revision)
    found.withdrawn_at = at
    readers = [] if found.submitted_at is None else [Role.COORDINATOR, Role.DESIGNATOR]
    return _finish(found, actor, step, at, "inquiry_withdrawn", office=readers)


def remind_coordinators(inquiry: Inquiry, *, at: datetime) -> None:
    """One deadline for each coordinator while the inquiry waits for its acknowledgement; none afterwards, none for others.

    Each names its person, because an inquiry is no case and so has no audience that reminders could be read from.
    """
    wanted = {}
    # Nobody acts on what a spill hides.
    is_frozen = Spill.objects.hiding("inquiry", inquiry.pk).exists()
    if inquiry.state == InquiryState.SUBMITTED and not is_frozen:
        wanted = {uuid5(inquiry.pk, str(person)): person for person in _office(inquiry)}
    open_ones = Deadline.objects.still_open().filter(
        kind=kinds.ACKNOWLEDGE_INQUIRY, case_number=inquiry.number
    )
    present = dict(open_ones.values_list("subject_id", "person_id"))
    for subject_id in present.keys() - wanted.keys():
        if inquiry.acknowledged_at is not None:
            deadlines.meet(kind=kinds.ACKNOWLEDGE_INQUIRY, subject_id=subject_id, at=at)
        else:
            deadlines.cancel(at=at, kinds=[kinds.ACKNOWLEDGE_INQUIRY], subject_id=subject_id)
    people = {person.pk: person for person in _persons(wanted[key] for key in wanted.keys() - present.keys())}
    for subject_id in wanted.keys() - present.keys():
        deadlines.set_deadline(
            kind=kinds.ACKNOWLEDGE_INQUIRY, subject_id=subject_id, case_id=None, case_number=inquiry.number,
            due_at=kinds.acknowledge_inquiry_due(inquiry.submitted_at), at=at, person=people[wanted[subject_id]],
            link=_workbench(inquiry),
        )  # fmt: skip


def remind_of_waiting(*, at: datetime | None = None) -> None:
    """Follow the staff: who became a coordinator meanwhile is reminded, who no longer is one is not. Safe to run twice."""
    at = at or clock.now()
    for pk in (
        Inquiry.objects.filter(state=InquiryState.SUBMITTED).order_by("pk").values_list("pk", flat=True)
    ):
        with transaction.atomic():
            inquiry = Inquiry.objects.select_for_update(skip_locked=True, of=("self",)).filter(pk=pk).first()
            if inquiry is not None:
                remind_coordinators(inquiry, at=at)


def _persons(ids: Iterable[UUID]):
    return User.objects.filter(pk__in=list(ids))


def _office(inquiry: Inquiry) -> list[UUID]:
    return office_people(inquiry.lab, Role.COORDINATOR)


def _take(inquiry: Inquiry, values: dict) -> None:
    for name, value in common.known(values, Inquiry.TEXTS).items():
        setattr(inquiry, name, value.strip())
    common.check_fields(inquiry, Inquiry.TEXTS)


def _lock(actor, inquiry: Inquiry, at: datetime | None):
    found = Inquiry.objects.select_for_update(of=("self",)).select_related("lab").get(pk=inquiry.pk)
    at = at or clock.now()
    refuse_frozen("inquiry", found.pk)
    return found, policies.inquiry_capacities(actor, found, at=at), at


def _begin(
    actor, inquiry: Inquiry, verb: str, at: datetime | None, expected_revision: int | None
) -> tuple[Inquiry, Transition, datetime]:
    found, mine, at = _lock(actor, inquiry, at)
    if not mine:
        raise NotAllowed("This step is not yours to take.")
    step = INQUIRY.require(found.state, verb, mine)
    refuse_stale(found, expected_revision, called="This inquiry")
    return found, step, at


def _finish(
    found: Inquiry, actor, step: Transition, at: datetime, notice: str, *, office: Iterable[str] = ()
) -> Inquiry:
    """Move the state, save, write the event; tell the lab and the government's people of these roles, each with their page."""
    before = found.state
    found.state = InquiryState(step.target)
    found.revision += 1
    found.save()
    remind_coordinators(found, at=at)
    event = common.note(
        actor=actor,
        verb=step.verb,
        subject=found,
        capacity=step.who,
        data={"from": before, "to": found.state},
        at=at,
    )
    told = {"event": event, "kind": notice, "number": found.number}
    common.tell(people=lab_people(found.lab), link=f"/lab/inquiries/{found.number}/", **told)
    if office:
        common.tell(people=office_people(found.lab, *office), link=_workbench(found), **told)
    return found


def _workbench(inquiry: Inquiry) -> str:
    return f"/admin/reviews/inquiry/{inquiry.pk}/change/"
