"""Recording who read findings: what was found with a lab's model is lab material."""

from collections.abc import Iterable
from uuid import UUID

from partners.models import Finding
from portal.accounts.models import Kind, Role
from portal.ledger import actions as ledger
from portal.submissions import looks
from portal.submissions.querysets import agency_wide


def read_findings(
    *,
    actor,
    findings: Iterable[Finding],
    verb: str = "viewed_finding",
    data: dict | None = None,
    on_case: bool = True,
) -> None:
    """Findings that were shown: one event each, in one statement.

    Beside the case until the owner was notified: the lab reads every look on its case, and would learn by it of a finding. Beside
    it for good where its reporters read what they wrote themselves: by that look the lab would learn who reported. ``on_case``
    false keeps it beside the case in any event.
    """
    own = {seat.organisation_id for seat in actor.seats}
    rows = [
        (
            finding,
            _case_of(finding) if on_case and finding.reporter_id not in own else None,
            _standing(actor, finding),
        )
        for finding in findings
    ]
    if rows:
        ledger.look(actor=actor, verb=verb, subjects=rows, data=data)


def _case_of(finding: Finding) -> UUID | None:
    return finding.submission_id if finding.owner_notified_at else None


def _standing(actor, finding: Finding) -> str:
    """The capacity in which a person reads, told from their memberships alone."""
    if not agency_wide(actor) and actor.has_seat(Kind.AGENCY, Role.LIAISON):
        return "liaison"
    return looks.standing(actor, finding, broken=set())
