"""What follows once a provider said who somebody is: signing in, linking, or one answer for everything else (docs/adr/0027)."""

import logging
from dataclasses import dataclass
from typing import Any

from allauth.account.internal.flows import login as flow
from allauth.account.models import Login
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from portal import doors, sightings, stepup
from portal.accounts import actions, policies, providers
from portal.accounts.models import ProviderLink, User
from portal.errors import Refused
from portal.operating.providers import Provider

logger = logging.getLogger(__name__)
# allauth's words for what somebody was sent off to do.
SIGN_IN, LINK = "login", "connect"
# What a sign-in under way was begun by: {"provider", "subject", "by_address", "two_factors"}. Kept on the server.
CAME = "portal_provider"


@dataclass(frozen=True, slots=True)
class Said:
    """What a provider said, judged genuine. ``address`` is empty unless it says that it verified it."""

    subject: str
    address: str
    used_two_factors: bool


def provider_of(provider_id: str, *kinds: str) -> Provider:
    if provider := providers.found(provider_id, *kinds):
        return provider
    raise Http404


def arrive(request: HttpRequest, provider: Provider, said: Said, state: dict[str, Any]) -> HttpResponse:
    """Somebody comes back, with the ``state`` their browser was sent off with: they sign in, or link their account."""
    with transaction.atomic():
        if state.get("process") == LINK:
            return _link(request, provider, said, state)
        return _sign_in(request, provider, said, state)


def refused(request: HttpRequest, provider_id: str, reason: str) -> HttpResponse:
    """The one answer to whoever is not signed in, whether or not there is an account. ``reason`` is for the log alone."""
    sightings.sign_in_failed(request, factor=f"provider {provider_id}", why=reason)
    return render(request, "account/provider_refused.html", status=403)


def told(error: Exception) -> str:
    """An error for the log: what a provider answered may hold what nobody should read there, so only our own words of it."""
    from portal.accounts.providers.oidc import NotBelievedError

    return str(error) if isinstance(error, NotBelievedError) else type(error).__name__


def _sign_in(request: HttpRequest, provider: Provider, said: Said, state: dict[str, Any]) -> HttpResponse:
    if request.user.is_authenticated:
        # Somebody signed in meanwhile, in another tab: they stay who they are.
        return redirect("home")
    user, by_address = _person(provider, said)
    if user is None:
        return refused(request, provider.id, "nobody who may come by it")
    counts = said.used_two_factors and not by_address and policies.second_factor_of_counts(user, provider)
    came = {
        "provider": provider.id,
        "subject": said.subject,
        "by_address": by_address,
        "two_factors": counts,
    }
    flow.clear_authentication_records(request)
    flow.record_authentication(request, user, "socialaccount", provider=provider.id, two_factors=counts)
    return flow.perform_login(
        request, Login(user=user, redirect_url=state.get("next"), signal_kwargs={CAME: came})
    )


def _person(provider: Provider, said: Said) -> tuple[User | None, bool]:
    """Whom the provider may bring, and whether by the address alone."""
    link = ProviderLink.objects.of(provider, said.subject).select_related("user").first()
    if link is not None:
        return (link.user, False) if policies.may_sign_in_by(link.user, provider) else (None, False)
    found = User.objects.addressed(said.address).first() if provider.verifies(said.address) else None
    return (found, True) if found and policies.may_be_found_by_address(found, provider) else (None, False)


def still_stands(user: User, came: dict[str, Any]) -> bool:
    """Whether what a sign-in was begun by holds yet: the second factor may have taken a while."""
    provider = providers.found(came["provider"])
    if provider is None:
        return False
    if came["by_address"]:
        return policies.may_be_found_by_address(user, provider)
    links = ProviderLink.objects.of(provider, came["subject"]).filter(user=user)
    return policies.may_sign_in_by(user, provider) and links.exists()


def signed_in(user: User, came: dict[str, Any]) -> None:
    """With the session: who was found by the address is linked, now that they used their own second factor."""
    provider = providers.found(came["provider"])
    if provider is None:
        return
    if came["by_address"]:
        try:
            actions.link_provider(actor=user, provider=provider, subject=came["subject"])
        except Refused as error:
            logger.warning("Somebody found by their address was not linked with %s: %s", provider.id, error)
    link = ProviderLink.objects.of(provider, came["subject"]).filter(user=user).first()
    if link is not None:
        actions.note_provider_used(actor=user, link=link)


def _link(request: HttpRequest, provider: Provider, said: Said, state: dict[str, Any]) -> HttpResponse:
    page = reverse("account_providers")
    if not request.user.is_authenticated or str(request.user.pk) != state.get("data"):
        return refused(request, provider.id, "linking by somebody else than set out")
    if not stepup.is_confirmed(request):
        return stepup.ask(request, back=page)
    return doors.verb_post(
        request,
        lambda: actions.link_provider(actor=request.user, provider=provider, subject=said.subject),
        done=f"Your account is linked with {provider.name}.",
        back=page,
    )
