"""An assessment's way: written, checked by another reviewer, shared with the lab, answered by it, made final."""

from datetime import datetime
from uuid import UUID, uuid5

from portal import clock
from portal.errors import AlreadyDone, Missing, NotAllowed, WrongState
from portal.ledger.stale import refuse_stale
from portal.machine import Transition
from portal.scope import action
from portal.submissions.actions import case as cases
from portal.submissions.actions.frozen import refuse_frozen
from portal.submissions.models import Submission
from reviews import deadline_kinds as kinds
from reviews import policies
from reviews.actions import answers as answering
from reviews.actions import common
from reviews.actions.answers import Answers
from reviews.models import Assessment
from reviews.people import readers_among
from reviews.states import ASSESSMENT, AssessmentState, AssignmentState


@action
def create_assessment(
    *,
    actor,
    submission: Submission,
    values: dict | None = None,
    answers: Answers | None = None,
    ask_check: bool = False,
    key: UUID | None = None,
    at: datetime | None = None,
) -> Assessment:
    """A draft of the actor's own, from the actor's active seat; any value may be missing unless a check is asked for at once.

    It is pinned to the rubric of its domain that is current; ``answers`` by the keys of its questions.

    A door that may be called twice for one wish passes the same ``key`` both times: the second call raises AlreadyDone.
    """
    case = cases.lock(submission)
    at = at or clock.now()
    mine = policies.cases.capacities(actor, case, at=at)
    seat = case.assignments.in_state(AssignmentState.ACTIVE, at=at).filter(reviewer=actor).first()
    if seat is None or not mine & {"lead", "reviewer"}:
        raise NotAllowed("Only active reviewers of the case write assessments, once its terms are agreed.")
    if seat.writes_none_at is not None:
        raise WrongState("You stated that you write no assessment on this case.")
    draft = Assessment(
        submission=case, assignment=seat, author=actor, domain=seat.domain, created_at=at, updated_at=at
    )
    if key is not None:
        # Bound to the person: nobody can meet, or probe for, a key of somebody else's.
        draft.pk = uuid5(actor.pk, str(key))
        if Assessment.objects.filter(pk=draft.pk).exists():
            raise AlreadyDone("This draft was made already.")
    _take(draft, values or {})
    answering.pin(draft)
    draft.save(force_insert=True)
    answering.take(draft, answers or {})
    common.note(
        actor=actor, verb="create_assessment", subject=draft, case=case, capacity=seat_word(mine),
        data={"assignment": seat.pk, "domain": draft.domain}, at=at,
    )  # fmt: skip
    kinds.plan_feedback(case, at)
    return _ask(actor, case, draft, mine, at) if ask_check else draft


@action
def save_assessment(
    *,
    actor,
    assessment: Assessment,
    values: dict,
    answers: Answers | None = None,
    expected_revision: int | None = None,
    at: datetime | None = None,
) -> Assessment:
    """Overwrite the draft's values and answers; only what is given changes. Raises Stale when it was saved meanwhile."""
    case, draft, mine, at = lock(actor, assessment, at)
    if "author" not in mine:
        raise NotAllowed("Only its author edits a draft, while the author's seat is active.")
    if draft.state != AssessmentState.DRAFT:
        raise WrongState("This assessment was checked: it is not edited any more.")
    refuse_stale(draft, expected_revision, called="This assessment")
    before = {name: getattr(draft, name) for name in Assessment.TEXTS}
    _take(draft, values)
    changed = [name for name in Assessment.TEXTS if getattr(draft, name) != before[name]]
    if answering.take(draft, answers or {}):
        changed.append("answers")
    if "domain" in changed:
        answering.follow_domain(draft)
    if draft.check_asked_at is not None:
        require_complete(draft)
    draft.revision += 1
    draft.updated_at = at
    draft.save()
    common.note(
        actor=actor,
        verb="save_assessment",
        subject=draft,
        case=case,
        capacity=seat_word(mine),
        data={"changed": changed},
        at=at,
    )
    return draft


@action
def ask_check(
    *, actor, assessment: Assessment, expected_revision: int | None = None, at: datetime | None = None
) -> Assessment:
    """Open the complete draft to the other reviewers of the case whose own is in, and ask them for the check.

    With it the author's own is in: the others' open to the author.
    """
    case, draft, mine, at = lock(actor, assessment, at)
    if "author" not in mine:
        raise NotAllowed("Only its author asks for the check of a draft.")
    if draft.state != AssessmentState.DRAFT:
        raise WrongState("This assessment was checked already.")
    if draft.check_asked_at is not None:
        raise AlreadyDone("The check was asked for already.")
    refuse_stale(draft, expected_revision, called="This assessment")
    return _ask(actor, case, draft, mine, at)


def _ask(actor, case: Submission, draft: Assessment, mine, at: datetime) -> Assessment:
    require_complete(draft)
    draft.check_asked_at = draft.updated_at = at
    draft.revision += 1
    draft.save()
    event = common.note(
        actor=actor, verb="ask_check", subject=draft, case=case, capacity=seat_word(mine), at=at
    )
    people = cases.people(case, "lead", "reviewer", at=at, scope="assessments")
    people = readers_among(people, draft, at=at)
    common.tell(event=event, kind="assessment_check_asked", people=people, case=case)
    return draft


