"""What this floor lets a report of a spill freeze: documents and questions."""

from datetime import datetime
from uuid import UUID

from portal.submissions.actions import case as cases
from portal.submissions.actions import question_steps
from portal.submissions.freezing import DOCUMENT, QUESTION, REMOVED_WORDS
from portal.submissions.models import (
    Document,
    DocumentVersion,
    Evaluation,
    InformationRequest,
    RequestAnswer,
    RequestFollowUp,
    Spill,
)
from portal.submissions.spills import SpillKind, register
from portal.submissions.states import RequestState


def register_kinds() -> None:
    register(
        SpillKind(
            DOCUMENT,
            "Document with its versions",
            Document,
            lock=lambda document: cases.lock(document.submission),
            lab_reads=lambda document: True,
            blank=_blank_results,
            files=_files,
            blank_names=_blank_names,
        ),
        SpillKind(
            QUESTION,
            "Question with its answers",
            InformationRequest,
            lock=lambda question: cases.lock(question.submission),
            lab_reads=lambda question: True,
            blank=_blank_question,
            follow=_follow_question,
        ),
    )


def _files(pk: UUID) -> list[str]:
    return list(DocumentVersion.objects.filter(document=pk).order_by("number").values_list("file", flat=True))


def _blank_results(pk: UUID) -> None:
    """The rows of results that were read from the document's files are its content too."""
    Evaluation.objects.filter(source_version__document=pk).update(
        task=REMOVED_WORDS,
        dataset="",
        model="",
        checkpoint="",
        status="",
        samples=None,
        scores=[],
        source_name="",
    )


def _blank_names(pk: UUID) -> None:
    Document.objects.filter(pk=pk).update(title=REMOVED_WORDS)
    DocumentVersion.objects.filter(document=pk).update(name=REMOVED_WORDS, scan_detail="")


def _blank_question(pk: UUID) -> None:
    # Both tables are append-only; their trigger lets these words alone through, of a question whose content is removed.
    RequestAnswer.objects.filter(request=pk).update(text=REMOVED_WORDS)
    RequestFollowUp.objects.filter(request=pk).update(text=REMOVED_WORDS)
    InformationRequest.objects.filter(pk=pk).update(text=REMOVED_WORDS)


def _follow_question(pk: UUID, at: datetime) -> None:
    question = InformationRequest.objects.select_related("submission").get(pk=pk)
    is_frozen = Spill.objects.hiding(QUESTION, pk).exists()
    if question.state_at(at) == RequestState.ASKED and not is_frozen:
        question_steps.plan(question, at)
