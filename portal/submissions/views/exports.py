"""What the lab takes along: the record of looks, the receipt as PDF, the whole case as an archive. Each taking is a look."""

import base64
import hashlib

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils.http import content_disposition_header

from portal import clock
from portal.doors import see_other
from portal.submissions import looks, receipts
from portal.submissions.downloads import HEADERS, still_of_the_lab
from portal.submissions.exports import archive, receipt, record
from portal.submissions.models import Submission
from portal.submissions.people import public_names
from portal.submissions.views.base import case_url, lab_page, the_case

FORMS = {
    "looks.csv": lambda case, at: record.as_csv(case, "looks", at=at),
    "seats.csv": lambda case, at: record.as_csv(case, "seats", at=at),
    "record.json": lambda case, at: record.as_json(case, at=at),
}


@lab_page()
def export_record(request: HttpRequest, case_number: str, form: str) -> HttpResponse:
    """Who can see the case and who looked, as a file."""
    case = the_case(request, case_number, lambda cases: cases.with_terms())
    if form not in FORMS:
        raise Http404
    return _given(request, case, FORMS[form](case, clock.now()), look="exported_record")


@lab_page()
def receipt_pdf(request: HttpRequest, case_number: str) -> HttpResponse:
    """The receipt as PDF/UA."""
    case = the_case(request, case_number)
    found = receipts.receipt(case)
    if found is None:
        return see_other(case_url(case))
    by = public_names(case, [found.actor_id])[found.actor_id] if found.actor_id else ""
    return _given(request, case, receipt.as_pdf(case, found, by=by), look="viewed_receipt")


def _given(request: HttpRequest, case: Submission, file: record.Exported, *, look: str) -> HttpResponse:
    """A file as an attachment. Its SHA-256 stands in the header ``Repr-Digest`` (RFC 9530) and on record with the look."""
    looks.looked(actor=request.user, submission=case, verb=look, data={"sha256": file.sha256})
    response = HttpResponse(file.content, content_type=file.content_type, headers=HEADERS)
    response["Content-Disposition"] = content_disposition_header(True, file.name) or "attachment"
    digest = base64.b64encode(hashlib.sha256(file.content).digest()).decode()
    response["Repr-Digest"] = f"sha-256=:{digest}:"
    return response


@lab_page()
def take_along(request: HttpRequest, case_number: str) -> HttpResponseBase:
    """The whole case as one archive, streamed."""
    case, at = the_case(request, case_number, lambda cases: cases.with_terms()), clock.now()
    looks.looked(actor=request.user, submission=case, verb="took_along")
    parts = archive.parts_of(case, request.user, at=at)
    person, lab = request.user.pk, case.lab_id
    response = StreamingHttpResponse(
        archive.stream(case, parts, at=at, still_allowed=lambda: still_of_the_lab(person, lab)),
        content_type="application/zip",
        headers=HEADERS,
    )
    name = f"{case.case_number}-{at:%Y-%m-%d}.zip"
    response["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    return response
