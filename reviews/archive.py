"""What the agency's side adds to a lab's archive: the assessments that were shared with it, as its pages show them."""

from datetime import datetime
from typing import Any

from django.db.models import Prefetch

from portal.accounts.models import User
from portal.submissions.exports.record import plain_json
from portal.submissions.models import Submission
from reviews.models import AgencyLog, Assessment, Retest
from reviews.rubrics import answers_of


def of_case(submission: Submission, user: User, at: datetime) -> list[tuple[str, bytes]]:
    """``assessments.json``: each shared assessment with the lab's response, its author under the name the lab reads."""
    shared = Assessment.objects.visible_to(user, at=at).filter(submission=submission, shared_at__isnull=False)
    logs = Prefetch("logs", AgencyLog.objects.visible_to(user, at=at).with_scores())
    rows = shared.for_lab().with_answers().with_retests().with_versions_read().prefetch_related(logs)
    return [("assessments.json", plain_json([_told(row) for row in rows]))]


def _told(row: Assessment) -> dict[str, Any]:
    return {
        "domain": row.get_domain_display(),
        "state": row.get_state_display(),
        "by": row.author_shown,
        "agency": row.assignment.agency.name,
        "method": row.method,
        "access_used": row.get_access_used_display(),
        "hours": str(row.hours) if row.hours is not None else None,
        "findings": row.findings,
        "limitations": row.limitations,
        "rubric": str(row.rubric) if row.rubric else None,
        "answers": [
            {"question": one.question.title, "covered": one.covered_shown, "text": one.text}
            for one in answers_of(row)
        ],
        "confidence": row.get_confidence_display(),
        "documents_read": [
            f"{version.document.title}, version {version.number}" for version in row.versions_read.all()
        ],
        "evaluations": [_log(log) for log in row.logs.all()],
        "shared_at": row.shared_at.isoformat() if row.shared_at else None,
        "response": row.response,
        "responded_at": row.responded_at.isoformat() if row.responded_at else None,
        "asks_retest": row.asks_retest,
        "retests": [_retest(one) for one in row.retests.all()],
        "finalized_at": row.finalized_at.isoformat() if row.finalized_at else None,
    }


def _retest(row: Retest) -> dict[str, Any]:
    answer = getattr(row, "answer", None)
    return {
        "by": row.by_shown,
        "at": row.at.isoformat(),
        "what": row.what,
        "outcome": row.get_outcome_display(),
        "text": row.text,
        "hours": str(row.hours) if row.hours is not None else None,
        "access_used": row.get_access_used_display(),
        "documents_read": [
            f"{version.document.title}, version {version.number}" for version in row.versions_read.all()
        ],
        "answer": answer.text if answer else None,
        "answered_at": answer.at.isoformat() if answer else None,
    }


def _log(log: AgencyLog) -> dict[str, Any]:
    """The results of a reviewer's own evaluation; nothing of its file, which no lab gets."""
    return {
        "task": log.task,
        "model": log.model,
        "status": log.status,
        "samples": log.samples,
        "evaluated_at": log.evaluated_at.isoformat() if log.evaluated_at else None,
        "results": [
            {"score": one.score, "metric": one.metric, "value": one.value, "stderr": one.stderr}
            for one in log.scores.all()
        ],
    }
