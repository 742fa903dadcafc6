"""Partner organisations and their vetting, the terms they accept, their grants, and findings."""

from partners.models.applications import Ownership, PartnerApplication
from partners.models.evidence import PartnerEvidence
from partners.models.finding_files import FindingFile
from partners.models.findings import Finding, FindingRelay
from partners.models.findings_addressed import FindingAddressee
from partners.models.grants import (
    DeclineReason,
    Grant,
    GrantDocument,
    GrantExtension,
    GrantUser,
    RevokeReason,
    Side,
)
from partners.models.nominations import PartnerNomination
from partners.models.profiles import PartnerProfile, PartnerTerms, Sector
from partners.models.reports import GrantReport
from partners.models.vetting import Vetting, VettingAnswer, VettingCriteria, VettingCriterion

__all__ = [
    "DeclineReason",
    "Finding",
    "FindingAddressee",
    "FindingFile",
    "FindingRelay",
    "Grant",
    "GrantDocument",
    "GrantExtension",
    "GrantReport",
    "GrantUser",
    "Ownership",
    "PartnerApplication",
    "PartnerEvidence",
    "PartnerNomination",
    "PartnerProfile",
    "PartnerTerms",
    "RevokeReason",
    "Sector",
    "Side",
    "Vetting",
    "VettingAnswer",
    "VettingCriteria",
    "VettingCriterion",
]
