"""The programme office's part: triage, validation, duplicates, and the notice to the owner."""

from datetime import datetime

from partners import findings_kinds as kinds
from partners.actions.findings import steps
from partners.models import Finding
from portal.accounts.models import Kind, Organisation
from portal.checking import check_fields
from portal.errors import Invalid, Missing
from portal.scope import action


@action
def triage(
    *,
    actor,
    finding: Finding,
    ssvc: str | None = None,
    expected_revision: int | None = None,
    at: datetime | None = None,
) -> Finding:
    """Take a reported finding up; the SSVC decision may be set with it."""
    found, step, at = steps.begin(
        actor=actor, finding=finding, verb="triage", at=at, expected_revision=expected_revision
    )
    data = None
    if ssvc:
        data = {"ssvc": {"old": found.ssvc, "new": ssvc}}
        found.ssvc = ssvc
        check_fields(found, ["ssvc"])
    return steps.finish(actor=actor, finding=found, step=step, at=at, data=data)


@action
def validate(
    *, actor, finding: Finding, expected_revision: int | None = None, at: datetime | None = None
) -> Finding:
    """The weakness was seen again."""
    found, step, at = steps.begin(
        actor=actor, finding=finding, verb="validate", at=at, expected_revision=expected_revision
    )
    return steps.finish(actor=actor, finding=found, step=step, at=at)


@action
def not_reproduce(
    *,
    actor,
    finding: Finding,
    reason: str = "",
    expected_revision: int | None = None,
    at: datetime | None = None,
) -> Finding:
    """The weakness was not seen again; the reason says what was tried."""
    found, step, at = steps.begin(
        actor=actor,
        finding=finding,
        verb="not_reproduce",
        at=at,
        reason=reason,
        expected_revision=expected_revision,
    )
    return steps.finish(actor=actor, finding=found, step=step, at=at, reason=reason)


@action
def mark_duplicate(
    *,
    actor,
    finding: Finding,
    duplicate_of: Finding | None = None,
    expected_revision: int | None = None,
    at: datetime | None = None,
) -> Finding:
    """It is known already, under another number. ``duplicate_of`` is one that the actor sees."""
    found, step, at = steps.begin(
        actor=actor, finding=finding, verb="mark_duplicate", at=at, expected_revision=expected_revision
    )
    if duplicate_of is None:
        raise Missing("Name the finding that was there first.", field="duplicate_of")
    known = Finding.objects.known().exclude(pk=found.pk)
    if not known.select_for_update().filter(pk=duplicate_of.pk).exists():
        raise Invalid(
            "Name another finding that was reported and is no duplicate itself.", field="duplicate_of"
        )
    found.duplicate_of = duplicate_of
    return steps.finish(actor=actor, finding=found, step=step, at=at, data={"duplicate_of": duplicate_of.pk})


@action
def notify_owner(
    *,
    actor,
    finding: Finding,
    owner: Organisation | None = None,
    vendor_contact: str = "",
    expected_revision: int | None = None,
    at: datetime | None = None,
) -> Finding:
    """Tell the owner: the lab whose model it is, which reads the finding from now on, or an outside vendor by its contact.

    The disclosure clock starts, and where no embargo stands it ends with that clock.
    """
    found, step, at = steps.begin(
        actor=actor, finding=finding, verb="notify_owner", at=at, expected_revision=expected_revision
    )
    if found.submission_id is not None and owner is not None and owner.pk != found.owner_id:
        raise Invalid("It was found with a model of another lab, which is its owner.", field="owner")
    if owner is not None and owner.kind != Kind.LAB:
        raise Invalid("The owner is a lab; write an outside vendor's contact instead.", field="owner")
    found.owner = owner or found.owner
    if found.owner is not None and vendor_contact.strip():
        raise Invalid("Name a lab or an outside vendor, not both.", field="vendor_contact")
    if found.owner is None and not vendor_contact.strip():
        raise Missing("Name the owning lab, or write a contact of the outside vendor.", field="owner")
    found.vendor_contact = vendor_contact.strip()
    check_fields(found, ["vendor_contact"])
    due = kinds.disclosure_due(at, exploited_at=found.exploited_at)
    if found.embargo_until is None or found.embargo_until <= at:
        # One that has passed would let it be told before its owner could act.
        if found.embargo_until is not None:
            steps.refuse_mid_relay(found)
        found.embargo_until = due
    found.disclosure_due_at = due
    data = {"owner": found.owner_id, "disclosure_due_at": due, "embargo_until": found.embargo_until}
    return steps.finish(actor=actor, finding=found, step=step, at=at, data=data)
