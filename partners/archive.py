"""What the partners' side adds to a lab's record and archive: the grants on its case, their purposes and close-outs."""

from datetime import datetime
from typing import Any
from uuid import UUID

from partners.deadline_kinds import close_out_due
from partners.models import Grant
from portal.accounts.models import User
from portal.submissions.endings import Attested
from portal.submissions.exports.record import plain_json
from portal.submissions.models import Submission


def purposes(submission: Submission) -> dict[UUID, str]:
    """For each person named in a grant on the case, the purpose of their newest one."""
    named = Grant.objects.filter(submission=submission, named__isnull=False).order_by("proposed_at", "id")
    return dict(named.values_list("named__user_id", "purpose"))


def attested(submission: Submission, at: datetime) -> list[Attested]:
    """The close-outs of the grants that were begun and have ended."""
    found = []
    for grant in Grant.objects.filter(submission=submission, agreed_at__isnull=False).order_by(
        "starts_at", "id"
    ):
        ended_at = grant.ended_at or grant.expires_at
        if grant.starts_at < ended_at <= at:
            due, closed = close_out_due(ended_at), grant.closed_out_at
            label = "Nothing kept, grant closed out"
            found.append(Attested(grant.partner_id, label, due, closed, closed is None and due < at))
    return found


def of_case(submission: Submission, user: User, at: datetime) -> list[tuple[str, bytes]]:
    """``grants.json``: every grant that was proposed on the case, with its three signatures and how it ended."""
    rows = Grant.objects.visible_to(user, at=at).filter(submission=submission).select_related("partner")
    return [("grants.json", plain_json([_told(row, at) for row in rows.order_by("proposed_at", "id")]))]


_INSTANTS = (
    "proposed_at", "starts_at", "expires_at", "lab_consented_at", "concurred_at", "accepted_at", "agreed_at", "ended_at",
    "closed_out_at",
)  # fmt: skip


def _told(row: Grant, at: datetime) -> dict[str, Any]:
    instants = {name: value.isoformat() if (value := getattr(row, name)) else None for name in _INSTANTS}
    return {
        "partner": row.partner.name,
        "state": str(row.state_at(at)),
        "proposed_by": row.get_proposed_side_display(),
        "purpose": row.purpose,
        "kind_of_access": row.get_access_mode_display(),
        "ended_by": row.get_end_side_display() if row.end_side else "",
        "reason_code": row.reason_code,
    } | instants
