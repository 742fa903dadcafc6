"""Which agencies take part: that one no longer does, and that it does again. Its people's roles end with it."""

from datetime import datetime

from portal import clock
from portal.accounts import hooks, policies
from portal.accounts.actions import invitations, memberships
from portal.accounts.models import Invitation, Kind, Membership, Organisation, User
from portal.errors import AlreadyDone, Invalid, NotAllowed, WrongState
from portal.ledger import actions as ledger
from portal.scope import action


def keeps_it(*, actor: User, organisation: Organisation, at: datetime) -> list[str]:
    """Why an agency cannot leave now, in sentences; none where it can. Cases are named to whom they are to be seen."""
    if organisation.is_programme_office:
        return ["It is the programme office."]
    return hooks.kept(actor=actor, organisation=organisation, at=at)


@action
def leave_programme(
    *, actor: User, organisation: Organisation, reason: str, at: datetime | None = None
) -> Organisation:
    """An agency takes part no longer: its people's roles and unanswered invitations end, and its view of every case.

    What it did stays on record under its name. Raises WrongState, with what stands against it, while anything does.
    """
    organisation, at = _locked(actor, organisation), at or clock.now()
    if organisation.left_at is not None:
        raise AlreadyDone("This agency takes part no longer.")
    if against := keeps_it(actor=actor, organisation=organisation, at=at):
        raise WrongState(" ".join(["This agency cannot leave now.", *against]))
    ended = _end_roles(actor, organisation, reason, at)
    hooks.left(actor=actor, organisation=organisation, at=at)
    organisation.left_at = at
    organisation.save(update_fields=["left_at"])
    ledger.record(
        actor=actor,
        verb="left_programme",
        subject=organisation,
        reason=reason,
        data={"memberships_ended": ended},
        at=at,
    )
    return organisation


@action
def rejoin_programme(*, actor: User, organisation: Organisation, at: datetime | None = None) -> Organisation:
    """An agency takes part again. Nobody's role comes back by it: its people are invited anew."""
    organisation, at = _locked(actor, organisation), at or clock.now()
    if organisation.left_at is None:
        raise AlreadyDone("This agency takes part.")
    organisation.left_at = None
    organisation.save(update_fields=["left_at"])
    ledger.record(actor=actor, verb="rejoined_programme", subject=organisation, at=at)
    return organisation


def _locked(actor: User, organisation: Organisation) -> Organisation:
    organisation = memberships.lock(organisation.pk)
    if not policies.may_keep_agencies(actor):
        raise NotAllowed("The programme's coordinators and administrators keep the list of agencies.")
    if organisation.kind != Kind.AGENCY:
        raise Invalid("Only an agency takes part in this sense.")
    return organisation


def _end_roles(actor: User, organisation: Organisation, reason: str, at: datetime) -> int:
    held = list(
        Membership.objects.active().filter(organisation=organisation).select_related("user").order_by("pk")
    )
    for membership in held:
        memberships.end(actor=actor, organisation=organisation, membership=membership, reason=reason, at=at)
    for invitation in Invitation.objects.unanswered().filter(organisation=organisation).order_by("pk"):
        invitations.withdraw(actor, invitation, at)
    return len(held)
