"""Which dates of a grant are targets, and so follow the programme's settings: the answer to a proposal, and the close-out; never
its start or its end."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from partners import deadline_kinds as kinds
from partners.models import Grant
from portal.deadlines.following import Formula, register_formulas
from portal.deadlines.models import Deadline


def _close_out(rows: Sequence[Deadline]) -> dict[UUID, datetime]:
    found = Grant.objects.filter(pk__in=[row.subject_id for row in rows]).order_by()
    ends = {pk: ended or expires for pk, ended, expires in found.values_list("pk", "ended_at", "expires_at")}
    return {row.pk: kinds.close_out_due(ends[row.subject_id]) for row in rows if row.subject_id in ends}


def _concur(rows: Sequence[Deadline]) -> dict[UUID, datetime]:
    found = Grant.objects.filter(pk__in=[row.subject_id for row in rows]).order_by()
    since = dict(found.values_list("pk", "proposed_at"))
    return {row.pk: kinds.concur_due(since[row.subject_id]) for row in rows if row.subject_id in since}


def register() -> None:
    register_formulas(
        Formula(kinds.CONCUR, "concur_business_days", _concur),
        Formula(kinds.CLOSE_OUT, "close_out_days", _close_out),
    )
