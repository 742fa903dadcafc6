"""What a lab takes along on its way out, the same for pages and API: recorded first, then given as an attachment."""

import base64
import hashlib
from typing import Any

from django.http import HttpResponse, StreamingHttpResponse

from portal import clock
from portal.headers import attachment
from portal.ledger import proofs
from portal.submissions import looks, receipts
from portal.submissions.downloads import still_of_the_lab
from portal.submissions.exports import archive, receipt, record, sending
from portal.submissions.models import Submission
from portal.submissions.people import public_names

FORMS = {
    "looks.csv": lambda case, at: record.as_csv(case, "looks", at=at),
    "seats.csv": lambda case, at: record.as_csv(case, "seats", at=at),
    "record.json": lambda case, at: record.as_json(case, at=at),
}


def record_of(case: Submission, form: str, *, actor: Any) -> HttpResponse:
    """Who can see the case and who looked, in one of ``FORMS``."""
    return given(case, FORMS[form](case, clock.now()), actor=actor, look="exported_record")


def receipt_of(case: Submission, *, actor: Any) -> HttpResponse | None:
    """The receipt as PDF/UA; None for a draft."""
    found = receipts.receipt(case)
    if found is None:
        return None
    by = public_names(case, [found.actor_id])[found.actor_id] if found.actor_id else ""
    return given(case, receipt.as_pdf(case, found, by=by), actor=actor, look="viewed_receipt")


def given(case: Submission, file: record.Exported, *, actor: Any, look: str) -> HttpResponse:
    """A file as an attachment. Its SHA-256 stands in the header ``Repr-Digest`` (RFC 9530) and on record with the look."""
    looks.looked(actor=actor, submission=case, verb=look, data={"sha256": file.sha256})
    digest = base64.b64encode(hashlib.sha256(file.content).digest()).decode()
    return attachment(
        file.content,
        name=file.name,
        content_type=file.content_type,
        headers={"Repr-Digest": f"sha-256=:{digest}:"},
    )


def archive_of(case: Submission, *, actor: Any) -> StreamingHttpResponse:
    """The whole case as one archive, streamed."""
    at = clock.now()
    head = proofs.head_of()
    parts = archive.parts_of(case, actor, at=at, head=head)
    files = [
        {"document": part.version.document_id, "version": part.version.number, "sha256": part.version.sha256}
        for part in parts
        if part.version is not None
    ]
    told = {"files": files, "head": head.size if head else None}
    looks.looked(actor=actor, submission=case, verb="took_along", data=told)
    return attachment(
        sending.stream(case, parts, at=at, still_allowed=lambda: still_of_the_lab(actor.pk, case.lab_id)),
        name=f"{case.case_number}-{at:%Y-%m-%d}.zip",
        content_type="application/zip",
    )
