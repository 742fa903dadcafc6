"""A finding until it is reported: written by its organisation's people, seen by nobody else."""

from datetime import datetime
from uuid import UUID, uuid5

from django.db import IntegrityError, transaction

from partners import cvss
from partners.actions.findings import steps
from partners.findings_states import FindingState
from partners.models import Finding, Grant
from partners.policies_findings import finding_capacities, may_report_for
from portal import clock
from portal.accounts.models import Organisation
from portal.checking import check_fields
from portal.errors import AlreadyDone, Invalid, Missing, NotAllowed, WrongState
from portal.ledger.stale import refuse_stale
from portal.scope import action
from portal.submissions.models import Submission

REQUIRED = {
    "title": "Give the finding a title.",
    "text": "Write what was found.",
    "product": "Name the product or model.",
}
# Kept to the letter.
_VERBATIM = "reporter_chain"


@action
def create_finding(
    *,
    actor,
    reporter: Organisation,
    values: dict,
    submission: Submission | None = None,
    grant: Grant | None = None,
    key: UUID | None = None,
    at: datetime | None = None,
) -> Finding:
    """A draft; but for its kind any value may be missing yet. What was found on a case is about its lab's model, so that the
    lab is the owner. The same ``key`` twice raises AlreadyDone, and NotAllowed where a conflict would hide it from its writer.

    ``submission`` and ``grant`` are ones that the actor sees: doors take them from ``visible_to``.
    """
    at = at or clock.now()
    if not may_report_for(actor, reporter):
        raise NotAllowed("You write no findings for this organisation.")
    if not values.get("kind"):
        raise Missing("Choose the kind of finding.", field="kind")
    finding = Finding(reporter=reporter, created_by=actor, created_at=at)
    if grant is not None:
        if submission is not None and submission.pk != grant.submission_id:
            raise Invalid("The grant is on another case.", field="grant")
        submission = grant.submission
    finding.grant, finding.submission = grant, submission
    finding.owner = submission.lab if submission is not None else None
    if "reporter" not in finding_capacities(actor, finding):
        # Who sees a case as a partner's person writes nothing about it for an agency at which a conflict keeps it from them.
        raise NotAllowed("A conflict keeps you from writing about this for that organisation.")
    if key is not None:
        # Bound to the person: nobody can meet, or probe for, a key of somebody else's.
        finding.pk = uuid5(actor.pk, str(key))
    _take(finding, values)
    try:
        with transaction.atomic():
            finding.save(force_insert=True)
    except IntegrityError as error:
        if not Finding.objects.filter(pk=finding.pk).exists():
            raise
        raise AlreadyDone("This finding was made already.") from error
    steps.record(
        actor=actor,
        finding=finding,
        verb="create_finding",
        capacity="reporter",
        data={"revision": finding.revision},
        at=at,
    )
    return finding


@action
def save_finding(
    *, actor, finding: Finding, values: dict, expected_revision: int | None = None, at: datetime | None = None
) -> Finding:
    """Overwrite values of a draft; only what is given changes. Raises Stale when it was saved meanwhile."""
    found, at = steps.lock(finding), at or clock.now()
    if "reporter" not in finding_capacities(actor, found):
        raise NotAllowed("Only those who report a finding change it.")
    if found.state != FindingState.DRAFT:
        raise WrongState("This finding was reported: it is not edited any more.")
    refuse_stale(found, expected_revision, called=steps.CALLED)
    before = {name: getattr(found, name) for name in Finding.WRITTEN}
    _take(found, values)
    found.revision += 1
    found.save()
    changed = [name for name in Finding.WRITTEN if getattr(found, name) != before[name]]
    data = {"revision": found.revision, "changed": changed}
    steps.record(actor=actor, finding=found, verb="save_finding", capacity="reporter", data=data, at=at)
    return found


@action
def report(
    *, actor, finding: Finding, expected_revision: int | None = None, at: datetime | None = None
) -> Finding:
    """Hand a complete draft in: the programme office reads it from now on. Raises Missing, naming the field."""
    found, step, at = steps.begin(
        actor=actor, finding=finding, verb="report", at=at, expected_revision=expected_revision
    )
    for name, words in REQUIRED.items():
        if not getattr(found, name).strip():
            raise Missing(words, field=name)
    found.reported_by = actor
    found.exploited_at = at if found.exploited else None
    return steps.finish(actor=actor, finding=found, step=step, at=at, reporter=False)


def _take(finding: Finding, values: dict) -> None:
    """Put values on a finding; raises Invalid, naming the field, for one that is none."""
    if unknown := set(values) - set(Finding.WRITTEN):
        raise Invalid(f"Unknown value: {', '.join(sorted(unknown))}.")
    for name, value in values.items():
        bare = isinstance(value, str) and name != _VERBATIM
        setattr(finding, name, value.strip() if bare else value)
    finding.cwe = finding.cwe.upper()
    check_fields(finding, [name for name in Finding.WRITTEN if name not in ("exploited", "embargo_until")])
    if finding.cvss:
        cvss.read(finding.cvss)
