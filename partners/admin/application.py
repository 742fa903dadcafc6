"""What an organisation said of itself, on its page of the workbench."""

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import path
from django.utils.decorators import method_decorator
from django.views.decorators.http import require_GET

from partners import policies
from partners.admin.vetting import panel_of
from partners.downloads import download
from partners.duplicates import likely
from partners.models import PartnerApplication, PartnerEvidence, PartnerProfile
from portal.doors import see_other
from portal.errors import NotAllowed, Refused


def panels_of(request: HttpRequest, profile: PartnerProfile) -> list[tuple[str, str, dict]]:
    """The sections below an organisation's facts."""
    rows = PartnerApplication.objects.visible_to(request.user).filter(organisation=profile.pk)
    told, *earlier = list(rows.select_related("written_by").order_by("-number")) or [None]
    application = ("Application", "partners/admin/application.html", {"told": told, "earlier": earlier})
    files = PartnerEvidence.objects.visible_to(request.user).filter(organisation=profile.pk)
    context = {"files": files.select_related("uploaded_by"), "profile": profile}
    evidence = ("Evidence", "partners/admin/evidence.html", context)
    found = likely(profile.organisation)
    alike = [("It may be here already", "partners/admin/duplicates.html", {"likely": found})] if found else []
    user = request.user
    left = policies.keeps_partners(user) and not policies.vets(user, profile)
    tie: tuple[str, str, dict] = ("Your tie to it", "partners/admin/tied.html", {})
    return [*([tie] if left else []), *alike, panel_of(request, profile), application, evidence]


class OpensEvidence:
    """The page of PartnerProfileAdmin by which a file of evidence is opened."""

    def get_urls(self: Any):
        name = "partners_partnerprofile_evidence"
        route = "<uuid:object_id>/evidence/<uuid:evidence_id>/content/"
        return [path(route, self.wrap(self.evidence_view), name=name), *super().get_urls()]  # type: ignore[misc]

    @method_decorator(transaction.non_atomic_requests)
    @method_decorator(require_GET)
    def evidence_view(self: Any, request: HttpRequest, object_id, evidence_id) -> HttpResponseBase:
        """A file, to who oversees the programme; 404 for everyone else."""
        profile = self.visible_or_404(request, object_id)
        files = PartnerEvidence.objects.visible_to(request.user).filter(organisation=profile.pk)
        found = get_object_or_404(files.select_related("organisation"), pk=evidence_id)
        try:
            return download(actor=request.user, evidence=found)
        except NotAllowed as refusal:
            raise Http404 from refusal
        except Refused as refusal:
            messages.error(request, refusal.message)
            return see_other(self.url_of("change", profile))
