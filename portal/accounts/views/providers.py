"""Signing in by an organisation's provider, and linking one's account with it (docs/adr/0027).

None of these holds a transaction open while it waits for a provider.
"""

from allauth.account.utils import get_next_redirect_url
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from portal import doors, stepup
from portal.accounts import actions, policies, providers
from portal.accounts.models import ProviderLink
from portal.accounts.providers import arrival, oidc, saml
from portal.operating.providers import OIDC, SAML, Provider

CLIENTS = {OIDC: oidc, SAML: saml}


@transaction.non_atomic_requests
@require_http_methods(["GET", "HEAD", "POST"])
def provider(request: HttpRequest, provider_id: str) -> HttpResponse:
    """The page of one provider, for whose people it need not stand on the sign-in page; POST sends off to it."""
    found = arrival.provider_of(provider_id)
    wanted = get_next_redirect_url(request) or ""
    if request.user.is_authenticated:
        return redirect(wanted or "home")
    if request.method == "POST":
        return _leave(request, found, process=arrival.SIGN_IN, next_url=wanted)
    return render(request, "account/provider.html", {"provider": found, "next": wanted})


@transaction.non_atomic_requests
@require_safe
def callback(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Where an OpenID Connect provider sends people back to."""
    return oidc.finish(request, arrival.provider_of(provider_id, OIDC))


@csrf_exempt
@require_POST
def saml_answer(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Where a SAML provider's page sends its answer by a form. Its signature stands for the form's secret; nothing is stored."""
    return saml.judge(request, arrival.provider_of(provider_id, SAML))


@require_safe
def saml_done(request: HttpRequest, provider_id: str) -> HttpResponse:
    """The same answer, judged, where the session is."""
    return saml.finish(request, arrival.provider_of(provider_id, SAML))


@require_safe
@login_required
def own(request: HttpRequest) -> HttpResponse:
    """The providers of one's organisations, and with which one's account is linked."""
    links = {link.provider: link for link in ProviderLink.objects.visible_to(request.user)}
    offered = [one for one in providers.of(request.user) if policies.may_link(request.user, one)]
    rows = [{"provider": one, "link": links.pop(one.id, None)} for one in offered]
    # What an earlier provider or organisation left behind signs nobody in, and can be taken away.
    left = [{"name": providers.called(link.provider), "link": link} for link in links.values()]
    return render(request, "account/providers.html", {"rows": rows, "left": left})


@transaction.non_atomic_requests
@require_POST
@login_required
@stepup.confirmed
def link(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Off to the provider, to come back as somebody whom it knows."""
    found = arrival.provider_of(provider_id)
    if not policies.may_link(request.user, found):
        raise Http404
    return _leave(request, found, process=arrival.LINK, data=str(request.user.pk))


@require_POST
@login_required
@stepup.confirmed
def unlink(request: HttpRequest, link_id) -> HttpResponse:
    mine = get_object_or_404(ProviderLink.objects.visible_to(request.user), pk=link_id)
    return doors.verb_post(
        request,
        lambda: actions.unlink_provider(actor=request.user, link=mine, request=request),
        done=f"Your account is no longer linked with {providers.called(mine.provider)}.",
        back=reverse("account_providers"),
    )


def _leave(
    request: HttpRequest, found: Provider, *, process: str, next_url: str = "", data: str = ""
) -> HttpResponse:
    """A page that leads on by itself: a redirect would have the form lead to another site, which no page here may."""
    answer = CLIENTS[found.kind].start(request, found, process=process, next_url=next_url, data=data)
    if "Location" not in answer:
        return answer
    return render(request, "account/provider_leave.html", {"provider": found, "to": answer["Location"]})
