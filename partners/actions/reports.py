"""Reports that partners owe while a grant lasts: written once, and read by the lab and the government."""

from datetime import datetime
from decimal import Decimal

from partners import deadline_kinds as kinds
from partners import policies
from partners.actions import reports_owed, steps
from partners.models import Grant, GrantReport
from portal import clock
from portal.deadlines import actions as deadlines
from portal.errors import AlreadyDone, Invalid, Missing, NotAllowed, WrongState
from portal.ledger import actions as ledger
from portal.scope import action

MOST_HOURS = Decimal(99999)


@action
def write_report(
    *,
    actor,
    grant: Grant,
    used_for: str,
    outcome: str = "",
    problems: str = "",
    hours: Decimal | None = None,
    number: int | None = None,
    at: datetime | None = None,
) -> GrantReport:
    """One of the partner's administrators, or a person named for the grant, writes the report that is owed.

    It may come before it is due; the next is owed a period later. ``number`` is the report the person meant: written by
    somebody else meanwhile, this one is refused with AlreadyDone. Text is kept as it was written.
    """
    case, locked = steps.lock(grant)
    at = at or clock.now()
    if not policies.reports_on(actor, locked):
        raise NotAllowed("Reports are written by your organisation's administrators and the people it named.")
    report = locked.reports.select_for_update().owed().first()
    if number is not None and (report is None or report.number != number):
        if locked.reports.written().filter(number=number).exists():
            raise AlreadyDone("This report was written already.")
    if report is None or locked.starts_at > at:
        raise WrongState("No report is owed on this grant now.")
    if not used_for.strip():
        raise Missing("Write what the access was used for.", field="used_for")
    if hours is not None and not 0 <= hours <= MOST_HOURS:
        raise Invalid("Give the hours as a number, not below zero.", field="hours")
    report.used_for, report.outcome, report.problems, report.hours = used_for, outcome, problems, hours
    report.written_at, report.written_by = at, actor
    report.save()
    deadlines.meet(kind=kinds.REPORT, subject_id=report.pk, at=at)
    event = ledger.record(
        actor=actor, verb="grant_report", subject=locked, case_id=case.pk, capacity="partner",
        data={"report": report.pk, "number": report.number}, at=at,
    )  # fmt: skip
    steps.tell(event, locked, "reported", at=at, lab=True, office=True)
    reports_owed.plan(locked, at)
    return report
