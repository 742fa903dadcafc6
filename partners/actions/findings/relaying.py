"""Handing a finding to the clearinghouse: asked for first, complete once the id they gave is recorded."""

from datetime import datetime

from partners.actions.findings import steps
from partners.models import Finding, FindingRelay
from portal.checking import check_fields
from portal.errors import AlreadyDone
from portal.scope import action

CLEARINGHOUSE = "The AI vulnerability clearinghouse"


@action
def relay(
    *,
    actor,
    finding: Finding,
    clearinghouse: str = "",
    clearinghouse_id: str = "",
    expected_revision: int | None = None,
    at: datetime | None = None,
) -> Finding:
    """Begin a relay, and with the id they gave complete it; both at once where the id is known. No state moves by it, and
    while it is under way no date does. Another relay may follow a complete one.
    """
    found, step, at = steps.begin(
        actor=actor, finding=finding, verb="relay", at=at, expected_revision=expected_revision
    )
    their_id = clearinghouse_id.strip()
    row = found.relays.under_way().select_for_update().first()
    if row is not None and not their_id:
        raise AlreadyDone("This relay is under way already: record the id that the clearinghouse gave.")
    if row is None:
        row = FindingRelay(
            finding=found,
            clearinghouse=clearinghouse.strip() or CLEARINGHOUSE,
            requested_at=at,
            requested_by=actor,
        )
    if their_id:
        row.their_id, row.recorded_at, row.recorded_by = their_id, at, actor
    check_fields(row, ["clearinghouse", "their_id"])
    row.save()
    data = {"relay": row.pk, "clearinghouse": row.clearinghouse, "their_id": their_id}
    return steps.finish(actor=actor, finding=found, step=step, at=at, data=data, owner=False)
