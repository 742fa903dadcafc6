"""Questions about the dates of partners' things: each stands as long as something is owed, and no longer."""

from datetime import timedelta
from uuid import uuid5

from partners.models import Finding, Grant, GrantReport, PartnerProfile
from portal import programme
from portal.accounts.models import Role
from portal.deadlines.calendar import add_business_days
from portal.deadlines.models import Deadline
from portal.submissions.models import Submission
from tests.machine.invariants.sight import Sight

RUNNING = ("owner_notified", "remediating")


def days(target: str) -> timedelta:
    return timedelta(days=programme.target(target))


def dates_of_grants_stand_while_they_are_owed(sight: Sight) -> list:
    """Each open date of a grant or a partner's report is owed at that instant, and what is owed has its date; between a start or
    an expiry and the clock's next job what has just passed may stand yet."""
    must, may = {}, {}
    for grant in sight.rows(Grant):
        _of_grant(sight, grant, must, may)
    for report in sight.rows(GrantReport):
        grant = sight.named(Grant)[report.grant_id]
        if report.written_at is None and report.dropped_at is None:
            late = grant.expires_at <= sight.at and grant.expiry_recorded_at is None
            (may if late else must)["grant_report_due", report.pk] = report.due_at
            if grant.agreed_at is None or grant.ended_at is not None:
                must["report of no grant", report.pk] = report.due_at
    return _compared(sight, must, may, lambda kind: kind.startswith("grant_"))


def _of_grant(sight: Sight, grant: Grant, must: dict, may: dict) -> None:
    case = sight.case(grant)
    at, pk = sight.at, grant.pk
    if grant.stored_state == "proposed":
        takes = case.acknowledged_at and not (case.closed_at or case.withdrawn_at or case.released_at)
        if grant.concurred_at is None and takes:
            due = add_business_days(grant.proposed_at, programme.target("concur_business_days"))
            must["grant_concur_due", pk] = due
    if grant.agreed_at is None:
        return
    standing = grant.stored_state == "agreed"
    suspended = grant.lab_suspended_at or grant.government_suspended_at
    for kind in ("grant_starts", "grant_starts_partner") if standing and not suspended else ():
        if grant.starts_at > at:
            must[kind, pk] = grant.starts_at
        elif grant.start_recorded_at is None:
            may[kind, pk] = grant.starts_at
    for kind in ("grant_expires", "grant_expires_partner") if standing else ():
        if grant.expires_at > at:
            must[kind, pk] = grant.expires_at
        elif grant.expiry_recorded_at is None:
            may[kind, pk] = grant.expires_at
    if standing and grant.expires_at > at and not _owes_one_report(sight, grant):
        must["one report", pk] = grant.expires_at
    ended = grant.ended_at or (grant.expires_at if grant.expires_at <= at else None)
    if ended is not None and ended > grant.starts_at and grant.closed_out_at is None:
        late = standing and grant.expiry_recorded_at is None
        (may if late else must)["grant_close_out", pk] = ended + days("close_out_days")


def _owes_one_report(sight: Sight, grant: Grant) -> bool:
    rows = sight.having(GrantReport, "grant_id")[grant.pk]
    return sum(row.written_at is None and row.dropped_at is None for row in rows) == 1


def dates_of_vettings_stand_while_they_are_owed(sight: Sight) -> list:
    """An organisation that is eligible, or may be again, has the date of its next vetting, for itself and for the office."""
    must = {
        (kind, uuid5(profile.pk, profile.vetted_at.isoformat())): profile.revet_due_at
        for profile in sight.rows(PartnerProfile)
        if profile.stored_state in ("eligible", "suspended")
        for kind in ("partner_revetting", "partner_revetting_partner")
    }
    return _compared(sight, must, {}, lambda kind: kind.startswith("partner_"))


def dates_of_findings_stand_while_they_are_owed(sight: Sight) -> list:
    """While the disclosure clock of a finding runs its owner's people have its date, and until the owner answered that too; the
    office and the reporter may; nobody else, and no date once it is fixed or over."""
    must, may = {}, {}
    for row in sight.rows(Finding):
        if row.state not in RUNNING:
            continue
        owners = sight.members(row.owner_id, Role.ADMIN, Role.CONTRIBUTOR) if row.owner_id else set()
        office = sight.members(sight.office, Role.COORDINATOR)
        silent = row.owner_notified_at + days("finding_owner_silent_days")
        dates = [("finding_disclosure", row.disclosure_due_at)]
        if row.state == "owner_notified":
            dates.append(("finding_owner_silent", silent))
        for kind, due in dates:
            must |= {(kind, uuid5(row.pk, str(person))): due for person in owners}
            # But those whom a conflict keeps from it, from the next look at the staff on.
            may |= {(f"{kind}_office", uuid5(row.pk, str(person))): due for person in office}
        reporter = uuid5(row.pk, str(row.reported_by_id))
        may["finding_disclosure_reporter", reporter] = row.disclosure_due_at
    return _compared(sight, must, may, lambda kind: kind.startswith("finding_"))


def _compared(sight: Sight, must: dict, may: dict, ours) -> list:
    """What stands against what must and what may stand: dates and all."""
    stands = {
        (row.kind, row.subject_id): row.due_at
        for row in sight.rows(Deadline)
        if row.met_at is None and row.cancelled_at is None and ours(row.kind)
    }
    broken: list = [("owed", *key) for key in must if key not in stands]
    for key, due in stands.items():
        wanted = must.get(key, may.get(key))
        if wanted != due:
            broken.append(("stands", *key, due, wanted))
    return broken


def partners_dates_are_of_their_case(sight: Sight) -> list:
    """7: the dates of a grant hang on its own case, and reach its own partner's people alone."""
    broken: list = []
    for row in sight.rows(Deadline):
        grant = sight.named(Grant).get(row.subject_id)
        if grant is None:
            continue
        case = sight.named(Submission)[grant.submission_id]
        if row.case_id != case.pk or row.organisation_id not in (None, grant.partner_id):
            broken.append(("7 date of another", row.pk))
        if row.kind.endswith("_partner") and row.source_id != grant.pk:
            broken.append(("7 source", row.pk))
    return broken
