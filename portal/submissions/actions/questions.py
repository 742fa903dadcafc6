"""What agencies ask a lab about its case: asked, answered in versions, asked again, merged, withdrawn. Holds nothing up."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime

from django.db.models import Max

from portal import clock
from portal.accounts.models import Organisation
from portal.deadlines import actions as deadlines
from portal.errors import AlreadyDone, Invalid, NotAllowed, WrongState
from portal.scope import action
from portal.submissions import deadline_kinds as kinds
from portal.submissions import markings, policies
from portal.submissions.actions import case as cases
from portal.submissions.actions import question_steps as steps
from portal.submissions.actions.documents import add_stored
from portal.submissions.actions.storing import stored
from portal.submissions.models import (
    Document,
    DocumentVersion,
    InformationRequest,
    RequestAnswer,
    RequestFollowUp,
    Submission,
)
from portal.submissions.states import RequestState


@action
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
    steps.require_going(case, at)
    words = steps.written(text, field="text", missing="Write the question.")
    asking = steps.agency_among(own, agency)
    twin = case.questions.filter(agency=asking, text=words, stored_state=RequestState.ASKED).first()
    if twin is not None:
        raise AlreadyDone(f"Your agency has asked this already: question {twin.number} is open.")
    last = case.questions.aggregate(last=Max("number"))["last"] or 0
    question = InformationRequest.objects.create(
        submission=case, number=last + 1, agency_id=asking, asked_by=actor, text=words, asked_at=at,
        due_at=kinds.answer_question_due(at),
    )  # fmt: skip
    event = steps.note(question, actor, "ask", own[asking], at)
    steps.plan(question, at)
    steps.tell(event, question, "question_asked", lab=True)
    return question


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
    given = {
        "actor": actor, "question": question, "text": text, "documents": documents,
        "expected_revision": expected_revision, "at": at,
    }  # fmt: skip
    if upload is None:
        return _answer(**given)
    marks = markings.marking(tlp=tlp, confidential_commercial=confidential_commercial)
    steps.ask_step(actor, question, "answer", at)
    with _beside_the_file():
        cases.ask_edit(actor=actor, submission=question.submission, edit="add_document", at=at)
    with stored(upload, actor=actor, kind=DocumentVersion) as version:
        return _answer(**given, brought=version, marks=marks)


@action
def _answer(
    *,
    actor,
    question: InformationRequest,
    text: str,
    documents: Iterable[Document],
    expected_revision: int | None,
    at: datetime | None,
    brought: DocumentVersion | None = None,
    marks: markings.Marking | None = None,
) -> InformationRequest:
    case, found, step, at = steps.begin(actor, question, "answer", at, expected_revision=expected_revision)
    words = steps.written(text, field="text", missing="Write the answer.")
    versions = [_current(case, document) for document in documents]
    if brought is not None:
        with _beside_the_file():
            add_stored(
                actor=actor, submission=case, version=brought, kind=Document.DocumentKind.OTHER, title="", marks=marks,
                at=at,
            )  # fmt: skip
        versions.append(brought)
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
    event = steps.finish(found, actor, step, at, capacity="lab", data=data)
    deadlines.meet(kind=kinds.ANSWER_QUESTION, subject_id=found.pk, at=at)
    steps.tell(event, found, "question_answered", agencies=found.agencies)
    return found


@action
def ask_again(
    *,
    actor,
    question: InformationRequest,
    reason: str,
    expected_revision: int | None = None,
    at: datetime | None = None,
) -> InformationRequest:
    """Say what the answer leaves open: the question is open again, with a date of its own."""
    case, found, step, at = steps.begin(
        actor, question, "ask_again", at, reason=reason, expected_revision=expected_revision
    )
    words = steps.written(reason, field="reason", missing="Give a reason.", limit=2000)
    own = policies.asking_for(actor, case, at=at)
    agency = next(agency for agency in found.agencies if agency.pk in own)
    newest = found.answers.order_by("number").last()
    RequestFollowUp.objects.create(
        request=found, number=newest.number, agency=agency, asked_by=actor, text=words, asked_at=at
    )
    found.due_at = kinds.answer_question_due(at)
    event = steps.finish(found, actor, step, at, capacity=own[agency.pk], data={"answer": newest.number})
    steps.plan(found, at)
    steps.tell(event, found, "question_asked_again", lab=True)
    return found


@action
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
    case, found, step, at = steps.begin(actor, question, "merge", at, expected_revision=expected_revision)
    target = steps.lock(case, into.pk)
    if target is None or target.pk == found.pk:
        raise Invalid("Choose another question on the same case.", field="into")
    if target.stored_state not in (RequestState.ASKED, RequestState.ANSWERED):
        raise Invalid("Choose a question that is open or answered.", field="into")
    agencies = found.agencies
    InformationRequest.objects.filter(merged_into=found).update(merged_into=target)
    found.merged_into = target
    event = steps.finish(found, actor, step, at, capacity="coordinator", data={"into": target.pk})
    deadlines.cancel(at=at, kinds=[kinds.ANSWER_QUESTION], subject_id=found.pk)
    # A form of the other one was made without these words, and is told so.
    target.revision += 1
    target.save()
    steps.note(target, actor, "take_in", "coordinator", at, data={"from_question": found.pk})
    steps.tell(event, target, "question_merged", agencies=[*agencies, *target.agencies], lab=True)
    return found


@action
def withdraw(
    *,
    actor,
    question: InformationRequest,
    expected_revision: int | None = None,
    at: datetime | None = None,
) -> InformationRequest:
    """Nobody needs the answer any more. Where other agencies' questions were merged into it, only a coordinator says so."""
    case, found, step, at = steps.begin(actor, question, "withdraw", at, expected_revision=expected_revision)
    capacity = next(iter(policies.asking_for(actor, case, at=at).values()))
    event = steps.finish(found, actor, step, at, capacity=capacity)
    deadlines.cancel(at=at, kinds=[kinds.ANSWER_QUESTION], subject_id=found.pk)
    steps.tell(event, found, "question_withdrawn", agencies=found.agencies, lab=True)
    return found


# --- what is named with them -------------------------------------------------------------------------------------------


def _current(case: Submission, document: Document):
    """The newest version of a document of the case."""
    if document.submission_id != case.pk or document.removed_at is not None:
        raise Invalid("Name documents of this case.", field="documents")
    return document.current


@contextmanager
def _beside_the_file() -> Iterator[None]:
    """What refuses the document of an answer is said beside its file: the words of the answer may stand without it."""
    try:
        yield
    except AlreadyDone as refusal:
        words = "This very file is in the case already: name it among its documents."
        raise Invalid(words, field="file") from refusal
    except WrongState as refusal:
        raise Invalid(refusal.message, field="file") from refusal
