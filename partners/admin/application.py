"""What an organisation said of itself, on its page of the workbench."""

from django.http import HttpRequest

from partners.admin.vetting import panel_of
from partners.models import PartnerApplication, PartnerProfile


def panels_of(request: HttpRequest, profile: PartnerProfile) -> list[tuple[str, str, dict]]:
    """The sections below an organisation's facts."""
    rows = PartnerApplication.objects.visible_to(request.user).filter(organisation=profile.pk)
    told, *earlier = list(rows.select_related("written_by").order_by("-number")) or [None]
    application = ("Application", "partners/admin/application.html", {"told": told, "earlier": earlier})
    return [panel_of(request, profile), application]
