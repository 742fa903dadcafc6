"""What reviewing adds to a case's page on the workbench, and what of it waits on a person."""

from urllib.parse import urlencode

from django.urls import reverse

from portal import clock
from portal.accounts.models import Kind, Role
from portal.admin import Queue, queue
from portal.submissions import policies as cases
from portal.submissions.querysets import agency_wide
from portal.submissions.states import State
from reviews.models import Assessment, Assignment, CaseAgency, Designation, Inquiry
from reviews.states import LAB_READS, AssessmentState, AssignmentState, InquiryState

SHOWN = 20


def seats_panel(request, submission):
    """The agencies invited to the case, and the seats on it that this person sees."""
    if submission.submitted_at is None:
        return None
    at = clock.now()
    seats = Assignment.objects.visible_to(request.user, at=at).filter(submission=submission)
    coordinates = "coordinator" in cases.capacities(request.user, submission, at=at)
    seated = submission.state_at(at) in (State.ACKNOWLEDGED, State.AGREED, State.OPEN)
    named = urlencode({"submission": submission.case_number})
    context = {
        "invitations": CaseAgency.objects.visible_to(request.user, at=at)
        .filter(submission=submission)
        .live()
        .select_related("agency"),
        "seats": seats.for_workbench()[:SHOWN],
        "propose": f"{reverse('admin:reviews_assignment_add')}?{named}" if coordinates and seated else "",
        "match": f"{reverse('admin:reviews_matchingrun_add')}?{named}" if coordinates and seated else "",
        "invite": f"{reverse('admin:reviews_caseagency_add')}?{named}" if coordinates else "",
    }
    return "Agencies and reviewers", "reviews/admin/case_seats.html", context


def assessments_panel(request, submission):
    """The assessments of the case that this person reads; a way to write one for its active reviewers."""
    if submission.submitted_at is None:
        return None
    at = clock.now()
    seat = _own_seat(request, submission, at)
    named = urlencode({"submission": submission.case_number})
    found = Assessment.objects.visible_to(request.user, at=at).beyond(request.user)
    shown = list(found.filter(submission=submission).for_workbench()[:SHOWN])
    shared = any(row.state in LAB_READS for row in shown)
    context = {
        "assessments": shown,
        "report": reverse("admin:reviews_assessment_report", args=[submission.pk]) if shared else "",
        "write": f"{reverse('admin:reviews_assessment_add')}?{named}"
        if seat and seat.writes_none_at is None
        else "",
        "waits_for_own": seat is not None and seat.waits_for_own,
        "seat": seat,
    }
    return "Assessments", "reviews/admin/case_assessments.html", context


def _own_seat(request, submission, at):
    """The seat from which this person may write: theirs, active, once the terms are agreed."""
    if not cases.capacities(request.user, submission, at=at) & {"lead", "reviewer"}:
        return None
    return Assignment.objects.own_of(request.user, at=at).filter(submission=submission).first()


def queues(user, at) -> list[Queue]:
    """What waits on this person: as a reviewer, a coordinator, a designator."""
    found: list[Queue] = []
    if user.has_seat(Kind.AGENCY, Role.REVIEWER):
        found += _reviewers(user, at)
    if Role.COORDINATOR in agency_wide(user):
        found += _coordinators(user, at)
    if Role.DESIGNATOR in agency_wide(user):
        found += _designators(user, at)
    return found


def _reviewers(user, at) -> list[Queue]:
    seats = Assignment.objects.visible_to(user, at=at).filter(reviewer=user)
    readable = Assessment.objects.visible_to(user, at=at)
    checks = readable.reviewed_by(user, at=at).awaiting_check_by(user)
    led = readable.led_by(user, at=at)
    return [
        queue(
            "Seats to attest",
            seats.in_state(AssignmentState.PROPOSED, at=at),
            "reviews_assignment",
            "me",
            "Proposed to you",
        ),
        queue(
            "Assessments to check",
            checks,
            "reviews_assessment",
            "check",
            "Another reviewer asks for your check",
        ),
        queue(
            "To share with the lab",
            led.in_state(AssessmentState.PEER_CHECKED),
            "reviews_assessment",
            "share",
            "You lead",
        ),
        queue(
            "Retests asked for",
            readable.reviewed_by(user, at=at).awaiting_retest(),
            "reviews_assessment",
            "retest",
            "The lab asks that what was found be tried again",
        ),
        queue(
            "To make final",
            led.in_state(AssessmentState.LAB_RESPONDED),
            "reviews_assessment",
            "finalize",
            "The lab responded",
        ),
    ]


def _coordinators(user, at) -> list[Queue]:
    inquiries = Inquiry.objects.visible_to(user, at=at)
    late = Assignment.objects.visible_to(user, at=at).attestation_late(at=at)
    return [
        queue(
            "Attestations that are late",
            late,
            "reviews_assignment",
            "late",
            "Asked for, and not given by the target",
        ),
        queue(
            "Inquiries to acknowledge",
            inquiries.in_state(InquiryState.SUBMITTED),
            "reviews_inquiry",
            "acknowledge",
        ),
        queue(
            "Inquiries to benchmark",
            inquiries.in_state(InquiryState.ACKNOWLEDGED),
            "reviews_inquiry",
            "benchmarking",
        ),
        queue(
            "Inquiries to close",
            inquiries.in_state(InquiryState.ANSWERED),
            "reviews_inquiry",
            "close",
        ),
    ]


def _designators(user, at) -> list[Queue]:
    inquiries = Inquiry.objects.visible_to(user, at=at)
    second = Designation.objects.visible_to(user, at=at).awaiting_second(user)
    return [
        queue(
            "Inquiries to answer",
            inquiries.in_state(InquiryState.IN_BENCHMARKING),
            "reviews_inquiry",
            "answer",
        ),
        queue(
            "Designations to confirm", second, "reviews_designation", "me", "Recorded by another designator"
        ),
    ]
