"""Which dates of a grant are targets, and so follow the programme's settings: the answer to a proposal, reports and the
close-out; never its start or its end."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db.models import OuterRef, Subquery

from partners import deadline_kinds as kinds
from partners.actions.reports_owed import due
from partners.models import Grant, GrantReport
from portal.deadlines.following import Formula, register_formulas
from portal.deadlines.models import Deadline
from portal.submissions.targets import DueRows


def _close_out(rows: Sequence[Deadline]) -> dict[UUID, datetime]:
    found = Grant.objects.filter(pk__in=[row.subject_id for row in rows]).order_by()
    ends = {pk: ended or expires for pk, ended, expires in found.values_list("pk", "ended_at", "expires_at")}
    return {row.pk: kinds.close_out_due(ends[row.subject_id]) for row in rows if row.subject_id in ends}


def _concur(rows: Sequence[Deadline]) -> dict[UUID, datetime]:
    found = Grant.objects.filter(pk__in=[row.subject_id for row in rows]).order_by()
    since = dict(found.values_list("pk", "proposed_at"))
    return {row.pk: kinds.concur_due(since[row.subject_id]) for row in rows if row.subject_id in since}


def _report(rows: Sequence[Deadline]) -> dict[UUID, datetime]:
    written = GrantReport.objects.written().filter(grant=OuterRef("grant")).order_by("-number")
    found = GrantReport.objects.filter(pk__in=[row.subject_id for row in rows]).order_by()
    told = found.annotate(
        last_due=Subquery(written.values("due_at")[:1]),
        last_written=Subquery(written.values("written_at")[:1]),
    )
    facts = {
        pk: facts for pk, *facts in told.values_list("pk", "grant__starts_at", "last_due", "last_written")
    }
    return {row.pk: due(*facts[row.subject_id]) for row in rows if row.subject_id in facts}


def register() -> None:
    reports = DueRows(GrantReport)
    register_formulas(
        Formula(kinds.REPORT, "partner_report_days", _report, reports.lock, reports.keep),
        Formula(kinds.CONCUR, "concur_business_days", _concur),
        Formula(kinds.CLOSE_OUT, "close_out_days", _close_out),
    )
