"""Findings from advisories of others: one draft for each weakness a file is about."""

from datetime import datetime

from partners import finding_advisories
from partners.actions.findings.drafting import create_finding
from partners.models import Finding
from portal.accounts.models import Organisation
from portal.errors import Invalid
from portal.scope import action


@action
def import_advisory(
    *, actor, reporter: Organisation, data: bytes, form: str, at: datetime | None = None
) -> list[Finding]:
    """Drafts from a CSAF or OSV file, all or none; nobody but the reporting organisation's people sees them before they are
    reported. Raises Invalid for a file that is not valid, with the failing test's number and path.
    """
    if form not in finding_advisories.FORMATS:
        raise Invalid("Choose the format of the file.", field="form")
    return [
        create_finding(actor=actor, reporter=reporter, values=values, at=at)
        for values in finding_advisories.read(data, form)
    ]
