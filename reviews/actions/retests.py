"""A retest of what was shared, and the lab's answer to it. Neither moves the assessment along its way."""

from datetime import datetime
from uuid import UUID, uuid5

from portal import clock
from portal.errors import AlreadyDone, Missing, NotAllowed, WrongState
from portal.ledger.stale import refuse_stale
from portal.scope import action
from portal.submissions import policies as case_policies
from portal.submissions.actions import case as cases
from portal.submissions.models import Submission
from reviews.actions import common
from reviews.actions.assessments import lock, seat_word
from reviews.models import Assessment, Retest, RetestAnswer
from reviews.states import RETESTED, AssignmentState


@action
def record_retest(
    *,
    actor,
    assessment: Assessment,
    values: dict,
    key: UUID | None = None,
    expected_revision: int | None = None,
    at: datetime | None = None,
) -> Retest:
    """What the author, or another active reviewer of the case, saw when they tried again what a shared assessment had found.

    The lab reads it at once. Which document versions the person had opened since the sharing is noted with it. Refused once the
    assessment is final. A door that may be called twice for one wish passes the same ``key`` both times.
    """
    case, found, mine, at = lock(actor, assessment, at)
    if not mine & {"lead", "reviewer"}:
        raise NotAllowed("Only active reviewers of the case record a retest.")
    if found.state not in RETESTED:
        raise WrongState("A retest is of what was shared with the lab, until it is final.")
    refuse_stale(found, expected_revision, called="This assessment")
    seat = case.assignments.in_state(AssignmentState.ACTIVE, at=at).get(reviewer=actor)
    row = Retest(assessment=found, assignment=seat, by=actor, at=at)
    if key is not None:
        # Bound to the person: nobody can meet, or probe for, a key of somebody else's.
        row.pk = uuid5(actor.pk, str(key))
        if Retest.objects.filter(pk=row.pk).exists():
            raise AlreadyDone("This retest was recorded already.")
    _fill(row, values)
    row.save(force_insert=True)
    row.versions_read.set(common.versions_opened(case, actor.pk, since=found.shared_at, until=at))
    _touch(found, at)
    event = common.note(
        actor=actor, verb="record_retest", subject=found, case=case, capacity=seat_word(mine), data={"retest": row.pk}, at=at,
    )  # fmt: skip
    people = [*_of_the_agencies(case, found.author_id, at), *_of_the_lab(case, at)]
    common.tell(event=event, kind="assessment_retested", people=people, case=case)
    return row


@action
def answer_retest(*, actor, retest: Retest, text: str = "", at: datetime | None = None) -> RetestAnswer:
    """The lab answers a retest, once; nothing waits for it, and it may come after the assessment is final."""
    case = cases.lock(retest.assessment.submission)
    at = at or clock.now()
    if "lab" not in case_policies.capacities(actor, case, at=at):
        raise NotAllowed("Administrators and contributors of the case's lab answer a retest.")
    if RetestAnswer.objects.filter(retest=retest).exists():
        raise AlreadyDone("This retest was answered already.")
    if not text.strip():
        raise Missing("Write your answer.", field="text")
    row = RetestAnswer(retest=retest, by=actor, at=at, text=text.strip())
    common.check_fields(row, ["text"])
    row.save(force_insert=True)
    found = Assessment.objects.select_for_update(of=("self",)).get(pk=retest.assessment_id)
    _touch(found, at)
    event = common.note(
        actor=actor,
        verb="answer_retest",
        subject=found,
        case=case,
        capacity="lab",
        data={"retest": retest.pk},
        at=at,
    )
    people = {*_of_the_agencies(case, found.author_id, at), *_of_the_agencies(case, retest.by_id, at)}
    common.tell(event=event, kind="retest_answered", people=sorted(people), case=case)
    return row


def _fill(row: Retest, values: dict) -> None:
    for name, value in common.known(values, Retest.TEXTS).items():
        setattr(row, name, value.strip() if isinstance(value, str) else value)
    if row.hours == "":
        row.hours = None
    for name in Retest.REQUIRED:
        if not getattr(row, name):
            raise Missing(f"Give the {Retest._meta.get_field(name).verbose_name}.", field=name)
    common.check_fields(row, Retest.TEXTS)


def _touch(found: Assessment, at: datetime) -> None:
    """Who takes a step from a page that did not show this yet is told first."""
    found.revision += 1
    found.updated_at = at
    found.save(update_fields=["revision", "updated_at"])


def _of_the_agencies(case: Submission, person: UUID, at: datetime) -> list[UUID]:
    """The lead, and a person while they are a reviewer of the case."""
    readers = cases.people(case, "reviewer", at=at, scope="assessments")
    return [
        *cases.people(case, "lead", at=at, scope="assessments"),
        *(one for one in readers if one == person),
    ]


def _of_the_lab(case: Submission, at: datetime) -> list[UUID]:
    return cases.people(case, "lab", "lab_viewer", at=at, scope="assessments")
