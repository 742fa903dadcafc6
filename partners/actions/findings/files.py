"""Evidence files of a finding: put there, taken out of a draft, opened, scanned."""

from datetime import datetime

from django.db.models import Max

from partners import findings_people as people
from partners import policies_findings as policies
from partners.actions.findings import steps
from partners.findings_looks import read_findings
from partners.findings_states import FindingState
from partners.models import Finding, FindingFile
from portal import clock
from portal.checking import check_fields
from portal.deadlines import actions as deadlines
from portal.errors import AlreadyDone, Missing, NotAllowed, Refused, WrongState
from portal.scope import acting, action
from portal.submissions.actions.documents import Given, refuse_withheld
from portal.submissions.actions.storing import stored


def add_file(
    *,
    actor,
    finding: Finding,
    upload,
    shows: str,
    for_owner: bool = False,
    sha256: str = "",
    at: datetime | None = None,
) -> FindingFile:
    """Put a file with a finding, while it is a draft or followed. Once it was reported the programme office is told, and of a
    file for a notified owner that owner. Raises Invalid, naming the field.

    The file is in the storage before the finding is locked. The finding's revision stays: a form that an owner has open would
    else tell of files that are not for it.
    """
    _require_adds(actor, finding)
    if not shows.strip():
        raise Missing("Write what the file shows.", field="shows")
    with stored(upload, actor=actor, kind=FindingFile, sha256=sha256) as row, acting():
        found, at = steps.lock(finding), at or clock.now()
        _require_adds(actor, found)
        row.finding, row.shows, row.for_owner, row.uploaded_at = found, shows.strip(), for_owner, at
        check_fields(row, ["shows"])
        row.number = _next_number(row)
        row.save(force_insert=True)
        data = {"file": row.pk, "sha256": row.sha256, "size": row.size, "for_owner": for_owner}
        event = steps.record(
            actor=actor, finding=found, verb="add_finding_file", capacity="reporter", data=data, at=at
        )
        if found.state != FindingState.DRAFT:
            steps.tell(event, found, "finding_file", reporter=False, owner=for_owner)
    return row


@action
def remove_file(*, actor, finding: Finding, file: FindingFile, at: datetime | None = None) -> FindingFile:
    """Take a file out of a draft. Its row and its bytes stay, as the record of what was there; nobody reads either."""
    found, at = steps.lock(finding), at or clock.now()
    if "reporter" not in policies.finding_capacities(actor, found):
        raise NotAllowed("Only those who report a finding take its files out.")
    if not policies.may_edit_finding(actor, found):
        raise WrongState("This finding was reported: its files stay with it.")
    row = FindingFile.objects.select_for_update().get(pk=file.pk, finding=found)
    if row.removed_at is not None:
        raise AlreadyDone("This file was taken out already.")
    row.removed_at = at
    row.save(update_fields=["removed_at"])
    data = {"file": row.pk, "sha256": row.sha256}
    steps.record(
        actor=actor, finding=found, verb="remove_finding_file", capacity="reporter", data=data, at=at
    )
    return row


@action
def open_file(*, actor, file: FindingFile) -> Given:
    """Ask for a file; the look is recorded first, where looks at the finding are. Raises NotAllowed for whom it is not open to.

    The look names the file and not its hash: the lab reads looks on its case, and might know a hash from elsewhere. Of a file
    that is not for the owner it stands beside the case: the lab would learn that there is one.
    """
    if not policies.may_go_on_reading_file(actor.pk, file.pk):
        raise NotAllowed("This file is not open to you now.")
    refuse_withheld(file)
    finding = Finding.objects.get(pk=file.finding_id)
    read_findings(
        actor=actor,
        findings=[finding],
        verb="downloaded_finding_file",
        data={"file": file.pk},
        on_case=file.for_owner,
    )
    return Given(file.file, file.size, file.sha256)


def told_of_file(file: FindingFile, found: bool, at: datetime) -> None:
    """A scan's outcome, on the finding's record; what was found is told to its reporters."""
    finding = file.finding
    event = steps.record(
        actor=None,
        finding=finding,
        verb="malware_in_finding_file" if found else "scan_finding_file",
        capacity="clock",
        data={"file": file.pk, "state": file.scan_state},
        at=at,
    )
    if found:
        deadlines.tell(
            recipients=people.file_people(file),
            kind="finding_malware",
            case_id=None,
            case_number=finding.number,
            about=event.pk,
            at=at,
            link=steps.page(finding, finding.reporter.kind),
        )


def _require_adds(actor, finding: Finding) -> None:
    if "reporter" not in policies.finding_capacities(actor, finding):
        raise NotAllowed("Only those who report a finding add files to it.")
    if not policies.may_add_file(actor, finding):
        raise WrongState("This finding is over: no file is added any more.")


def _next_number(row: FindingFile) -> int:
    """Under the finding's lock. Raises AlreadyDone for bytes that are there, Refused where there are as many as can be."""
    there = FindingFile.objects.filter(finding=row.finding, removed_at=None).order_by()
    if there.filter(sha256=row.sha256).exists():
        raise AlreadyDone("This very file is with the finding already; nothing was stored twice.")
    if there.count() >= FindingFile.AT_MOST:
        raise Refused(f"A finding has at most {FindingFile.AT_MOST} files.", code="too_many_files")
    last = there.filter(for_owner=row.for_owner).aggregate(last=Max("number"))["last"]
    return (last or 0) + 1
