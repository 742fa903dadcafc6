"""What conflicts follow from, beside seats: where people work or worked, their other addresses, organisations' mail domains."""

from datetime import date, datetime

from django.db import IntegrityError, transaction

from portal import clock
from portal.accounts import policies
from portal.accounts.actions import memberships
from portal.accounts.models import Affiliation, Kind, MailDomain, Organisation, OtherAddress, User
from portal.accounts.querysets import forget_standing
from portal.checking import check_fields
from portal.errors import AlreadyDone, Invalid, NotAllowed
from portal.ledger import actions as ledger
from portal.scope import action

# Anybody may have an address there: it tells nothing of who they work for.
OPEN_TO_ALL = frozenset(
    {
        "aol.com", "fastmail.com", "gmail.com", "gmx.com", "googlemail.com", "hotmail.com", "icloud.com", "live.com",
        "mail.com", "me.com", "msn.com", "outlook.com", "pm.me", "proton.me", "protonmail.com", "yahoo.com",
    }
)  # fmt: skip


def _require_tie_of(actor: User, user: User) -> None:
    forget_standing(actor, user)
    if not policies.may_record_tie_of(actor, user):
        raise NotAllowed("Only the person, a programme coordinator or the sysadmin writes this down.")
    memberships.require_person(user)


def _require_all(actor: User) -> None:
    forget_standing(actor)
    if not policies.may_look_after_conflicts(actor):
        raise NotAllowed("Only a programme coordinator or the sysadmin does this.")


@action
def record_affiliation(
    *,
    actor: User,
    user: User,
    organisation: Organisation,
    since: date | None = None,
    until: date | None = None,
    at: datetime | None = None,
) -> Affiliation:
    """Write down where a person works, worked or will work. One row an organisation.

    A lab named here is hidden from them, whatever the dates say: who left it long ago still knows its people.
    """
    _require_tie_of(actor, user)
    at = at or clock.now()
    if since and until and until < since:
        raise Invalid("The end lies before the beginning.", field="until")
    affiliation, _ = Affiliation.objects.update_or_create(
        user=user, organisation=organisation, defaults={"since": since, "until": until, "recorded_at": at}
    )
    data = {"person": user.pk, "organisation": organisation.pk, "since": since, "until": until}
    ledger.record(actor=actor, verb="recorded_affiliation", subject=affiliation, data=data, at=at)
    return affiliation


@action
def record_address(*, actor: User, user: User, email: str, at: datetime | None = None) -> OtherAddress:
    """Another address of a person's, verified or not. Nobody signs in by it; what it ties the person to is hidden at once."""
    _require_tie_of(actor, user)
    at = at or clock.now()
    email = email.strip().lower()
    memberships.require_persons_address(email)
    address = OtherAddress(user=user, email=email, recorded_by=actor, recorded_at=at)
    check_fields(address, ["email"])
    try:
        with transaction.atomic():
            address.save(force_insert=True)
    except IntegrityError as error:
        raise AlreadyDone("This address is on record for this person.") from error
    ledger.record(actor=actor, verb="recorded_address", subject=address, data={"person": user.pk}, at=at)
    return address


@action
def end_address(
    *, actor: User, address: OtherAddress, reason: str, at: datetime | None = None
) -> OtherAddress:
    """The address is not the person's after all. Somebody else than the person says so: it may show them a case again."""
    _require_all(actor)
    if address.user_id == actor.pk:
        raise NotAllowed("Somebody else than the person takes an address off.")
    address = OtherAddress.objects.select_for_update().get(pk=address.pk)
    at = at or clock.now()
    if address.ended_at is not None:
        raise AlreadyDone("This address was taken off already.")
    address.ended_at = at
    address.save(update_fields=["ended_at"])
    data = {"person": address.user_id}
    ledger.record(actor=actor, verb="ended_address", subject=address, reason=reason, data=data, at=at)
    return address


@action
def record_domain(
    *, actor: User, organisation: Organisation, domain: str, at: datetime | None = None
) -> MailDomain:
    """An organisation's people have their mail at a domain: whoever of an agency has an address there sees none of its cases.

    The organisation does not say so itself: a lab that named an agency's domain would blind the agency.
    """
    _require_all(actor)
    at = at or clock.now()
    domain = domain.strip().lower().removeprefix("@").rstrip(".")
    if organisation.kind == Kind.AGENCY:
        raise Invalid("Conflicts follow from labs and partners, not from agencies.", field="organisation")
    if domain in OPEN_TO_ALL:
        raise Invalid("Anybody may have an address at this domain.", field="domain")
    found = MailDomain(organisation=organisation, domain=domain, recorded_by=actor, recorded_at=at)
    check_fields(found, ["domain"])
    try:
        with transaction.atomic():
            found.save(force_insert=True)
    except IntegrityError as error:
        raise AlreadyDone("This domain is on record already.") from error
    data = {"organisation": organisation.pk, "domain": domain}
    ledger.record(actor=actor, verb="recorded_domain", subject=found, data=data, at=at)
    return found


@action
def end_domain(*, actor: User, domain: MailDomain, reason: str, at: datetime | None = None) -> MailDomain:
    """The domain is not, or no longer, the organisation's: what followed from it ends. Nobody ends what binds themself."""
    _require_all(actor)
    domain = MailDomain.objects.select_for_update().get(pk=domain.pk)
    at = at or clock.now()
    if domain.ended_at is not None:
        raise AlreadyDone("This domain was taken off already.")
    if actor.ties.filter(organisation=domain.organisation_id, domain=domain.domain).exists():
        raise NotAllowed("Somebody else than a person with an address there takes a domain off.")
    domain.ended_at = at
    domain.save(update_fields=["ended_at"])
    data = {"organisation": domain.organisation_id, "domain": domain.domain}
    ledger.record(actor=actor, verb="ended_domain", subject=domain, reason=reason, data=data, at=at)
    return domain
