"""The findings on a case in its lab's archive, as the lab's pages show them."""

from datetime import datetime
from typing import Any

from partners.finding_files import files_read_by
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
    rows = Finding.objects.visible_to(user, at=at).filter(submission=submission).whole()
    told = [_told(row, user) for row in rows.order_by("created_at", "id")]
    return [("findings.json", plain_json(told))]


def _told(row: Finding, user: User) -> dict[str, Any]:
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
        "evidence_files": [{"name": one.name, "shows": one.file.shows} for one in files_read_by(user, row)],
    } | instants
