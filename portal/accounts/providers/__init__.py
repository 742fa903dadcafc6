"""Signing in by an organisation's own provider (docs/adr/0027)."""

from django.conf import settings

from portal.operating.providers import Provider


def whole() -> list[Provider]:
    """The providers that are wholly configured; a half one is nowhere."""
    return [provider for provider in settings.PORTAL_SIGN_IN_PROVIDERS if provider.is_whole]


def found(provider_id: str, *kinds: str) -> Provider | None:
    """The provider of this id, where it is of one of the kinds (of any when none is named)."""
    return next(
        (one for one in whole() if one.id == provider_id and (not kinds or one.kind in kinds)),
        None,
    )


def on_sign_in_page() -> list[Provider]:
    """Those that everybody may know of."""
    return [provider for provider in whole() if provider.on_sign_in_page]


def of(user) -> list[Provider]:
    """The providers of the organisations that a person belongs to."""
    return [provider for provider in whole() if provider.organisation in user.organisation_ids]


def called(provider_id: str) -> str:
    """A provider's name; of one that is no longer configured its id."""
    provider = found(provider_id)
    return provider.name if provider else provider_id
