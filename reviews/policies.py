"""Who may do what on the agency's side now. Plain answers; unknown means no."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet

from portal import clock
from portal.accounts.models import Kind, Membership, Role, Tie, User
from portal.machine import Machine
from portal.submissions import hooks
from portal.submissions import policies as cases
from portal.submissions.models import Barrier, Submission
from portal.submissions.querysets import agency_wide
from reviews.models import (
    AgencyLog,
    Assessment,
    Assignment,
    CaseAgency,
    Designation,
    Inquiry,
    MatchingRun,
    ReviewerProfile,
    RubricVersion,
)
from reviews.querysets import unwritten
from reviews.states import (
    ASSESSMENT,
    ASSIGNMENT,
    DESIGNATION,
    INQUIRY,
    RETESTED,
    RUN,
    AssessmentState,
    AssignmentState,
    InquiryState,
)


def is_barred(user, *, lab_id, submission: Submission | None = None) -> bool:
    """Whether a conflict, declared or by affiliation, hides this lab or this case from a person."""
    barriers = Barrier.objects.filter(user=user).order_by()
    found = barriers.filter(organisation_id=lab_id)
    if submission is not None:
        found = found.union(barriers.filter(submission=submission))
    return found.exists()


def holds_reviewer_seat(user, agency) -> bool:
    """Whether a person is an active reviewer of an agency; asked of the database, since it may be about somebody else."""
    rows = Membership.objects.filter(user=user, organisation=agency, role=Role.REVIEWER, ended_at=None)
    return user.is_active and rows.exists()


def conflicts(people: Iterable, cases: Iterable[Submission]) -> set[tuple[UUID, UUID]]:
    """The (person, case) of these that a conflict keeps apart: declared, by a tie to its lab, or to an organisation that has or
    may get a grant on the case (invariant 8). A few statements, however many people."""
    ids, cases = [person.pk for person in people], list(cases)
    labs, submissions, partners = defaultdict(list), {case.pk: [case.pk] for case in cases}, defaultdict(list)
    for case in cases:
        labs[case.lab_id].append(case.pk)
        for organisation in hooks.gather(hooks.PARTNERS_OF, case):
            partners[organisation].append(case.pk)
    barriers = Barrier.objects.filter(user__in=ids).order_by()
    found: list[tuple[QuerySet, str, dict]] = [
        (barriers.filter(organisation__in=labs), "organisation_id", labs),
        (barriers.filter(submission__in=submissions), "submission_id", submissions),
    ]
    if partners:
        tied = Tie.objects.standing().filter(user__in=ids, organisation__in=partners)
        found.append((tied, "organisation_id", partners))
    return {
        (person, case)
        for rows, column, of in found
        for person, key in rows.order_by().values_list("user_id", column)
        for case in of[key]
    }


def may_be_seated(user, submission: Submission) -> bool:
    """Whether no conflict keeps a person from a seat on a case."""
    return not conflicts([user], [submission])


def is_asked(agency, submission: Submission) -> bool:
    """Whether an agency stands to a case: the programme office always, another while it is invited."""
    if agency.is_programme_office:
        return True
    return CaseAgency.objects.live().filter(submission=submission, agency=agency).exists()


def is_programme_coordinator(actor, submission: Submission, *, at: datetime | None = None) -> bool:
    return "coordinator" in cases.capacities(actor, submission, at=at)


def assignment_capacities(actor, assignment: Assignment, *, at: datetime | None = None) -> frozenset[str]:
    """In what capacities a person stands to a seat: ``reviewer`` (whose seat it is) and ``coordinator`` (the programme's)."""
    if not actor.is_authenticated or not actor.is_active:
        return frozenset()
    case = assignment.submission
    found = set()
    if actor.pk == assignment.reviewer_id and assignment.agency_id in actor.organisations_as(
        Kind.AGENCY, Role.REVIEWER
    ):
        if not is_barred(actor, lab_id=case.lab_id, submission=case):
            found.add("reviewer")
    if Role.COORDINATOR in agency_wide(actor) and is_programme_coordinator(actor, case, at=at):
        found.add("coordinator")
    return frozenset(found)


def assessment_capacities(actor, assessment: Assessment, *, at: datetime | None = None) -> frozenset[str]:
    """``author``, ``peer`` (another active reviewer of the case), ``lead``, ``lab``, ``coordinator``, as the audience has it.

    An author whose seat has ended is none any more; a reviewer from whom the assessment is withheld yet is neither peer nor lead.
    """
    mine = set(cases.capacities(actor, assessment.submission, at=at))
    if mine & {"lead", "reviewer"}:
        if actor.pk == assessment.author_id:
            mine.add("author")
        elif Assessment.objects.visible_to(actor, at=at).filter(pk=assessment.pk).exists():
            mine.add("peer")
        else:
            mine -= {"lead", "reviewer"}
    return frozenset(mine)


def may_retest(actor, assessment: Assessment, *, at: datetime | None = None) -> bool:
    """The author and the other active reviewers of the case, until it is final."""
    mine = assessment_capacities(actor, assessment, at=at) & {"lead", "reviewer"}
    return assessment.state in RETESTED and bool(mine)


def may_write_none(actor, assignment: Assignment, *, at: datetime | None = None) -> bool:
    """Whether it is left to a reviewer to state that no assessment comes from this seat."""
    at = at or clock.now()
    mine = "reviewer" in assignment_capacities(actor, assignment, at=at)
    unsaid = assignment.writes_none_at is None and assignment.state_at(at) == AssignmentState.ACTIVE
    return mine and unsaid and not assignment.submission.assessments.filter(author=actor).exists()


def waits_for_own(actor, submission: Submission, *, at: datetime | None = None) -> bool:
    """Whether others' assessments of a case are withheld from one of its reviewers until their own is in."""
    return unwritten(actor, at or clock.now()).filter(submission=submission).exists()


def writes_draft(actor, assessment: Assessment, *, at: datetime | None = None) -> bool:
    """Whether an assessment is a draft, and this person its author."""
    return assessment.state == AssessmentState.DRAFT and "author" in capacities(actor, assessment, at=at)


def may_go_on_reading_log(person: UUID, log: UUID, *, at: datetime | None = None) -> bool:
    """Whether a log's file is open to a person, everything asked anew: to who reads its assessment on the agency's side."""
    reader = User.objects.filter(pk=person).first()
    return reader is not None and (
        AgencyLog.objects.visible_to(reader, at=at).beyond(reader).filter(pk=log).exists()
    )


def inquiry_capacities(actor, inquiry: Inquiry, *, at: datetime | None = None) -> frozenset[str]:
    """``lab`` (its administrators and contributors), or for the government ``coordinator``, ``designator``, ``auditor``."""
    if not actor.is_authenticated or not actor.is_active:
        return frozenset()
    if inquiry.lab_id in actor.organisations_as(Kind.LAB):
        writers = actor.organisations_as(Kind.LAB, Role.ADMIN, Role.CONTRIBUTOR)
        return frozenset({"lab"} if inquiry.lab_id in writers else {"lab_viewer"})
    if inquiry.submitted_at is None or is_barred(actor, lab_id=inquiry.lab_id):
        return frozenset()
    found = {str(role) for role in agency_wide(actor)}
    if actor.has_seat(Kind.AGENCY, Role.REVIEWER):
        found.add("reviewer")
    return frozenset(found)


def may_ask(actor, lab) -> bool:
    """Whether a person may write inquiries for a lab."""
    return actor.is_active and lab.pk in actor.organisations_as(Kind.LAB, Role.ADMIN, Role.CONTRIBUTOR)


def reads_text_of(actor, inquiry: Inquiry) -> bool:
    """Whether the lab's words are open to a person who may see the inquiry: after its withdrawal to the lab alone."""
    if inquiry.lab_id in actor.organisations_as(Kind.LAB):
        return True
    return inquiry.state != InquiryState.WITHDRAWN


def proposes_seats(actor) -> bool:
    """Whether a person proposes seats at all; on which case is the audience's answer."""
    return Role.COORDINATOR in agency_wide(actor)


def publishes_rubrics(actor) -> bool:
    return actor.is_active and Role.COORDINATOR in agency_wide(actor)


def reviews_for_an_agency(actor) -> bool:
    return actor.has_seat(Kind.AGENCY, Role.REVIEWER)


def is_designator(actor) -> bool:
    return actor.is_active and actor.has_seat(Kind.AGENCY, Role.DESIGNATOR)


def may_designate(actor, lab) -> bool:
    """Only a designator without a conflict records or confirms a determination about a lab's model."""
    return actor.is_authenticated and is_designator(actor) and not is_barred(actor, lab_id=lab.pk)


def designation_capacities(actor, designation: Designation, *, at: datetime | None = None) -> frozenset[str]:
    """``designator`` for every designator but the one who recorded it: the second person is another person."""
    if actor.pk == designation.recorded_by_id or not may_designate(actor, designation.lab):
        return frozenset()
    return frozenset({"designator"})


def keeps_profile_of(actor, membership: Membership) -> bool:
    """Whether a person keeps what is on record of a present reviewer: the reviewer, and coordinators of that very agency."""
    if not actor.is_active or membership.role != Role.REVIEWER or membership.ended_at is not None:
        return False
    if actor.pk == membership.user_id:
        return membership.organisation_id in actor.organisations_as(Kind.AGENCY, Role.REVIEWER)
    return membership.organisation_id in actor.organisations_as(Kind.AGENCY, Role.COORDINATOR)


def keeps_profiles(actor) -> bool:
    """Whether there may be a profile for a person to keep: whose is the answer of ``keeps_profile_of``."""
    return actor.has_seat(Kind.AGENCY, Role.REVIEWER, Role.COORDINATOR)


def run_capacities(actor, run: MatchingRun, *, at: datetime | None = None) -> frozenset[str]:
    """``coordinator`` for the programme's coordinators, whom no conflict keeps from any case or lab of the run."""
    if not actor.is_active or not proposes_seats(actor):
        return frozenset()
    seen = MatchingRun.objects.visible_to(actor, at=at).filter(pk=run.pk).exists()
    return frozenset({"coordinator"} if seen else ())


def capacities(actor, subject, *, at: datetime | None = None) -> frozenset[str]:
    """In what capacities a person stands to a seat, an assessment, an inquiry, a designation or a matching run now."""
    return _TABLES[type(subject)][1](actor, subject, at=at)


def may_take(actor, subject, verb: str, *, at: datetime | None = None) -> bool:
    """Whether any row of the state table lets this person take a verb on this object, from whatever state."""
    mine = capacities(actor, subject, at=at)
    return any(t.verb == verb and t.who in mine for t in _TABLES[type(subject)][0].transitions)


def open_verbs(actor, subject, *, at: datetime | None = None) -> list[str]:
    """The verbs this person can take on the object in its present state: what buttons are made from."""
    at = at or clock.now()
    state = subject.state_at(at) if hasattr(subject, "state_at") else subject.state
    steps = _TABLES[type(subject)][0].verbs_from(state, capacities(actor, subject, at=at))
    return list(dict.fromkeys(t.verb for t in steps))


_TABLES: dict[type, tuple[Machine, Callable]] = {
    Assignment: (ASSIGNMENT, assignment_capacities),
    Assessment: (ASSESSMENT, assessment_capacities),
    Inquiry: (INQUIRY, inquiry_capacities),
    Designation: (DESIGNATION, designation_capacities),
    MatchingRun: (RUN, run_capacities),
}


def has_perm(user, codename: str, obj) -> bool:
    """Django's question, answered for one object: whether it is seen. Nothing else is a stored permission here."""
    kinds = (
        CaseAgency,
        Assignment,
        Assessment,
        Inquiry,
        Designation,
        MatchingRun,
        ReviewerProfile,
        RubricVersion,
    )
    if not isinstance(obj, kinds) or codename != f"view_{obj._meta.model_name}":
        return False
    return type(obj).objects.visible_to(user).filter(pk=obj.pk).exists()
