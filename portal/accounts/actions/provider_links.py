"""Linking one's account with a sign-in provider, and ending that (docs/adr/0027)."""

from datetime import datetime

from django.db import IntegrityError, transaction

from portal import clock
from portal.accounts import policies
from portal.accounts.actions import security
from portal.accounts.models import ProviderLink, User
from portal.errors import AlreadyDone, Invalid, NotAllowed
from portal.operating.providers import Provider
from portal.scope import action

PAGE = "/account/providers/"


@action
def link_provider(
    *, actor: User, provider: Provider, subject: str, at: datetime | None = None
) -> ProviderLink:
    """From now on this subject of the provider signs the person in. The door has seen to it that a second factor was used lately.

    Raises Invalid where the subject is somebody else's: in the same words, whoever that is.
    """
    actor = User.objects.select_for_update().get(pk=actor.pk)
    at = at or clock.now()
    if not policies.may_link(actor, provider):
        raise NotAllowed("This sign-in is for people of its own organisation.")
    if actor.provider_links.filter(provider=provider.id).exists():
        raise AlreadyDone(f"Your account is linked with {provider.name}. Unlink it first to link another.")
    try:
        with transaction.atomic():
            link = ProviderLink.objects.create(
                user=actor, provider=provider.id, issuer=provider.issuer, subject=subject, linked_at=at
            )
    except IntegrityError as error:
        raise Invalid(f"This account of {provider.name} cannot be linked with yours.") from error
    _note(actor, "linked_provider", provider.id, at)
    return link


@action
def unlink_provider(*, actor: User, link: ProviderLink, request, at: datetime | None = None) -> None:
    """It signs the person in no more. Their other sessions end, since one of them may have been begun by it."""
    if link.user_id != actor.pk:
        raise NotAllowed("This link is not yours.")
    removed, _ = ProviderLink.objects.filter(pk=link.pk).delete()
    if not removed:
        raise AlreadyDone("Your account is not linked with this provider.")
    security.end_sessions_but(actor=actor, request=request)
    _note(actor, "unlinked_provider", link.provider, at or clock.now())


@action
def note_provider_used(*, actor: User, link: ProviderLink, at: datetime | None = None) -> None:
    """When it last signed the person in, for them to see; that they signed in is an event of its own."""
    ProviderLink.objects.filter(pk=link.pk, user=actor).update(last_used_at=at or clock.now())


def _note(actor: User, verb: str, provider: str, at: datetime) -> None:
    security.note_sign_in_change(actor=actor, verb=verb, data={"provider": provider}, link=PAGE, at=at)
