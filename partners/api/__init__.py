"""The API's collections of this room: partner organisations, grants and findings."""

from partners.api.finding_files import FindingFilesViewSet
from partners.api.findings import FindingViewSet
from partners.api.grants import GrantViewSet
from partners.api.organisations import PartnerViewSet

ROUTES = [
    ("partners", PartnerViewSet),
    ("grants", GrantViewSet),
    ("findings", FindingFilesViewSet, "finding-files"),
    ("findings", FindingViewSet),
]

__all__ = ["ROUTES", "FindingFilesViewSet", "FindingViewSet", "GrantViewSet", "PartnerViewSet"]
