"""What this floor lets a report of a spill freeze: assessments and inquiries."""

from datetime import datetime
from uuid import UUID

from portal.submissions.actions import case as cases
from portal.submissions.freezing import REMOVED_WORDS
from portal.submissions.spills import SpillKind, register
from reviews.actions.inquiries import remind_coordinators
from reviews.models import (
    AgencyLog,
    AgencyScore,
    Assessment,
    AssessmentAnswer,
    Inquiry,
    Retest,
    RetestAnswer,
)
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
            files=_files_of_logs,
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

    # What hangs on it stands otherwise; triggers let these words alone through, under an assessment whose content is removed.
    AssessmentAnswer.objects.filter(assessment=pk).update(text=REMOVED_WORDS)
    RetestAnswer.objects.filter(retest__assessment=pk).update(text=REMOVED_WORDS)
    Retest.objects.filter(assessment=pk).update(what=REMOVED_WORDS, text=REMOVED_WORDS)
    AgencyScore.objects.filter(log__assessment=pk)._raw_delete("default")
    AgencyLog.objects.filter(assessment=pk).update(
        name="", task=REMOVED_WORDS, model="", status="", scan_detail=""
    )


def _files_of_logs(pk: UUID) -> list[str]:
    return list(AgencyLog.objects.filter(assessment=pk).order_by("pk").values_list("file", flat=True))


def _blank_inquiry(pk: UUID) -> None:
    rows = Inquiry.objects.filter(pk=pk)
    rows.exclude(answer="").update(answer=REMOVED_WORDS)
    rows.update(model_name=REMOVED_WORDS, question=REMOVED_WORDS)


def _follow_inquiry(pk: UUID, at: datetime) -> None:
    remind_coordinators(Inquiry.objects.select_related("lab").get(pk=pk), at=at)
