"""What an organisation said of itself, how it stands in the programme, and its application."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse

from partners import policies, readers
from partners.actions import organisations
from partners.forms_application import ApplicationForm
from partners.models import PartnerApplication, PartnerEvidence, PartnerProfile, Vetting, VettingCriteria
from partners.states import PartnerState
from partners.vetting import checklist
from partners.views.base import partner_page
from portal import clock
from portal.accounts.models import Kind, Organisation
from portal.api.views import UUID_TEXT
from portal.doors import answer
from portal.submissions.views.base import posted_revision, take


@partner_page("GET", "POST")
def profile(request: HttpRequest) -> HttpResponse:
    """The organisation's standing and its profile; where it has none yet, the application."""
    at, user = clock.now(), request.user
    organisation = own_organisation(request)
    own = _own(user)
    found = PartnerProfile.objects.visible_to(user).filter(pk=organisation.pk).first()
    told = PartnerApplication.objects.newest(organisation.pk)
    form = ApplicationForm(request.POST if request.method == "POST" else None, profile=found, told=told)
    state = found.state_at(at) if found else None
    applies = found is None or state == PartnerState.NOT_SELECTED
    here = profile_url(organisation)

    def save():
        if applies:
            return organisations.apply(actor=user, organisation=organisation, **form.told)
        revision = posted_revision(request.POST)
        return organisations.update_profile(
            actor=user, profile=found, expected_revision=revision, **form.told
        )

    said = "Your application was sent." if applies else "The profile was saved. The programme office is told."
    done = form.is_bound and take(request, form, save, done=said, to=here)
    if done:
        return done
    context = {
        "organisation": organisation,
        "others": [other for other in own if other.pk != organisation.pk],
        "profile": found,
        "told": told,
        "reason": readers.reason_told(found, state) if found and state else "",
        "evidence": PartnerEvidence.objects.visible_to(user)
        .filter(organisation=organisation, removed_at=None)
        .select_related("uploaded_by"),
        "evidence_url": profile_url(organisation, "evidence"),
        **_vetting(user, organisation, applies=applies),
        "state": state,
        "applies": applies,
        "too_early": bool(
            found and applies and found.reapply_on and clock.calendar_day(at) < found.reapply_on
        ),
        "writes": policies.is_partner_admin(user, organisation.pk) and state != PartnerState.REMOVED,
        "revision": found.revision if found else 0,
    }
    return answer(request, "partners/profile.html", context, form=form)


def own_organisation(request: HttpRequest) -> Organisation:
    """The organisation that the address asks for among the person's own, or their first; else 404."""
    own, wanted = _own(request.user), request.GET.get("organisation", "")
    found = get_object_or_404(own, pk=wanted) if UUID_TEXT.fullmatch(wanted) else own.first()
    if found is None:
        raise Http404
    return found


def profile_url(organisation: Organisation, page: str = "profile") -> str:
    return f"{reverse(f'partner:{page}')}?organisation={organisation.pk}"


def _own(user):
    return Organisation.objects.filter(pk__in=user.organisations_as(Kind.PARTNER)).order_by("name")


def _vetting(user, organisation: Organisation, *, applies: bool) -> dict[str, Any]:
    """The criteria that hold for the organisation now, and what its last vetting found, once that has ended."""
    mine = Vetting.objects.visible_to(user).filter(organisation=organisation).with_answers()
    newest = mine.first()
    under_way = newest if newest and newest.ended_at is None else None
    ended = mine.exclude(ended_at=None).first() if under_way else newest
    criteria = under_way.criteria if under_way else None
    if applies:
        criteria = VettingCriteria.objects.visible_to(user).current()
    return {"criteria": criteria, "vetted": ended, "found": checklist(ended) if ended else []}
