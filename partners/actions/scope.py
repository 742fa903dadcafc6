"""What a grant covers and for whom: documents and instructions by the lab, named persons by the partner; and the one look."""

from collections.abc import Iterable
from datetime import datetime

from partners import policies
from partners.actions import steps
from partners.models import Grant, GrantDocument, GrantUser
from partners.states import NOT_ENDED
from portal import clock, crypto
from portal.errors import AlreadyDone, Invalid, Missing, NotAllowed, WrongState
from portal.ledger.stale import refuse_stale
from portal.scope import action
from portal.submissions.looks import looked
from portal.submissions.models import Document


def add_documents(grant: Grant, documents: Iterable[Document], *, actor, at: datetime) -> list[Document]:
    """Put documents of the grant's own case into its scope; raises Invalid for any other."""
    chosen = list({document.pk: document for document in documents}.values())
    for document in chosen:
        if document.submission_id != grant.submission_id or document.removed_at is not None:
            raise Invalid("Choose documents of this case.", field="documents")
    GrantDocument.objects.bulk_create(
        [GrantDocument(grant=grant, document=one, added_by=actor, since=at) for one in chosen]
    )
    return chosen


def seal_instructions(grant: Grant, instructions: str, *, actor, at: datetime) -> None:
    grant.instructions_sealed = crypto.seal(instructions.strip())
    grant.instructions_set_at, grant.instructions_set_by = at, actor


def _begin(actor, grant: Grant, who: str, at: datetime | None, expected_revision: int | None = None):
    case, grant = steps.lock(grant)
    at = at or clock.now()
    if who not in policies.capacities(actor, grant, at=at):
        raise NotAllowed("This is not yours to change.")
    if grant.state_at(at) not in NOT_ENDED:
        raise WrongState("This grant has ended.")
    refuse_stale(grant, expected_revision, called="This grant", key=steps.REVISION)
    return case, grant, at


@action
def set_documents(
    *,
    actor,
    grant: Grant,
    documents: Iterable[Document],
    expected_revision: int | None = None,
    at: datetime | None = None,
) -> Grant:
    """The lab says which documents are in scope; those left out close at once."""
    case, grant, at = _begin(actor, grant, "lab", at, expected_revision)
    wanted = {document.pk: document for document in documents}
    present = {row.document_id: row for row in grant.scope.filter(ended_at=None)}
    gone = [row.pk for key, row in present.items() if key not in wanted]
    added = [document for key, document in wanted.items() if key not in present]
    if not gone and not added:
        return grant
    grant.scope.filter(pk__in=gone).update(ended_at=at)
    add_documents(grant, added, actor=actor, at=at)
    event = steps.finish(
        actor=actor,
        case=case,
        grant=grant,
        verb="set_documents",
        at=at,
        capacity="lab",
        data={"documents": sorted(str(key) for key in wanted)},
    )
    partner = steps.people_of_partner(grant, at=at)
    steps.tell(event, grant, "scope", at=at, office=True, partner=partner)
    return grant


@action
def set_instructions(
    *,
    actor,
    grant: Grant,
    instructions: str,
    expected_revision: int | None = None,
    at: datetime | None = None,
) -> Grant:
    """The lab gives or replaces the partner's access instructions; encrypted at rest, opened only while the grant is active."""
    if not instructions.strip():
        raise Missing("Write how the partner reaches the model.", field="instructions")
    case, grant, at = _begin(actor, grant, "lab", at, expected_revision)
    seal_instructions(grant, instructions, actor=actor, at=at)
    event = steps.finish(actor=actor, case=case, grant=grant, verb="set_instructions", at=at, capacity="lab")
    steps.tell(event, grant, "scope", at=at, partner=steps.people_of_partner(grant, at=at))
    return grant


@action
def name_user(*, actor, grant: Grant, user, at: datetime | None = None) -> GrantUser:
    """The partner's administrator names a member of the partner; only named persons reach the model."""
    case, grant, at = _begin(actor, grant, "partner", at)
    if not policies.may_be_named(user, grant):
        raise Invalid("This person cannot be named on this grant.", field="user")
    if grant.named.filter(user=user, ended_at=None).exists():
        raise AlreadyDone("This person is named already.")
    named = GrantUser.objects.create(grant=grant, user=user, added_by=actor, since=at)
    event = steps.finish(
        actor=actor,
        case=case,
        grant=grant,
        verb="name_user",
        at=at,
        capacity="partner",
        data={"person": user.pk},
    )
    steps.tell(event, grant, "named", at=at, partner=[user.pk])
    return named


@action
def unname_user(*, actor, grant: Grant, user, at: datetime | None = None) -> Grant:
    """A named person's access ends at once."""
    case, grant, at = _begin(actor, grant, "partner", at)
    if not grant.named.filter(user=user, ended_at=None).update(ended_at=at):
        raise AlreadyDone("This person is not named.")
    steps.finish(
        actor=actor,
        case=case,
        grant=grant,
        verb="unname_user",
        at=at,
        capacity="partner",
        data={"person": user.pk},
    )
    return grant


@action
def reveal_grant_instructions(*, actor, grant: Grant, at: datetime | None = None) -> str:
    """The instructions in clear, for a named person while the grant is active (and for the lab); the look is recorded first.

    Raises NotAllowed before the start, while suspended, after the end, and for everybody else. Empty when none were given.
    """
    at = at or clock.now()
    if not policies.may_reveal(actor, grant, at=at):
        raise NotAllowed("The access instructions are not open to you now.")
    sealed = Grant.objects.values_list("instructions_sealed", flat=True).get(pk=grant.pk)
    if sealed is None:
        return ""
    looked(
        actor=actor,
        submission=grant.submission,
        verb="revealed_grant_instructions",
        subject=grant,
        data={"grant": grant.pk},
    )
    return crypto.unseal(sealed)
