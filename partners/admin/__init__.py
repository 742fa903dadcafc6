"""The workbench's part about partners: their vetting, the terms they accept, and grants."""

from partners.admin.grants import GrantAdmin
from partners.admin.organisations import PartnerProfileAdmin
from partners.admin.terms import PartnerTermsAdmin
from partners.models import Grant, PartnerProfile, PartnerTerms

ADMINS = [(Grant, GrantAdmin), (PartnerProfile, PartnerProfileAdmin), (PartnerTerms, PartnerTermsAdmin)]
