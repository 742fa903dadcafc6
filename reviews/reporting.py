"""Giving the report of a case's assessments out, the same at every door."""

from typing import Any

from django.http import Http404, HttpResponse

from portal.submissions.exports.giving import given
from portal.submissions.models import Submission
from reviews import report
from reviews.evidence.reading import evidence_for


def report_of(case: Submission, *, actor: Any) -> HttpResponse:
    """The assessments that were shared with the lab, if this person reads them, as PDF; 404 where there are none to read."""
    found = report.shared_with_lab(actor, case)
    if not found:
        raise Http404
    return given(
        case, report.as_pdf(case, found, evidence_for(actor, found)), actor=actor, look="took_assessments"
    )
