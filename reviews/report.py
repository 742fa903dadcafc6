"""What the reviewers of a case found, as one document: every assessment that was shared with its lab, as PDF/UA.

It is one and the same for both sides, so its authors stand under the names that the lab reads. It weighs nothing up and draws no
conclusion: there is no score, and nothing in it says whether or when to release.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from portal import clock, programme, typeset
from portal.formats import instant
from portal.submissions.exports.record import Exported
from portal.submissions.models import Submission
from reviews.evidence.reading import Evidence
from reviews.evidence.telling import told
from reviews.models import Assessment, Retest
from reviews.rubrics import answers_of, unanswered_words
from reviews.states import LAB_READS

SOURCE = Path(__file__).with_name("report.typ")
_TEXTS = (("Method", "method"), ("Findings", "findings"), ("Limitations", "limitations"))


def shared_with_lab(user, case: Submission) -> list[Assessment]:
    """The assessments of which the report is made, if this person reads them; by domain, the oldest first."""
    rows = Assessment.objects.visible_to(user).filter(submission=case, state__in=LAB_READS).for_lab()
    return list(rows.with_answers().with_retests().with_versions_read().order_by("domain", "shared_at", "id"))


def as_pdf(
    case: Submission, assessments: Sequence[Assessment], evidence: Mapping[UUID, Evidence]
) -> Exported:
    """The report. Made again of the same facts, it is the same to the last byte: its instant is that of the last step."""
    last = max(moment for row in assessments for moment in _steps(row) if moment is not None)
    rows = [row for found in evidence.values() if found.logs for row in found.evaluations]
    last = max([last, *(row.added_at for row in rows)])
    with timezone.override(clock.calendar_zone()):
        data = _told(case, assessments, evidence) | {
            "made": f"{last.astimezone(UTC).isoformat()} ({instant(last)})"
        }
    return Exported(
        f"{case.case_number}-assessments.pdf", "application/pdf", typeset.pdf(SOURCE, data, at=last)
    )


def _steps(row: Assessment) -> list[datetime | None]:
    retests = [one.at for one in row.retests.all()]
    answers = [one.answer.at for one in row.retests.all() if hasattr(one, "answer")]
    return [row.shared_at, row.responded_at, row.finalized_at, *retests, *answers]


def _told(case: Submission, assessments: Sequence[Assessment], evidence: Mapping) -> dict[str, Any]:
    return {
        "title": f"Assessments of case {case.case_number}",
        "programme": programme.current().name,
        "demo": settings.PORTAL_DEMO,
        "case_number": case.case_number,
        "marking": str(case.derived_marking or ""),
        "facts": [
            ["Case number", case.case_number],
            ["Lab", case.lab.name],
            ["Model", case.model_name],
            ["Access window", _window(case)],
            ["Assessments", str(len(assessments))],
        ],
        "assessments": [_one(row) | {"evidence": told(evidence[row.pk])} for row in assessments],
    }


def _retest(row: Retest) -> list[str]:
    read = [f"{version.document.title}, version {version.number}" for version in row.versions_read.all()]
    hours = f" Hours spent: {row.hours}." if row.hours is not None else ""
    parts = [
        f"{row.get_outcome_display()}. Retested: {row.what}",
        row.text,
        (
            f"Access used: {row.get_access_used_display()}.{hours}"
            f" Documents opened since it was shared: {'; '.join(read) or 'none'}."
        ),
    ]
    if hasattr(row, "answer"):
        parts.append(f"The lab's answer, {instant(row.answer.at)}: {row.answer.text}")
    return [f"Retest by {row.by_shown}, {instant(row.at)}", "\n\n".join(parts)]


def _window(case: Submission) -> str:
    if case.opens_at is None or case.closes_at is None:
        return "It never opened."
    return f"{instant(case.opens_at)} to {instant(case.closes_at)}"


def _one(row: Assessment) -> dict[str, Any]:
    read = [f"{version.document.title}, version {version.number}" for version in row.versions_read.all()]
    response = (
        f"{row.response}\n\nGiven {instant(row.responded_at)}." if row.responded_at else "None was given."
    )
    texts = [[label, getattr(row, name) or "None stated."] for label, name in _TEXTS]
    answers = answers_of(row)
    asked = (
        [["Questions", f"{row.rubric}. {unanswered_words(answers) or 'All answered'}."]] if row.rubric else []
    )
    return {
        "title": f"{row.get_domain_display()}, {row.author_shown}",
        "facts": [
            ["Agency", row.assignment.agency.name],
            ["State", str(row.get_state_display())],
            ["Shared with the lab", instant(row.shared_at)],
            ["Kind of access used", row.get_access_used_display()],
            ["Hours spent", str(row.hours)],
            ["Confidence", row.get_confidence_display()],
            ["Documents read", "; ".join(read) or "None that the author had opened when this was shared."],
            *asked,
        ],
        "texts": texts,
        "answers": [[one.question.title, f"{one.covered_shown}.", one.text] for one in answers],
        "after": [["Response of the lab", response], *(_retest(one) for one in row.retests.all())],
    }
