"""What agencies ask a lab about its case: asked, answered in versions, asked again, merged, withdrawn. Holds nothing up."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Max

from portal import clock
from portal.accounts.models import Organisation
from portal.deadlines import actions as deadlines
from portal.errors import AlreadyDone, Invalid, Missing, NotAllowed, WrongState
from portal.ledger import actions as ledger
from portal.ledger.models import Event
from portal.ledger.stale import refuse_stale
from portal.machine import Transition
from portal.submissions import deadline_kinds as kinds
from portal.submissions import policies
from portal.submissions.actions import case as cases
from portal.submissions.actions.documents import add_document
from portal.submissions.models import (
    Audience,
    Document,
    InformationRequest,
    RequestAnswer,
    RequestFollowUp,
    Submission,
)
from portal.submissions.querysets import FACTS, live
from portal.submissions.states import REQUEST, RequestState


@transaction.atomic
def ask(
    *,
    actor,
    submission: Submission,
    text: str,
    agency: Organisation | None = None,
    at: datetime | None = None,
) -> InformationRequest:
    """Ask the lab, for the actor's own agency (``agency`` says which where there are several).

    Raises AlreadyDone where the agency has asked these very words and they are open: a double click, a repeated call.
    """
    case = cases.lock(submission)
    at = at or clock.now()
    own = policies.asking_for(actor, case, at=at)
    if not own:
        raise NotAllowed("Questions are asked by coordinators and active reviewers who see the case's facts.")
    _require_going(case, at)
    words = _written(text, field="text", missing="Write the question.")
    asking = _agency(own, agency)
    twin = case.questions.filter(agency=asking, text=words, stored_state=RequestState.ASKED).first()
    if twin is not None:
        raise AlreadyDone(f"Your agency has asked this already: question {twin.number} is open.")
    last = case.questions.aggregate(last=Max("number"))["last"] or 0
    question = InformationRequest.objects.create(
        submission=case, number=last + 1, agency_id=asking, asked_by=actor, text=words, asked_at=at,
        due_at=kinds.answer_question_due(at),
    )  # fmt: skip
    event = _note(question, actor, "ask", own[asking], at)
    _plan(question, at)
    _tell(event, question, "question_asked", lab=True)
    return question


@transaction.atomic
def answer(
    *,
    actor,
    question: InformationRequest,
    text: str,
    documents: Iterable[Document] = (),
    upload=None,
    tlp: str = Document.Tlp.AMBER_STRICT,
    confidential_commercial: bool = True,
    expected_revision: int | None = None,
    at: datetime | None = None,
) -> InformationRequest:
    """A version of the lab's answer: the first one, or a correction beside those before it.

    ``documents`` of the case are named with it as they are now; ``upload`` (a Django file) becomes a document of the case first,
    and whoever may read the case's documents reads it. Raises Invalid, naming the field, for what cannot be.
    """
    case, found, step, at = _begin(actor, question, "answer", at, expected_revision=expected_revision)
    words = _written(text, field="text", missing="Write the answer.")
    versions = [_current(case, document) for document in documents]
    if upload is not None:
        versions.append(_uploaded(actor, case, upload, tlp, confidential_commercial, at))
    earlier = found.answers.order_by("number").prefetch_related("files").last()
    if step.source == step.target and earlier is not None and earlier.text == words:
        if {file.pk for file in earlier.files.all()} == {version.pk for version in versions}:
            raise AlreadyDone("This is the newest answer already.")
    made = RequestAnswer.objects.create(
        request=found,
        number=earlier.number + 1 if earlier else 1,
        text=words,
        answered_by=actor,
        answered_at=at,
    )
    made.files.set(versions)
    found.answered_at = at
    data = {"answer": made.number, "files": [version.pk for version in versions]}
    event = _finish(found, actor, step, at, capacity="lab", data=data)
    deadlines.meet(kind=kinds.ANSWER_QUESTION, subject_id=found.pk, at=at)
    _tell(event, found, "question_answered", agencies=found.agencies)
    return found


@transaction.atomic
def ask_again(
    *,
    actor,
    question: InformationRequest,
    reason: str,
    expected_revision: int | None = None,
    at: datetime | None = None,
) -> InformationRequest:
    """Say what the answer leaves open: the question is open again, with a date of its own."""
    case, found, step, at = _begin(
        actor, question, "ask_again", at, reason=reason, expected_revision=expected_revision
    )
    words = _written(reason, field="reason", missing="Give a reason.", limit=2000)
    own = policies.asking_for(actor, case, at=at)
    agency = next(agency for agency in found.agencies if agency.pk in own)
    newest = found.answers.order_by("number").last()
    RequestFollowUp.objects.create(
        request=found, number=newest.number, agency=agency, asked_by=actor, text=words, asked_at=at
    )
    found.due_at = kinds.answer_question_due(at)
    event = _finish(found, actor, step, at, capacity=own[agency.pk], reason=words)
    _plan(found, at)
    _tell(event, found, "question_asked_again", lab=True)
    return found


@transaction.atomic
def merge(
    *,
    actor,
    question: InformationRequest,
    into: InformationRequest,
    expected_revision: int | None = None,
    at: datetime | None = None,
) -> InformationRequest:
    """One of two like questions stands for both: its answer serves the other's agency too, and both agencies are told.

    What was merged into ``question`` before goes on to ``into``, so that nobody has to follow a chain.
    """
    case, found, step, at = _begin(actor, question, "merge", at, expected_revision=expected_revision)
    target = _lock(case, into.pk)
    if target is None or target.pk == found.pk:
        raise Invalid("Choose another question on the same case.", field="into")
    if target.stored_state not in (RequestState.ASKED, RequestState.ANSWERED):
        raise Invalid("Choose a question that is open or answered.", field="into")
    agencies = found.agencies
    InformationRequest.objects.filter(merged_into=found).update(merged_into=target)
    found.merged_into = target
    event = _finish(found, actor, step, at, capacity="coordinator", data={"into": target.pk})
    deadlines.cancel(at=at, kinds=[kinds.ANSWER_QUESTION], subject_id=found.pk)
    # A form of the other one was made without these words, and is told so.
    target.revision += 1
    target.save()
    _note(target, actor, "take_in", "coordinator", at, data={"from_question": found.pk})
    _tell(event, target, "question_merged", agencies=[*agencies, *target.agencies], lab=True)
    return found


@transaction.atomic
def withdraw(
    *,
    actor,
    question: InformationRequest,
    expected_revision: int | None = None,
    at: datetime | None = None,
) -> InformationRequest:
    """Nobody needs the answer any more. Where other agencies' questions were merged into it, only a coordinator says so."""
    case, found, step, at = _begin(actor, question, "withdraw", at, expected_revision=expected_revision)
    capacity = next(iter(policies.asking_for(actor, case, at=at).values()))
    event = _finish(found, actor, step, at, capacity=capacity)
    deadlines.cancel(at=at, kinds=[kinds.ANSWER_QUESTION], subject_id=found.pk)
    _tell(event, found, "question_withdrawn", agencies=found.agencies, lab=True)
    return found


