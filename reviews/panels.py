"""What the agency's side shows on the lab's case page."""

from django.http import HttpRequest

from portal import clock, scope
from portal.submissions.models import Submission
from reviews.models import Assessment, Assignment, CaseAgency

SHOWN = 10


def lab_panel(request: HttpRequest, submission: Submission) -> tuple[str, str, dict] | None:
    """Which agencies stand to the case, how many of their reviewers are active, and the assessments shared with the lab."""
    if submission.submitted_at is None:
        return None
    shared = Assessment.objects.visible_to(request.user).filter(submission=submission).in_short()
    found = list(shared[: SHOWN + 1])
    # Numbers of seats, of which the lab reads no row.
    with scope.lifted("reviews"):
        agencies = list(Assignment.objects.filter(submission=submission).by_agency(at=clock.now()))
    context = {
        "agencies": agencies,
        "invited": list(
            CaseAgency.objects.visible_to(request.user)
            .live()
            .filter(submission=submission)
            .select_related("agency")
        ),
        "assessments": found[:SHOWN],
        "more": len(found) > SHOWN,
    }
    return "Reviewers and assessments", "reviews/lab/_panel.html", context
