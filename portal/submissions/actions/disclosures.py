"""Before an agency discloses anything of a case: the lab is told, heard, and told again with reasons and a date.

Source: Executive Order 12600, sections 1 to 6. Each step is a person's: that days pass decides nothing, and none of it touches
the lab's release or its dates.
"""

from collections.abc import Iterable
from datetime import datetime

from django.db.models import Max

from portal import clock
from portal.accounts.models import Organisation
from portal.deadlines import actions as deadlines
from portal.errors import AlreadyDone, Invalid, NotAllowed, WrongState
from portal.formats import instant
from portal.scope import action
from portal.submissions import deadline_kinds as kinds
from portal.submissions import policies
from portal.submissions.actions import case as cases
from portal.submissions.actions import disclosure_steps as steps
from portal.submissions.actions.question_steps import agency_among, written
from portal.submissions.models import DisclosureNotice, Document, DocumentVersion, Submission
from portal.submissions.states import DisclosureState


@action
def give_notice(
    *,
    actor,
    submission: Submission,
    reference: str,
    text: str,
    documents: Iterable[Document] = (),
    agency: Organisation | None = None,
    at: datetime | None = None,
) -> DisclosureNotice:
    """Tell the lab that the actor's agency was asked to disclose something of its case: the request's own number, what it
    asks for, and the documents concerned. The lab's days to object begin.

    Raises AlreadyDone where this agency has given notice of this request already.
    """
    case = cases.lock(submission)
    at = at or clock.now()
    own = policies.notifying_for(actor, case, at=at)
    if not own:
        raise NotAllowed("A coordinator of an agency that sees the case gives this notice.")
    number = written(
        reference, field="reference", missing="Write the request's number.", limit=steps.REFERENCE_LIMIT
    )
    words = written(text, field="text", missing="Write what is asked for.")
    named = _documents(case, documents)
    giving = agency_among(own, agency)
    twin = case.disclosure_notices.filter(agency=giving, reference=number).exclude(
        stored_state=DisclosureState.DROPPED
    )
    if twin.exists():
        raise AlreadyDone(f"The lab has this notice already: {str(twin.get()).lower()}.")
    last = case.disclosure_notices.aggregate(last=Max("number"))["last"] or 0
    notice = DisclosureNotice.objects.create(
        submission=case, number=last + 1, agency_id=giving, given_by=actor, reference=number, text=words,
        given_at=at, due_at=kinds.answer_disclosure_due(at),
    )  # fmt: skip
    notice.documents.set(named)
    data = {"documents": [document.pk for document in named]}
    event = steps.note(notice, actor, "give_notice", own[giving], at, data=data)
    steps.plan(notice, at)
    steps.tell(event, notice, "disclosure_notified", lab=True)
    return notice


@action
def object_to(
    *,
    actor,
    notice: DisclosureNotice,
    reason: str,
    expected_revision: int | None = None,
    at: datetime | None = None,
) -> DisclosureNotice:
    """The lab objects and says why, or adds to what it said. It is heard until the agency has decided, also after its days."""
    return _answer(actor, notice, "object", reason, expected_revision, at)


@action
def not_object(
    *,
    actor,
    notice: DisclosureNotice,
    reason: str = "",
    expected_revision: int | None = None,
    at: datetime | None = None,
) -> DisclosureNotice:
    """The lab does not object; what it says to that is optional. It may still think otherwise until the agency has decided."""
    return _answer(actor, notice, "not_object", reason, expected_revision, at)


def _answer(actor, notice, verb: str, reason: str, revision: int | None, at: datetime | None):
    found, step, at = steps.begin(actor, notice, verb, at, reason=reason, expected_revision=revision)
    words = steps.optional(reason)
    last = found.statements.order_by("number").last()
    if step.source == step.target and last is not None and (last.verb, last.text) == (verb, words):
        raise AlreadyDone("This was said already.")
    found.answered_at = at
    event = steps.finish(found, actor, step, at, said=words, by=found.submission.lab_id)
    deadlines.meet(kind=kinds.ANSWER_DISCLOSURE, subject_id=found.pk, at=at)
    steps.tell(event, found, "disclosure_answered", agency=True)
    return found


@action
def decide_to_disclose(
    *,
    actor,
    notice: DisclosureNotice,
    reason: str,
    disclose_at: datetime | None = None,
    expected_revision: int | None = None,
    at: datetime | None = None,
) -> DisclosureNotice:
    """The agency will disclose, from ``disclose_at`` on, and tells the lab why.

    Against an objection no earlier than the set business days from now, which is also the date where none is given; else at once.
    """
    found, step, at = steps.begin(
        actor, notice, "decide_to_disclose", at, reason=reason, expected_revision=expected_revision
    )
    earliest = kinds.disclosure_from(at) if found.state_at(at) == DisclosureState.OBJECTED else at
    found.disclose_at = disclose_at or earliest
    if found.disclose_at < earliest:
        raise Invalid(
            f"The lab has to be told before: name {instant(earliest)} or a later time.", field="disclose_at"
        )
    found.decided_at = at
    event = steps.finish(found, actor, step, at, said=steps.optional(reason), by=found.agency_id)
    # Where the lab answered, this was met by that; where it was silent, it is no longer asked.
    deadlines.cancel(at=at, kinds=[kinds.ANSWER_DISCLOSURE], subject_id=found.pk)
    steps.plan(found, at)
    steps.tell(event, found, "disclosure_to_disclose", lab=True)
    return found


