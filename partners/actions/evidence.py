"""Files of evidence with an application: put there, taken out, opened, scanned."""

from datetime import datetime

from django.db import transaction

from partners import policies
from partners.actions import standing
from partners.models import PartnerEvidence, PartnerProfile
from partners.querysets import oversees
from partners.states import PartnerState
from portal import clock
from portal.accounts.models import Organisation
from portal.errors import AlreadyDone, Missing, NotAllowed, Refused, WrongState
from portal.ledger import actions as ledger
from portal.scope import acting, action
from portal.submissions.actions.documents import Given, refuse_withheld
from portal.submissions.actions.storing import stored


def add_evidence(
    *, actor, organisation: Organisation, upload, shows: str, sha256: str = "", at: datetime | None = None
) -> PartnerEvidence:
    """Put a file with the organisation's application, before it applies or after. Raises Invalid, naming the field.

    The file is in the storage before the organisation is locked.
    """
    _require_admin(actor, organisation)
    if not shows.strip():
        raise Missing("Write what the file shows.", field="shows")
    with stored(upload, actor=actor, kind=PartnerEvidence, sha256=sha256) as row, acting():
        at = at or clock.now()
        organisation = Organisation.objects.select_for_update().get(pk=organisation.pk)
        _require_admin(actor, organisation)
        there = PartnerEvidence.objects.filter(organisation=organisation, removed_at=None)
        if there.filter(sha256=row.sha256).exists():
            raise AlreadyDone("This very file is there already; nothing was stored twice.")
        if there.count() >= PartnerEvidence.AT_MOST:
            raise Refused(
                f"There are at most {PartnerEvidence.AT_MOST} files of evidence.", code="too_many_files"
            )
        row.organisation, row.shows, row.uploaded_at = organisation, shows.strip()[:200], at
        row.save(force_insert=True)
        data = {"evidence": row.pk, "sha256": row.sha256, "size": row.size}
        event = standing.record(
            _entry(organisation), actor, "add_evidence", at, capacity="partner", data=data
        )
        profile = PartnerProfile.objects.filter(pk=organisation.pk).first()
        if profile is not None:
            standing.tell(profile, event, "partner_changed", at, office=True)
    return row


@action
def remove_evidence(*, actor, evidence: PartnerEvidence, at: datetime | None = None) -> PartnerEvidence:
    """Take a file out. That it was there, and the file, stay with the programme office."""
    at = at or clock.now()
    found = PartnerEvidence.objects.select_for_update().get(pk=evidence.pk)
    _require_admin(actor, found.organisation)
    if found.removed_at is not None:
        raise AlreadyDone("This file was taken out already.")
    found.removed_at = at
    found.save(update_fields=["removed_at"])
    data = {"evidence": found.pk, "sha256": found.sha256}
    standing.record(_entry(found.organisation), actor, "remove_evidence", at, capacity="partner", data=data)
    return found


def open_evidence(*, actor, evidence: PartnerEvidence, at: datetime | None = None) -> Given:
    """Ask for a file; the look is recorded first. Raises NotAllowed for whom it is not open to, every lab among them."""
    with transaction.atomic():
        if not policies.may_go_on_reading_evidence(actor.pk, evidence.pk):
            raise NotAllowed("This file is not open to you now.")
        refuse_withheld(evidence)
        capacity = "auditor" if oversees(actor) else "partner"
        if policies.keeps_partners(actor):
            capacity = "coordinator"
        ledger.look(
            actor=actor,
            verb="downloaded_evidence",
            subjects=[(_entry(evidence.organisation), None, capacity)],
            data={"evidence": evidence.pk, "evidence_sha256": evidence.sha256},
            at=at,
        )
    return Given(evidence.file, evidence.size, evidence.sha256)


def told_of_evidence(evidence: PartnerEvidence, found: bool, at: datetime) -> None:
    """A scan's outcome, on the organisation's record; what was found is told to its administrators."""
    entry = _entry(evidence.organisation)
    verb = "malware_in_evidence" if found else "scan_evidence"
    data = {"evidence": evidence.pk, "state": evidence.scan_state}
    event = standing.record(entry, None, verb, at, capacity="clock", data=data)
    if found:
        standing.tell(entry, event, "partner_malware", at, partner=True)


def _require_admin(actor, organisation: Organisation) -> None:
    if not policies.is_partner_admin(actor, organisation.pk):
        raise NotAllowed("An administrator of the organisation keeps its evidence.")
    removed = PartnerProfile.objects.filter(pk=organisation.pk, stored_state=PartnerState.REMOVED)
    if removed.exists():
        raise WrongState("This organisation was removed from the programme.")


def _entry(organisation: Organisation) -> PartnerProfile:
    """The organisation's entry as the record's subject, which has its id also before it applied."""
    return PartnerProfile(organisation=organisation)