# --- the locked beginning and the recorded end ------------------------------------------------------------------------


def _lock(case: Submission, pk: UUID) -> InformationRequest | None:
    """A question of a locked case, as it is now; every step on any of them waits for the case."""
    rows = case.questions.select_for_update(of=("self",)).select_related("agency")
    found = rows.prefetch_related("merged__agency").filter(pk=pk).first()
    if found is not None:
        found.submission = case
    return found


def _begin(
    actor,
    question: InformationRequest,
    verb: str,
    at: datetime | None,
    *,
    reason: str = "",
    expected_revision: int | None = None,
) -> tuple[Submission, InformationRequest, Transition, datetime]:
    case = cases.lock(question.submission)
    at = at or clock.now()
    found = _lock(case, question.pk)
    if found is None:
        raise NotAllowed("This step is not yours to take.")
    mine = policies.question_capacities(actor, found, at=at)
    if not mine:
        raise NotAllowed("This step is not yours to take.")
    step = REQUEST.require(found.state_at(at), verb, mine, reason=reason)
    _require_going(case, at)
    refuse_stale(found, expected_revision, called="This question")
    return case, found, step, at


def _require_going(case: Submission, at: datetime) -> None:
    if not policies.takes_questions(case, at=at):
        state = case.state_at(at).label.lower()
        raise WrongState(f"This case is {state}, so nothing is asked or answered on it.")


