"""What every action on a question shares: the locked beginning, the recorded end, who is told, what may be written."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from portal import clock
from portal.accounts.models import Organisation
from portal.deadlines import actions as deadlines
from portal.errors import Invalid, Missing, NotAllowed, WrongState
from portal.ledger import actions as ledger
from portal.ledger.models import Event
from portal.ledger.stale import refuse_stale
from portal.machine import Transition
from portal.submissions import deadline_kinds as kinds
from portal.submissions import policies
from portal.submissions.actions import case as cases
from portal.submissions.actions.frozen import refuse_frozen
from portal.submissions.freezing import QUESTION
from portal.submissions.models import Audience, InformationRequest, Submission
from portal.submissions.querysets import FACTS, live
from portal.submissions.states import REQUEST


def lock(case: Submission, pk: UUID) -> InformationRequest | None:
    """A question of a locked case, as it is now; every step on any of them waits for the case."""
    rows = case.questions.select_for_update(of=("self",)).select_related("agency")
    found = rows.prefetch_related("merged__agency").filter(pk=pk).first()
    if found is not None:
        found.submission = case
    return found


def begin(
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
    found = lock(case, question.pk)
    if found is None:
        raise NotAllowed("This step is not yours to take.")
    step = _require_step(actor, found, verb, at, reason)
    refuse_stale(found, expected_revision, called="This question")
    return case, found, step, at


def ask_step(actor, question: InformationRequest, verb: str, at: datetime | None) -> None:
    """Raise what ``begin`` would raise now, locking nothing: for work before it that no stranger should cause."""
    rows = InformationRequest.objects.select_related("submission", "agency").prefetch_related(
        "merged__agency"
    )
    _require_step(actor, rows.get(pk=question.pk), verb, at or clock.now())


def _require_step(actor, found: InformationRequest, verb: str, at: datetime, reason: str = "") -> Transition:
    mine = policies.question_capacities(actor, found, at=at)
    if not mine:
        raise NotAllowed("This step is not yours to take.")
    refuse_frozen(QUESTION, found.pk)
    step = REQUEST.require(found.state_at(at), verb, mine, reason=reason)
    require_going(found.submission, at)
    return step


def require_going(case: Submission, at: datetime) -> None:
    if not policies.takes_questions(case, at=at):
        state = case.state_at(at).label.lower()
        raise WrongState(f"This case is {state}, so nothing is asked or answered on it.")


def finish(
    found: InformationRequest,
    actor,
    step: Transition,
    at: datetime,
    *,
    capacity: str,
    data: dict | None = None,
) -> Event:
    """Save the step and its event. What was said to it stays in its own rows: the ledger outlives the right to read them."""
    before = found.stored_state
    found.stored_state = REQUEST.stored(step.target)
    found.revision += 1
    found.save()
    moved = {"from": before, "to": found.stored_state} if before != found.stored_state else {}
    return note(found, actor, step.verb, capacity, at, data=moved | (data or {}))


def note(
    question: InformationRequest,
    actor,
    verb: str,
    capacity: str,
    at: datetime,
    *,
    data: dict | None = None,
) -> Event:
    facts = {"revision": question.revision, "number": question.number}
    return ledger.record(
        actor=actor, verb=verb, subject=question, case_id=question.submission_id, capacity=capacity,
        data=facts | (data or {}), at=at,
    )  # fmt: skip


def _lab_page(question: InformationRequest) -> str:
    return f"/lab/cases/{question.submission.case_number}/questions/{question.number}/"


def _workbench(question: InformationRequest) -> str:
    return f"/admin/submissions/informationrequest/{question.pk}/change/"


def plan(question: InformationRequest, at: datetime) -> None:
    case = question.submission
    deadlines.set_deadline(
        kind=kinds.ANSWER_QUESTION, subject_id=question.pk, case_id=case.pk, case_number=case.case_number,
        due_at=question.due_at, at=at, link=_lab_page(question),
    )  # fmt: skip


def tell(
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


def written(text: str, *, field: str, missing: str, limit: int = InformationRequest.TEXT_LIMIT) -> str:
    words = text.replace("\r\n", "\n").strip()
    if not words:
        raise Missing(missing, field=field)
    if "\x00" in words:
        raise Invalid("Null characters cannot be stored.", field=field)
    if len(words) > limit:
        raise Invalid(f"Write at most {limit:,} characters.", field=field)
    return words


def agency_among(own: dict[UUID, str], wanted: Organisation | None) -> UUID:
    """The agency for which a person acts on a case, among those for which they may."""
    if wanted is None and len(own) > 1:
        raise Missing("Say for which of your agencies you act.", field="agency")
    if wanted is not None and wanted.pk not in own:
        raise Invalid("You do not act for this agency on this case.", field="agency")
    return wanted.pk if wanted is not None else next(iter(own))
