"""The findings on a case in its lab's archive, as the lab's pages show them."""

from datetime import datetime
from typing import Any

from partners.finding_files import FileRow, files_of
from partners.findings_looks import read_findings
from partners.models import Finding
from partners.policies_findings import reads_reporter
from portal.accounts.models import User
from portal.submissions.exports.record import plain_json
from portal.submissions.models import Submission

_WORDS = ("number", "title", "product", "version", "text", "cwe", "cvss", "ssvc", "tlp", "exploited")
_INSTANTS = (
    "reported_at", "owner_notified_at", "disclosure_due_at", "embargo_until", "owner_consented_at", "remediating_at", "fixed_at",
    "published_at", "closed_unpublished_at",
)  # fmt: skip


def of_case(submission: Submission, user: User, at: datetime) -> list[tuple[str, bytes]]:
    """``findings.json``: what the lab was notified of and what it reported itself; of the former not who reported. Evidence files
    are named as the lab reads of them; each is downloaded by itself.
    """
    rows = Finding.objects.visible_to(user, at=at).filter(submission=submission, reported_at__isnull=False)
    found = list(rows.whole().order_by("created_at", "id"))
    read_findings(actor=user, findings=found, verb="exported_finding", data={"format": "archive"})
    files = files_of(user, found)
    told = [_told(row, user, files.get(row.pk, [])) for row in found]
    return [("findings.json", plain_json(told))]


def _told(row: Finding, user: User, files: list[FileRow]) -> dict[str, Any]:
    own = reads_reporter(user, row)
    instants = {name: value.isoformat() if (value := getattr(row, name)) else None for name in _INSTANTS}
    return {
        "kind": row.get_kind_display(),
        "state": row.get_state_display(),
        **{name: getattr(row, name) for name in _WORDS},
        "reported_by": row.reporter.name if own else None,
        "reporter_chain": row.reporter_chain if own else None,
        "relays": [
            {"clearinghouse": relay.clearinghouse, "their_id": relay.their_id} for relay in row.relays.all()
        ],
        "evidence_files": [{"name": one.name, "shows": one.file.shows} for one in files],
    } | instants