def _finish(
    found: InformationRequest,
    actor,
    step: Transition,
    at: datetime,
    *,
    capacity: str,
    reason: str = "",
    data: dict | None = None,
) -> Event:
    before = found.stored_state
    found.stored_state = REQUEST.stored(step.target)
    found.revision += 1
    found.save()
    moved = {"from": before, "to": found.stored_state} if before != found.stored_state else {}
    return _note(found, actor, step.verb, capacity, at, reason=reason, data=moved | (data or {}))


def _note(
    question: InformationRequest,
    actor,
    verb: str,
    capacity: str,
    at: datetime,
    *,
    reason: str = "",
    data: dict | None = None,
) -> Event:
    facts = {"revision": question.revision, "number": question.number}
    return ledger.record(
        actor=actor, verb=verb, subject=question, case_id=question.submission_id, capacity=capacity, reason=reason,
        data=facts | (data or {}), at=at,
    )  # fmt: skip


# --- who is told ------------------------------------------------------------------------------------------------------


def _lab_page(question: InformationRequest) -> str:
    return f"/lab/cases/{question.submission.case_number}/questions/{question.number}/"


def _workbench(question: InformationRequest) -> str:
    return f"/admin/submissions/informationrequest/{question.pk}/change/"


def _plan(question: InformationRequest, at: datetime) -> None:
    case = question.submission
    deadlines.set_deadline(
        kind=kinds.ANSWER_QUESTION, subject_id=question.pk, case_id=case.pk, case_number=case.case_number,
        due_at=question.due_at, at=at, link=_lab_page(question),
    )  # fmt: skip


def _tell(
    event: Event,
    question: InformationRequest,
    kind: str,
    *,
    agencies: Iterable[Organisation] = (),
    lab: bool = False,
) -> None:
    """Word to the people of these agencies who may ask on the case, and to the lab's; the actor aside."""
    case = question.submission
    rows = Audience.objects.filter(
        live(event.at),
        submission=case,
        scope=FACTS,
        capacity__in=policies.ASKERS,
        organisation__in=[*agencies],
    )
    sides = [(_workbench(question), set(rows.order_by().values_list("user_id", flat=True)))]
    if lab:
        sides.append((_lab_page(question), set(cases.people(case, "lab", at=event.at, scope=FACTS))))
    for link, people in sides:
        deadlines.tell(
            recipients=sorted(people - {event.actor_id}), kind=kind, case_id=case.pk, case_number=case.case_number,
            about=event.pk, at=event.at, link=link,
        )  # fmt: skip


# --- what is written --------------------------------------------------------------------------------------------------


def _written(text: str, *, field: str, missing: str, limit: int = InformationRequest.TEXT_LIMIT) -> str:
    words = text.replace("\r\n", "\n").strip()
    if not words:
        raise Missing(missing, field=field)
    if "\x00" in words:
        raise Invalid("Null characters cannot be stored.", field=field)
    if len(words) > limit:
        raise Invalid(f"Write at most {limit:,} characters.", field=field)
    return words


def _agency(own: dict[UUID, str], wanted: Organisation | None) -> UUID:
    """The agency a question is asked for, among those the person may ask for."""
    if wanted is None and len(own) > 1:
        raise Missing("Say for which of your agencies you ask.", field="agency")
    if wanted is not None and wanted.pk not in own:
        raise Invalid("You do not ask for this agency on this case.", field="agency")
    return wanted.pk if wanted is not None else next(iter(own))


def _current(case: Submission, document: Document):
    """The newest version of a document of the case."""
    if document.submission_id != case.pk or document.removed_at is not None:
        raise Invalid("Name documents of this case.", field="documents")
    return document.current


def _uploaded(actor, case: Submission, upload, tlp: str, confidential_commercial: bool, at: datetime):
    try:
        document = add_document(
            actor=actor, submission=case, kind=Document.DocumentKind.OTHER, title="", upload=upload, tlp=tlp,
            confidential_commercial=confidential_commercial, at=at,
        )  # fmt: skip
    except AlreadyDone as refusal:
        words = "This very file is in the case already: name it among its documents."
        raise Invalid(words, field="file") from refusal
    except WrongState as refusal:
        raise Invalid(refusal.message, field="file") from refusal
    return document.current
