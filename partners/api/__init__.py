"""The API's collections of this room: partner organisations and grants."""

from partners.api.grants import GrantViewSet
from partners.api.organisations import PartnerViewSet

ROUTES = [("partners", PartnerViewSet), ("grants", GrantViewSet)]

__all__ = ["ROUTES", "GrantViewSet", "PartnerViewSet"]
