"""Partner organisations and their vetting, the terms they accept, and their grants."""

from partners.models.grants import Grant, GrantDocument, GrantExtension, GrantUser
from partners.models.profiles import PartnerProfile, PartnerTerms, Sector

__all__ = [
    "Grant",
    "GrantDocument",
    "GrantExtension",
    "GrantUser",
    "PartnerProfile",
    "PartnerTerms",
    "Sector",
]
