"""The workbench's part about partners: their vetting, the terms they accept, grants, and findings."""

from partners.admin.findings import FindingAdmin
from partners.admin.grants import GrantAdmin
from partners.admin.nominations import PartnerNominationAdmin
from partners.admin.organisations import PartnerProfileAdmin
from partners.admin.terms import PartnerTermsAdmin
from partners.admin.vetting import VettingCriteriaAdmin
from partners.models import Finding, Grant, PartnerNomination, PartnerProfile, PartnerTerms, VettingCriteria

ADMINS = [
    (Finding, FindingAdmin),
    (Grant, GrantAdmin),
    (PartnerProfile, PartnerProfileAdmin),
    (PartnerNomination, PartnerNominationAdmin),
    (VettingCriteria, VettingCriteriaAdmin),
    (PartnerTerms, PartnerTermsAdmin),
]
