"""Telling partner organisations of a finding before everybody is told, and the marking that says whether that may be."""

from collections.abc import Iterable
from datetime import datetime

from partners.actions.findings import steps
from partners.findings_addressing import MARKINGS, addressable
from partners.findings_people import addressed_people
from partners.models import Finding, FindingAddressee
from partners.policies_findings import may_mark
from portal.accounts.models import Kind, Organisation
from portal.checking import check_fields
from portal.deadlines import actions as deadlines
from portal.errors import AlreadyDone, Invalid, Missing, NotAllowed, WrongState
from portal.scope import action
from portal.submissions.markings import TLP


@action
def address(
    *,
    actor,
    finding: Finding,
    partners: Iterable[Organisation] = (),
    expected_revision: int | None = None,
    at: datetime | None = None,
) -> Finding:
    """Tell partner organisations of it, so that they protect what they operate: with the owner's consent to publication, or once
    the embargo has passed (invariant 16), as far as its marking lets it be passed on. All of those named, or none.
    """
    found, step, at = steps.begin(
        actor=actor, finding=finding, verb="address", at=at, expected_revision=expected_revision
    )
    wanted = sorted({partner.pk for partner in partners})
    if not wanted:
        raise Missing("Choose at least one partner organisation.", field="partners")
    _refuse_early(found, at)
    told = set(found.addressees.filter(partner__in=wanted).values_list("partner_id", flat=True))
    if told == set(wanted):
        raise AlreadyDone("These organisations were told already.")
    new = [pk for pk in wanted if pk not in told]
    open_to = set(addressable(found, at=at).filter(pk__in=new).values_list("pk", flat=True))
    if open_to != set(new):
        raise Invalid(
            "It is addressed to eligible partners other than its reporter; one with a lab's model to those whose access to that"
            " model is active.",
            field="partners",
        )
    before = set(addressed_people(found, at))
    rows = FindingAddressee.objects.bulk_create(
        FindingAddressee(finding=found, partner_id=pk, addressed_at=at, addressed_by=actor) for pk in new
    )
    finding = steps.finish(actor=actor, finding=found, step=step, at=at, data={"addressed": new})
    deadlines.tell(
        recipients=sorted(set(addressed_people(finding, at)) - before),
        kind="finding_addressed",
        case_id=None,
        case_number=finding.number,
        about=rows[0].pk,
        at=at,
        link=steps.page(finding, Kind.PARTNER),
    )
    return finding


@action
def set_marking(
    *,
    actor,
    finding: Finding,
    tlp: str = "",
    expected_revision: int | None = None,
    at: datetime | None = None,
) -> Finding:
    """Mark a reported finding otherwise. Of a lab's model or product its owner alone lowers the marking (invariant 13); its
    reporters raise it, and lower that of a finding which is no other lab's. The government does neither for them.
    """
    found, step, at = steps.begin(
        actor=actor, finding=finding, verb="set_marking", at=at, expected_revision=expected_revision
    )
    if not tlp:
        raise Missing("Choose a marking.", field="tlp")
    if tlp == found.tlp:
        raise AlreadyDone("It is marked so already.")
    if not may_mark(actor, found):
        raise NotAllowed("Its reporters and its owner mark it.")
    old, found.tlp = found.tlp, tlp
    check_fields(found, ["tlp"])
    data = {"tlp": {"old": old, "new": tlp}}
    lowered = TLP.index(tlp) > TLP.index(old)
    if lowered and step.who == "reporter" and found.owner_id not in (None, found.reporter_id):
        raise WrongState("It is about a lab's model or product: only that lab lowers the marking.")
    return steps.finish(actor=actor, finding=found, step=step, at=at, data=data)


def _refuse_early(finding: Finding, at: datetime) -> None:
    # Of a lab's own that no case tells to whom it is known, the lab says.
    asks_owner = finding.owner_id is not None and finding.submission_id is None
    if finding.owner_consented_at is None and (asks_owner or at < finding.embargo_until):
        raise WrongState(
            "Others are told with the owner's consent to publication, or once the embargo has passed; of a lab's finding that"
            " names no case with its consent alone.",
            code="under_embargo",
        )
    if finding.tlp not in MARKINGS:
        raise WrongState(
            f"Marked {finding.tlp}, it is not passed on. Its reporters or its owner can mark it otherwise.",
            code="marked",
        )
