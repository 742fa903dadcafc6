"""What this floor lets a report of a spill freeze: assessments and inquiries."""

from datetime import datetime
from uuid import UUID

from portal.submissions.actions import case as cases
from portal.submissions.freezing import REMOVED_WORDS
from portal.submissions.spills import SpillKind, register
from reviews.actions.inquiries import remind_coordinators
from reviews.models import Assessment, Inquiry
from reviews.states import LAB_READS


def register_kinds() -> None:
    register(
        SpillKind(
            "assessment",
            "Assessment",
            Assessment,
            lock=lambda assessment: cases.lock(assessment.submission),
            # Of a draft the lab knows nothing.
            lab_reads=lambda assessment: assessment.state in LAB_READS,
            blank=_blank_assessment,
        ),
        SpillKind(
            "inquiry",
            "Inquiry with its answer",
            Inquiry,
            lock=lambda inquiry: Inquiry.objects.select_for_update(of=("self",)).get(pk=inquiry.pk),
            lab_reads=lambda inquiry: True,
            blank=_blank_inquiry,
            follow=_follow_inquiry,
        ),
    )


def _blank_assessment(pk: UUID) -> None:
    Assessment.objects.filter(pk=pk).update(
        method=REMOVED_WORDS, findings=REMOVED_WORDS, limitations="", response="", classified_pointer=""
    )


def _blank_inquiry(pk: UUID) -> None:
    rows = Inquiry.objects.filter(pk=pk)
    rows.exclude(answer="").update(answer=REMOVED_WORDS)
    rows.update(model_name=REMOVED_WORDS, question=REMOVED_WORDS)


def _follow_inquiry(pk: UUID, at: datetime) -> None:
    remind_coordinators(Inquiry.objects.select_related("lab").get(pk=pk), at=at)
