"""Which report a partner owes: planned with the grant's other dates, whenever the grant changes."""

from datetime import datetime, timedelta

from partners import deadline_kinds as kinds
from partners.models import Grant, GrantReport
from partners.states import State
from portal import programme
from portal.deadlines import actions as deadlines

# While a grant is in one of these its partner owes reports; a suspension takes none back.
_REPORTED = (State.AGREED, State.ACTIVE, State.SUSPENDED)


def plan(grant: Grant, at: datetime) -> None:
    """See to it that an agreed grant has one open report with its deadline, and an ended one none."""
    report = grant.reports.owed().first()
    if grant.state_at(at) not in _REPORTED:
        if report is not None:
            report.dropped_at = at
            report.save(update_fields=["dropped_at"])
            deadlines.cancel(at=at, kinds=[kinds.REPORT], subject_id=report.pk)
        return
    last = grant.reports.written().order_by("number").last()
    if report is None:
        number = (grant.reports.order_by("number").values_list("number", flat=True).last() or 0) + 1
        report = GrantReport(grant=grant, number=number)
    report.due_at = due(grant.starts_at, last and last.due_at, last and last.written_at)
    report.save()
    deadlines.set_deadline(
        kind=kinds.REPORT, subject_id=report.pk, case_id=grant.submission_id,
        case_number=grant.submission.case_number, organisation_id=grant.partner_id, due_at=report.due_at, at=at,
        link=f"/partner/grants/{grant.pk}/report/",
    )  # fmt: skip


def due(starts_at: datetime, last_due: datetime | None, last_written: datetime | None) -> datetime:
    """Whole periods after the start: the first, or the next one after the last report was due and written."""
    period = timedelta(days=programme.target("partner_report_days"))
    if last_due is None or last_written is None:
        return starts_at + period
    whole = (max(last_due, last_written) - starts_at) // period
    return starts_at + (whole + 1) * period
