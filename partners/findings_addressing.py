"""Whom a finding may be addressed to. FIRST's TLP 2.0 says how far a marking lets it go."""

from datetime import datetime

from partners.models import Finding, Grant, PartnerProfile
from partners.querysets import PartnerProfileQuerySet
from partners.states import State
from portal.submissions.models import Document

# RED stays with whom it was told to, AMBER+STRICT in their organisation.
MARKINGS = frozenset({Document.Tlp.AMBER, Document.Tlp.GREEN, Document.Tlp.CLEAR})


def addressable(finding: Finding, *, at: datetime) -> PartnerProfileQuerySet:
    """Eligible partners that were not told yet and did not report it; of one with a lab's model, those whose access to it is
    active: no other learns that there is such a model (invariant 7).
    """
    rows = PartnerProfile.objects.eligible(at=at).exclude(pk=finding.reporter_id)
    rows = rows.exclude(pk__in=finding.addressees.order_by().values("partner_id"))
    if finding.submission_id is not None:
        grants = Grant.objects.in_state(State.ACTIVE, at=at).filter(submission_id=finding.submission_id)
        rows = rows.filter(pk__in=grants.order_by().values("partner_id"))
    return rows.for_list()
