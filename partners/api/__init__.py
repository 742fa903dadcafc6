"""The API's collections of this room: partner organisations, grants and findings."""

from partners.api.findings import FindingViewSet
from partners.api.grants import GrantViewSet
from partners.api.organisations import PartnerViewSet

ROUTES = [("partners", PartnerViewSet), ("grants", GrantViewSet), ("findings", FindingViewSet)]

__all__ = ["ROUTES", "FindingViewSet", "GrantViewSet", "PartnerViewSet"]