@action
def peer_check(
    *, actor, assessment: Assessment, expected_revision: int | None = None, at: datetime | None = None
) -> Assessment:
    """Another active reviewer of the case has checked the draft; from here on its text stands.

    A reviewer sees others' assessments that are not shared yet (404 until then) once their own is in, that is once they asked
    for its check, or once they stated on their seat that they write none (``POST assignments/<id>/write_none/``).
    """
    case, found, step, at = _begin(actor, assessment, "peer_check", at, expected_revision)
    require_complete(found)
    found.peer_checked_at, found.peer_checked_by = at, actor
    leads = readers_among(cases.people(case, "lead", at=at, scope="assessments"), found, at=at)
    people = [*leads, *seated(case, found, at)]
    return _finish(case, found, actor, step, at, "assessment_peer_checked", people)


@action
def share(
    *, actor, assessment: Assessment, expected_revision: int | None = None, at: datetime | None = None
) -> Assessment:
    """The lead shares a checked assessment with the lab; which document versions its author had read is noted with it."""
    case, found, step, at = _begin(actor, assessment, "share", at, expected_revision)
    found.shared_at, found.shared_by = at, actor
    found.versions_read.set(common.versions_opened(case, found.author_id, until=at))
    people = [*_lab_and_office(case, at), *seated(case, found, at)]
    return _finish(case, found, actor, step, at, "assessment_shared", people)


@action
def respond(
    *,
    actor,
    assessment: Assessment,
    response: str = "",
    asks_retest: bool = False,
    expected_revision: int | None = None,
    at: datetime | None = None,
) -> Assessment:
    """The lab answers a shared assessment, once; its words stay beside the findings.

    With ``asks_retest`` it asks that what was found be tried again: the lead and the author are told so, and nothing waits.
    """
    case, found, step, at = _begin(actor, assessment, "respond", at, expected_revision)
    if not response.strip():
        raise Missing("Write your response.", field="response")
    found.response, found.responded_at, found.responded_by = response.strip(), at, actor
    common.check_fields(found, ["response"])
    found.asks_retest = asks_retest is True
    concerned = [*cases.people(case, "lead", at=at, scope="assessments"), *seated(case, found, at)]
    others = cases.people(case, "coordinator", "lab", at=at, scope="assessments")
    if not found.asks_retest:
        return _finish(case, found, actor, step, at, "assessment_responded", [*concerned, *others])
    others = [person for person in others if person not in concerned]
    done = _finish(case, found, actor, step, at, "assessment_responded", others)
    event = common.note(actor=actor, verb="ask_retest", subject=done, case=case, capacity="lab", at=at)
    common.tell(event=event, kind="assessment_retest_asked", people=concerned, case=case)
    return done


@action
def finalize(
    *, actor, assessment: Assessment, expected_revision: int | None = None, at: datetime | None = None
) -> Assessment:
    """The lead makes an answered assessment final."""
    case, found, step, at = _begin(actor, assessment, "finalize", at, expected_revision)
    found.finalized_at, found.finalized_by = at, actor
    people = [*_lab_and_office(case, at), *seated(case, found, at)]
    return _finish(case, found, actor, step, at, "assessment_final", people)


def _lab_and_office(case: Submission, at: datetime) -> list[UUID]:
    readers = ("lab", "lab_viewer", "coordinator", "agency_coordinator")
    return cases.people(case, *readers, at=at, scope="assessments")


def seated(case: Submission, assessment: Assessment, at: datetime) -> list[UUID]:
    """The author, while the author may still read the case's assessments."""
    readers = cases.people(case, "lead", "reviewer", at=at, scope="assessments")
    return [person for person in readers if person == assessment.author_id]


def require_complete(assessment: Assessment) -> None:
    """Raise Missing for the first part that a check needs and that is not there."""
    for name in Assessment.REQUIRED:
        value = getattr(assessment, name)
        if value is None or not str(value).strip():
            label = Assessment._meta.get_field(name).verbose_name
            raise Missing(f"Give the {label}.", field=name)


def _take(draft: Assessment, values: dict) -> None:
    for name, value in common.known(values, Assessment.TEXTS).items():
        setattr(draft, name, value.strip() if isinstance(value, str) else value)
    if draft.hours == "":
        draft.hours = None
    common.check_fields(draft, Assessment.TEXTS)


def seat_word(capacities) -> str:
    return common.first(capacities, "lead", "reviewer")


def lock(actor, assessment: Assessment, at: datetime | None):
    case = cases.lock(assessment.submission)
    at = at or clock.now()
    found = (
        Assessment.objects.select_for_update(of=("self",))
        .select_related("assignment", "author")
        .get(pk=assessment.pk)
    )
    found.submission = case
    refuse_frozen("assessment", found.pk)
    return case, found, policies.assessment_capacities(actor, found, at=at), at


def _begin(
    actor, assessment: Assessment, verb: str, at: datetime | None, expected_revision: int | None
) -> tuple[Submission, Assessment, Transition, datetime]:
    case, found, mine, at = lock(actor, assessment, at)
    if not mine:
        raise NotAllowed("This step is not yours to take.")
    if verb == "peer_check" and "author" in mine:
        raise NotAllowed("Another reviewer than its author checks an assessment.")
    step = ASSESSMENT.require(found.state, verb, mine)
    refuse_stale(found, expected_revision, called="This assessment")
    return case, found, step, at


def _finish(
    case, found: Assessment, actor, step: Transition, at: datetime, notice: str, people: list[UUID]
) -> Assessment:
    before = found.state
    found.state = AssessmentState(step.target)
    found.revision += 1
    found.updated_at = at
    found.save()
    mine = policies.assessment_capacities(actor, found, at=at)
    capacity = "lab" if step.who == "lab" else seat_word(mine)
    data = {"from": before, "to": found.state}
    event = common.note(
        actor=actor, verb=step.verb, subject=found, case=case, capacity=capacity, data=data, at=at
    )
    common.tell(event=event, kind=notice, people=people, case=case)
    kinds.plan_feedback(case, at)
    return found
