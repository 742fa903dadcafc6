"""The deadlines and notices of the agency's side. Wording carries no fact of the lab's."""

from datetime import datetime, timedelta

from portal import programme
from portal.accounts.models import Kind
from portal.deadlines import actions as deadlines
from portal.deadlines.calendar import add_business_days
from portal.deadlines.registry import DeadlineKind, Group, NoticeKind, StandIns, days, register
from portal.submissions.states import MACHINE, State

ATTEST, DRAFT_FEEDBACK, FINAL_FEEDBACK = "attest", "draft_feedback", "final_feedback"
ACKNOWLEDGE_INQUIRY = "acknowledge_inquiry"
REVIEWS = Group("reviews", "Seats and assessments", (Kind.LAB, Kind.AGENCY))
INQUIRIES = Group("inquiries", "Inquiries and designations", (Kind.LAB, Kind.AGENCY))
# By these somebody's access begins or ends: they are mailed at once, whatever a person chose.
ESSENTIAL = frozenset(
    {
        "agency_invited",
        "agency_invitation_ended",
        "assignment_proposed",
        "assignment_revoked",
        "assignment_handed_over",
        "assignment_expired",
    }
)


def attest_due(proposed_at: datetime) -> datetime:
    return add_business_days(proposed_at, programme.target("attest_business_days"))


def acknowledge_inquiry_due(submitted_at: datetime) -> datetime:
    return add_business_days(submitted_at, programme.target("acknowledge_business_days"))


def draft_feedback_due(closes_at: datetime) -> datetime:
    return closes_at - timedelta(days=programme.target("draft_feedback_days"))


def final_feedback_due(closes_at: datetime) -> datetime:
    return add_business_days(closes_at, programme.target("final_feedback_business_days"))


# What follows the window's end, so that a lab that thinks of moving its dates can be shown it beforehand.
BY_CLOSING = {DRAFT_FEEDBACK: draft_feedback_due, FINAL_FEEDBACK: final_feedback_due}


def seat_expires(closes_at: datetime) -> datetime:
    """When a seat ends unless it is given a date of its own: long enough after the window to finish feedback."""
    return closes_at + timedelta(days=programme.target("seat_days_after_window"))


def plan_feedback(submission, at: datetime) -> None:
    """Set, move, meet or cancel the feedback deadlines of a case so that they say what its assessments say."""
    from reviews.models import Assessment
    from reviews.states import LAB_READS, AssessmentState

    state = submission.state_at(at)
    if state in MACHINE.terminal:
        return
    empty = state == State.ENDED and submission.opens_at is None
    if state not in (State.AGREED, State.OPEN, State.ENDED) or empty:
        deadlines.cancel(at=at, kinds=[DRAFT_FEEDBACK, FINAL_FEEDBACK], subject_id=submission.pk)
        return
    states = list(Assessment.objects.filter(submission=submission).values_list("state", flat=True))
    common = {
        "subject_id": submission.pk,
        "case_id": submission.pk,
        "case_number": submission.case_number,
        "at": at,
    }
    if any(found in LAB_READS for found in states):
        deadlines.meet(kind=DRAFT_FEEDBACK, subject_id=submission.pk, at=at)
    else:
        deadlines.set_deadline(kind=DRAFT_FEEDBACK, due_at=draft_feedback_due(submission.closes_at), **common)
    if states and all(found == AssessmentState.FINAL for found in states):
        deadlines.meet(kind=FINAL_FEEDBACK, subject_id=submission.pk, at=at)
    else:
        deadlines.set_deadline(kind=FINAL_FEEDBACK, due_at=final_feedback_due(submission.closes_at), **common)


def register_kinds() -> None:
    register(*_DEADLINES)
    told = [NoticeKind(*words) for words in _NOTICES]
    beside = [kind for kind in told if kind.key in (*OF_AN_INQUIRY, *OF_A_DESIGNATION)]
    register(*(kind for kind in told if kind not in beside), group=REVIEWS, essential=ESSENTIAL)
    register(*beside, group=INQUIRIES, essential=["inquiry_withdrawn"])


