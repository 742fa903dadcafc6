"""What comes next on a case from the agencies' side."""

from datetime import datetime

from portal.submissions.models import Submission
from portal.submissions.next_steps import REVIEWERS, NextStep
from reviews.models import Assessment


def retests(submission: Submission, at: datetime) -> list[NextStep]:
    """That the lab asked for a retest, in words that name no assessment: whoever sees the case reads them. One query."""
    if submission.agreed_at is None or submission.closed_at or submission.withdrawn_at:
        return []
    if not Assessment.objects.filter(submission=submission).awaiting_retest().exists():
        return []
    return [
        NextStep(
            REVIEWERS,
            "",
            "Retest asked for: the lab asks the reviewers to try again what they found.",
            optional=True,
        )
    ]
