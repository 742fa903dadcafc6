"""Who may do what on the agency's side now. Plain answers; unknown means no."""

from collections.abc import Callable
from datetime import datetime

from portal import clock
from portal.accounts.models import Kind, Membership, Role
from portal.machine import Machine
from portal.submissions import hooks
from portal.submissions import policies as cases
from portal.submissions.models import Barrier, Submission
from portal.submissions.querysets import agency_wide
from reviews.models import Assessment, Assignment, CaseAgency, Designation, Inquiry
from reviews.states import ASSESSMENT, ASSIGNMENT, DESIGNATION, INQUIRY, InquiryState


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


def works_for_a_partner(user, submission: Submission) -> bool:
    """Whether a person belongs or is affiliated to an organisation that has or may get a grant on the case (invariant 8)."""
    partners = hooks.gather(hooks.PARTNERS_OF, submission)
    if not partners:
        return False
    belongs = Membership.objects.filter(user=user, organisation_id__in=partners, ended_at=None).exists()
    return belongs or user.affiliations.filter(organisation_id__in=partners).exists()


def may_be_seated(user, submission: Submission) -> bool:
    """Whether no conflict keeps a person from a seat on a case."""
    barred = is_barred(user, lab_id=submission.lab_id, submission=submission)
    return not barred and not works_for_a_partner(user, submission)


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

    An author whose seat has ended is none any more.
    """
    mine = set(cases.capacities(actor, assessment.submission, at=at))
    if mine & {"lead", "reviewer"}:
        mine.add("author" if actor.pk == assessment.author_id else "peer")
    return frozenset(mine)


def may_write_assessment(actor, submission: Submission, *, at: datetime | None = None) -> bool:
    return bool(cases.capacities(actor, submission, at=at) & {"lead", "reviewer"})


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


def capacities(actor, subject, *, at: datetime | None = None) -> frozenset[str]:
    """In what capacities a person stands to a seat, an assessment, an inquiry or a designation now."""
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
}


def has_perm(user, codename: str, obj) -> bool:
    """Django's question, answered for one object: whether it is seen. Nothing else is a stored permission here."""
    kinds = (CaseAgency, Assignment, Assessment, Inquiry, Designation)
    if not isinstance(obj, kinds) or codename != f"view_{obj._meta.model_name}":
        return False
    return type(obj).objects.visible_to(user).filter(pk=obj.pk).exists()
