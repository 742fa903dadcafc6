"""Which dates of the agency's side are targets, and so follow the programme's settings."""

from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import UUID

from portal.deadlines.following import Formula, register_formulas
from portal.deadlines.models import Deadline
from portal.submissions.models import Submission
from reviews import deadline_kinds as kinds
from reviews.models import Assignment, Inquiry


def _attest(rows: Sequence[Deadline]) -> dict[UUID, datetime]:
    found = Assignment.objects.filter(pk__in=[row.subject_id for row in rows]).order_by()
    since = dict(found.values_list("pk", "proposed_at"))
    return {row.pk: kinds.attest_due(since[row.subject_id]) for row in rows if row.subject_id in since}


def _acknowledge(rows: Sequence[Deadline]) -> dict[UUID, datetime]:
    """Such a deadline names its inquiry by number, since each coordinator has one of their own."""
    found = Inquiry.objects.filter(number__in={row.case_number for row in rows}, submitted_at__isnull=False)
    since = dict(found.order_by().values_list("number", "submitted_at"))
    return {
        row.pk: kinds.acknowledge_inquiry_due(since[row.case_number])
        for row in rows
        if row.case_number in since
    }


def _feedback(due: Callable[[datetime], datetime]):
    def dues(rows: Sequence[Deadline]) -> dict[UUID, datetime]:
        found = Submission.objects.filter(pk__in=[row.subject_id for row in rows], closes_at__isnull=False)
        closing = dict(found.order_by().values_list("pk", "closes_at"))
        return {row.pk: due(closing[row.subject_id]) for row in rows if row.subject_id in closing}

    return dues


def register() -> None:
    register_formulas(
        Formula(kinds.ATTEST, "attest_business_days", _attest),
        Formula(kinds.ACKNOWLEDGE_INQUIRY, "acknowledge_business_days", _acknowledge),
        Formula(kinds.DRAFT_FEEDBACK, "draft_feedback_days", _feedback(kinds.draft_feedback_due)),
        Formula(kinds.FINAL_FEEDBACK, "final_feedback_business_days", _feedback(kinds.final_feedback_due)),
    )