@action
def decide_not_to_disclose(
    *,
    actor,
    notice: DisclosureNotice,
    reason: str = "",
    expected_revision: int | None = None,
    at: datetime | None = None,
) -> DisclosureNotice:
    """The agency does not disclose what it was asked for; nothing waits for the lab any more."""
    return _end(
        actor, notice, "decide_not_to_disclose", reason, expected_revision, at, "disclosure_not_disclosed"
    )


@action
def drop(
    *,
    actor,
    notice: DisclosureNotice,
    reason: str = "",
    expected_revision: int | None = None,
    at: datetime | None = None,
) -> DisclosureNotice:
    """The request was taken back, or is no longer about this case."""
    return _end(actor, notice, "drop", reason, expected_revision, at, "disclosure_dropped")


def _end(actor, notice, verb: str, reason: str, revision: int | None, at: datetime | None, kind: str):
    found, step, at = steps.begin(actor, notice, verb, at, reason=reason, expected_revision=revision)
    if verb == "decide_not_to_disclose":
        found.decided_at = at
    event = steps.finish(found, actor, step, at, said=steps.optional(reason), by=found.agency_id)
    deadlines.cancel(at=at, kinds=[kinds.ANSWER_DISCLOSURE, kinds.DISCLOSURE_DATE], subject_id=found.pk)
    steps.tell(event, found, kind, lab=True)
    return found


@action
def record_disclosure(
    *,
    actor,
    notice: DisclosureNotice,
    unmarked: Iterable[Document] = (),
    reason: str = "",
    expected_revision: int | None = None,
    at: datetime | None = None,
) -> DisclosureNotice:
    """It was disclosed, now that the date the lab was given has come. ``unmarked``: documents of the notice that became public
    as a whole, so that the mark of confidential commercial information no longer stands on them.

    Raises WrongState before that date.
    """
    found, step, at = steps.begin(
        actor, notice, "record_disclosure", at, reason=reason, expected_revision=expected_revision
    )
    if found.disclose_at is None or found.disclose_at > at:
        raise WrongState(f"The lab was told that nothing is disclosed before {instant(found.disclose_at)}.")
    found.disclosed_at = at
    chosen = {document.pk for document in unmarked}
    marked = [document for document in found.documents.all() if document.pk in chosen]
    if len(marked) < len(chosen):
        raise Invalid("Choose documents that the lab was told of.", field="unmarked")
    later = DocumentVersion.objects.filter(document__in=chosen, uploaded_at__gt=found.given_at)
    if later.exists():
        raise Invalid("A version was added since the lab was told: its mark stands.", field="unmarked")
    said = steps.optional(reason)
    event = steps.finish(
        found, actor, step, at, said=said, by=found.agency_id, data={"unmarked": sorted(chosen)}
    )
    for document in marked:
        _unmark(found, document, actor, at)
    deadlines.meet(kind=kinds.DISCLOSURE_DATE, subject_id=found.pk, at=at)
    steps.tell(event, found, "disclosure_disclosed", lab=True)
    return found


@action
def report_suit(
    *,
    actor,
    notice: DisclosureNotice,
    reason: str,
    expected_revision: int | None = None,
    at: datetime | None = None,
) -> DisclosureNotice:
    """Somebody has gone to court for what was asked for: the lab is told at once, and reads which court and when."""
    found, step, at = steps.begin(
        actor, notice, "report_suit", at, reason=reason, expected_revision=expected_revision
    )
    event = steps.finish(found, actor, step, at, said=steps.optional(reason), by=found.agency_id)
    steps.tell(event, found, "disclosure_suit", lab=True)
    return found


def _documents(case: Submission, documents: Iterable[Document]) -> list[Document]:
    named = list(documents)
    if any(document.submission_id != case.pk or document.removed_at is not None for document in named):
        raise Invalid("Name documents of this case.", field="documents")
    return named


def _unmark(notice: DisclosureNotice, document: Document, actor, at: datetime) -> None:
    """Take the mark off a document that is public now. The database takes it from nobody else of the government."""
    document = Document.objects.select_for_update().get(pk=document.pk)
    if not document.confidential_commercial:
        return
    before = document.marking
    document.confidential_commercial = False
    document.unmarked_by, document.unmarked_under = actor, notice
    document.save(update_fields=["confidential_commercial", "unmarked_by", "unmarked_under"])
    said = {
        "document": document.pk,
        "from": before,
        "to": document.marking,
        "lowered": True,
        "disclosure_notice": notice.number,
    }
    cases.finish(
        case=notice.submission,
        actor=actor,
        verb="mark_document",
        at=at,
        data=said,
        capacity="agency",
    )