_DEADLINES = (
    DeadlineKind(
        ATTEST, "Attest the assignment", "A seat was proposed and waits for its reviewer's attestation.", (),
        days(0, 1, 2, 3, 4, 5), stand_ins=(StandIns(("agency_coordinator",)), StandIns(("coordinator",))),
    ),
    DeadlineKind(
        DRAFT_FEEDBACK, "Draft feedback", "Draft feedback to the lab is due.", ("lead", "reviewer"),
        days(-2, 0, 1, 2, 3, 4, 5), scope="assessments",
    ),
    DeadlineKind(
        FINAL_FEEDBACK, "Final feedback", "Final feedback to the lab is due.", ("lead", "reviewer"),
        days(-2, 0, 1, 2, 3, 4, 5), scope="assessments",
    ),
    DeadlineKind(ACKNOWLEDGE_INQUIRY, "Acknowledge the inquiry", "An inquiry waits for its acknowledgement.", (), days(-1, 0, 1)),
)  # fmt: skip

_NOTICES = (
    ("agency_invited", "Agency invited", "Another agency was invited to this case."),
    ("agency_invitation_ended", "Invitation ended", "An agency's invitation to this case has ended."),
    ("assignment_proposed", "Seat proposed", "A reviewer's seat on this case is proposed to you."),
    ("assignment_asked", "Seat proposed", "A reviewer's seat on this case was proposed to a reviewer."),
    ("assignment_attested", "Seat attested", "A reviewer attested and is active on this case."),
    ("assignment_declined", "Seat declined", "A reviewer did not take the seat on this case."),
    ("assignment_recused", "Reviewer recused", "A reviewer left this case for a conflict of interest."),
    ("assignment_revoked", "Seat revoked", "A reviewer's seat on this case was revoked."),
    ("assignment_completed", "Seat completed", "A reviewer's work on this case is complete."),
    ("assignment_handed_over", "Seat handed over", "A reviewer's seat on this case is handed over to another."),
    ("assignment_expired", "Seat expired", "A reviewer's seat on this case has expired."),
    ("assignment_writes_none", "No assessment from a seat", "A reviewer on this case stated that they write no assessment."),
    ("assessment_check_asked", "Peer check asked for", "An assessment on this case waits for a check by another reviewer."),
    ("assessment_peer_checked", "Peer checked", "An assessment on this case was checked by another reviewer."),
    ("assessment_shared", "Assessment shared", "An assessment was shared with the lab. The lab may respond to it."),
    ("assessment_responded", "Lab responded", "The lab responded to an assessment."),
    ("assessment_retest_asked", "Retest asked for", "The lab responded to an assessment, and asks for a retest."),
    ("assessment_retested", "Retest recorded", "A reviewer recorded a retest of an assessment on this case."),
    ("retest_answered", "Retest answered", "The lab answered a retest on this case."),
    ("assessment_final", "Assessment final", "An assessment on this case is final."),
    ("inquiry_submitted", "Inquiry submitted", "A lab submitted an inquiry."),
    ("inquiry_acknowledged", "Inquiry acknowledged", "Your inquiry was acknowledged."),
    ("inquiry_in_benchmarking", "Benchmarking begun", "Benchmarking for your inquiry has begun."),
    ("inquiry_answered", "Inquiry answered", "The inquiry was answered."),
    ("inquiry_closed", "Inquiry closed", "The inquiry was closed."),
    ("inquiry_withdrawn", "Inquiry withdrawn", "The lab withdrew its inquiry."),
    ("designation_recorded", "Designation recorded", "A designation was recorded and waits for a second designator."),
    ("designation_confirmed", "Designation confirmed", "A designation was confirmed by a second designator."),
    ("designation_shared", "Designation shared", "A designation about one of your models was recorded and confirmed."),
)  # fmt: skip

# What is told beside a case, by what it is about.
OF_AN_INQUIRY = (ACKNOWLEDGE_INQUIRY, *(key for key, *_ in _NOTICES if key.startswith("inquiry_")))
OF_A_DESIGNATION = tuple(key for key, *_ in _NOTICES if key.startswith("designation_"))
