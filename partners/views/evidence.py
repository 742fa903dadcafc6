"""An organisation's files of evidence: put with its application, opened, taken out."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_GET

from partners import policies
from partners.actions import evidence as actions
from partners.downloads import download
from partners.forms_application import EvidenceForm
from partners.models import PartnerEvidence
from partners.views.base import partner_page
from partners.views.profile import own_organisation, profile_url
from portal.doors import answer, see_other, verb_post
from portal.errors import NotAllowed, Refused
from portal.submissions.views.base import take


def own_evidence(user):
    """The files of a person's own organisations; an overseer's way to them is the workbench."""
    rows = PartnerEvidence.objects.visible_to(user).select_related("organisation", "uploaded_by")
    return rows.filter(organisation_id__in=user.organisations_as("partner"), removed_at=None)


# In no transaction of the request's: an upload waits for its storage, and holds nothing meanwhile.
@transaction.non_atomic_requests
@partner_page("GET", "POST")
def add(request: HttpRequest) -> HttpResponse:
    """Put a file with the application."""
    organisation = own_organisation(request)
    if not policies.is_partner_admin(request.user, organisation.pk):
        raise PermissionDenied("Administrators of your organisation keep its evidence.")
    form = EvidenceForm(*([request.POST, request.FILES] if request.method == "POST" else []))
    done = form.is_bound and take(
        request,
        form,
        lambda: actions.add_evidence(
            actor=request.user,
            organisation=organisation,
            upload=form.cleaned_data["file"],
            shows=form.cleaned_data["shows"],
        ),
        done="The file is with your application.",
        to=profile_url(organisation),
    )
    if done:
        return done
    context = {"organisation": organisation, "back": profile_url(organisation)}
    return answer(request, "partners/evidence.html", context, form=form)


@partner_page("POST")
def remove(request: HttpRequest, evidence_id) -> HttpResponse:
    """Take a file out."""
    found = get_object_or_404(own_evidence(request.user), pk=evidence_id)
    if not policies.is_partner_admin(request.user, found.organisation_id):
        raise PermissionDenied("Administrators of your organisation keep its evidence.")
    return verb_post(
        request,
        lambda: actions.remove_evidence(actor=request.user, evidence=found),
        done="The file was taken out.",
        back=profile_url(found.organisation),
    )


@transaction.non_atomic_requests
@require_GET
@login_required
def content(request: HttpRequest, evidence_id) -> HttpResponseBase:
    """A file, to the organisation's own people. The look comes first."""
    found = get_object_or_404(own_evidence(request.user), pk=evidence_id)
    try:
        return download(actor=request.user, evidence=found)
    except NotAllowed as error:
        raise Http404 from error
    except Refused as error:
        messages.error(request, error.message)
        return see_other(reverse("partner:profile"))
