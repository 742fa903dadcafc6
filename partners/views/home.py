"""The first page of a partner's people: what is granted to them, and what they owe."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from partners.models import PartnerProfile
from partners.views.base import own_grants, partner_page
from portal import clock
from portal.accounts.models import Kind, Role
from portal.deadlines.coming import due_for
from portal.doors import page_of
from portal.submissions import looks


@partner_page()
def home(request: HttpRequest) -> HttpResponse:
    """The grants of the person's organisations, newest first, with the model's name where it is open to them."""
    at, user = clock.now(), request.user
    organisations = user.organisations_as(Kind.PARTNER)
    rows = own_grants(user).for_list().select_related("submission__facts").with_openings(user, at=at)
    shown = page_of(request, rows)
    grants = list(shown.object_list)
    read = {grant.submission_id: grant.submission for grant in grants if "model" in grant.scopes_open}
    looks.listed(actor=user, submissions=read.values(), verb="listed_grants")
    # Told only where there is nothing to list.
    profiles = PartnerProfile.objects.visible_to(user).filter(pk__in=organisations).for_list()
    return render(
        request,
        "partners/home.html",
        {
            "page": shown,
            "rows": [
                {
                    "grant": grant,
                    "state": grant.state_at(at),
                    "facts": grant.submission.facts if "model" in grant.scopes_open else None,
                    "named": "instructions" in grant.scopes_open,
                }
                for grant in grants
            ],
            "profiles": [] if grants else [(profile, profile.state_at(at)) for profile in profiles],
            "administers": user.has_seat(Kind.PARTNER, Role.ADMIN),
            "several": len(organisations) > 1,
            "due": due_for(user),
        },
    )
