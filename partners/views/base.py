"""What the partner's pages share: finding the grant, showing as much of it as is open, recording the look."""

import functools
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.forms import BaseForm
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from partners import policies
from partners.models import Grant
from partners.reading import opened_to
from portal import clock
from portal.accounts.models import Kind
from portal.doors import answer, see_other
from portal.errors import Stale
from portal.submissions import looks
from portal.submissions.views.base import posted_revision


def partner_page(*methods: str) -> Callable:
    """A page of the partners' side: for signed-in persons with a seat in a partner organisation; to others it does not exist."""

    def wrap(view: Callable) -> Callable:
        @require_http_methods(methods or ("GET", "HEAD"))
        @login_required
        @functools.wraps(view)
        def seated(request: HttpRequest, *args, **kwargs) -> HttpResponse:
            if not request.user.has_seat(Kind.PARTNER):
                raise Http404
            return view(request, *args, **kwargs)

        return seated

    return wrap


def own_grants(user):
    """The grants of a person's own partner organisations, within what they may see."""
    return Grant.objects.visible_to(user).filter(partner_id__in=user.organisations_as(Kind.PARTNER))


def the_grant(request: HttpRequest, grant_id) -> Grant:
    rows = own_grants(request.user).select_related(
        "submission__facts", "submission__lab", "partner", "accepted_terms"
    )
    return get_object_or_404(rows.defer("instructions_sealed"), pk=grant_id)


def grant_url(grant: Grant, page: str = "grant") -> str:
    return reverse(f"partner:{page}", args=[grant.pk])


def not_now(request: HttpRequest, grant: Grant, verb: str, *, typed: bool = False) -> HttpResponse | None:
    """None where the step is open. Else a way back to the grant, saying why; 403 to a person who never takes it."""
    if typed or verb in policies.open_verbs(request.user, grant):
        return None
    if not policies.may_take(request.user, grant, verb):
        raise PermissionDenied("Administrators of your organisation take this step.")
    messages.info(request, f"This grant is {grant.state.label.lower()}, so this step cannot be taken now.")
    return see_other(grant_url(grant))


def page(
    request: HttpRequest, template: str, grant: Grant, *, form: BaseForm | None = None, **context: Any
) -> HttpResponse:
    """A page about a grant, with the look recorded where anything of the lab's is shown."""
    from partners.forms import PlainForm

    at = clock.now()
    opened = opened_to(request.user, [grant], at=at)
    if opened.terms(grant):
        looks.looked(actor=request.user, submission=grant.submission, verb="viewed_grant", subject=grant)
    stale = isinstance(getattr(form, "refusal", None), Stale)
    posted = posted_revision(request.POST) if form is not None and form.is_bound else grant.revision
    shown = {
        "grant": grant,
        "state": grant.state_at(at),
        "now": at,
        "facts": grant.submission.facts if opened.model(grant) else None,
        "terms_open": opened.terms(grant),
        "revision": grant.revision if stale else posted,
        "can": policies.open_verbs(request.user, grant, at=at),
        "administers": policies.is_partner_admin(request.user, grant.partner_id),
    }
    return answer(request, template, shown | context, form=form or PlainForm())
