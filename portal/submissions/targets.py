"""Which dates of a case are targets, and so follow the programme's settings."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db.models import Max
from django.db.models.functions import Coalesce, Greatest

from portal.deadlines.following import Formula, register_formulas
from portal.deadlines.models import Deadline
from portal.submissions import deadline_kinds as kinds
from portal.submissions.models import ConflictStatement, InformationRequest, Obligation, Submission


def _subjects(rows: Sequence[Deadline]) -> list[UUID]:
    return [row.subject_id for row in rows]


def _acknowledge(rows: Sequence[Deadline]) -> dict[UUID, datetime]:
    found = Submission.objects.filter(pk__in=_subjects(rows), submitted_at__isnull=False).order_by()
    since = dict(found.values_list("pk", "submitted_at"))
    return {row.pk: kinds.acknowledge_due(since[row.subject_id]) for row in rows if row.subject_id in since}


def _answer_question(rows: Sequence[Deadline]) -> dict[UUID, datetime]:
    """Since it was asked, or asked again."""
    found = InformationRequest.objects.filter(pk__in=_subjects(rows)).order_by()
    asked = found.annotate(last=Greatest("asked_at", Coalesce(Max("follow_ups__asked_at"), "asked_at")))
    since = dict(asked.values_list("pk", "last"))
    return {
        row.pk: kinds.answer_question_due(since[row.subject_id]) for row in rows if row.subject_id in since
    }


def _obligation(rows: Sequence[Deadline]) -> dict[UUID, datetime]:
    found = Obligation.objects.filter(pk__in=_subjects(rows)).order_by().values_list("pk", "kind", "ended_at")
    dues = {pk: kinds.OBLIGATION_DUES[kind](ended_at) for pk, kind, ended_at in found}
    return {row.pk: dues[row.subject_id] for row in rows if row.subject_id in dues}


def _conflict_renewal(rows: Sequence[Deadline]) -> dict[UUID, datetime]:
    """Since the statement that the deadline is named by, or since the attestation that made it."""
    found = ConflictStatement.objects.filter(pk__in=_subjects(rows)).order_by()
    since = dict(found.values_list("pk", "at"))
    return {row.pk: kinds.conflict_renewal_due(since.get(row.subject_id, row.created_at)) for row in rows}


class DueRows:
    """The rows of a model whose ``due_at`` is the same target."""

    def __init__(self, model):
        self.model = model

    def lock(self, rows: Sequence[Deadline]) -> None:
        found = self.model.objects.filter(pk__in=_subjects(rows)).order_by("pk")
        list(found.select_for_update().values_list("pk", flat=True))

    def keep(self, dues: dict[UUID, datetime]) -> None:
        found = list(self.model.objects.filter(pk__in=list(dues)).only("pk", "due_at"))
        for row in found:
            row.due_at = dues[row.pk]
        self.model.objects.bulk_update(found, ["due_at"], batch_size=1000)


def register() -> None:
    questions, obligations = DueRows(InformationRequest), DueRows(Obligation)
    register_formulas(
        Formula(kinds.ACKNOWLEDGE, "acknowledge_business_days", _acknowledge),
        Formula(kinds.CONFLICT_RENEWAL, "conflict_renewal_days", _conflict_renewal),
        Formula(
            kinds.ANSWER_QUESTION,
            "information_request_business_days",
            _answer_question,
            questions.lock,
            questions.keep,
        ),
        Formula(
            kinds.WITHDRAW_CREDENTIALS,
            "credentials_withdrawn_hours",
            _obligation,
            obligations.lock,
            obligations.keep,
        ),
        Formula(
            kinds.ATTEST_DESTRUCTION,
            "destruction_attested_days",
            _obligation,
            obligations.lock,
            obligations.keep,
        ),
    )
