"""Retests of an assessment, as part of it: what was seen again, and the lab's answer."""

from typing import Any
from uuid import UUID

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from portal.accounts.models import Kind
from portal.api.fields import Instant, Revision, StrictSerializer
from reviews import actions
from reviews.api.common import KEY_WORDS
from reviews.models import Assessment, Retest
from reviews.models.assessments import ACCESS_USED


class VersionOpened(serializers.Serializer):
    """A document version that a person had opened, by the ledger."""

    id = serializers.UUIDField()
    document = serializers.UUIDField(source="document_id")
    number = serializers.IntegerField()
    sha256 = serializers.CharField()


class AnswerToRetest(serializers.Serializer):
    """What the lab says to a retest."""

    text = serializers.CharField()
    at = Instant()


class RetestShown(serializers.Serializer):
    """One retest, in words. To a lab, ``by`` is a stable name; ``versions_read`` are those opened since the sharing."""

    id = serializers.UUIDField()
    by = serializers.SerializerMethodField()
    at = Instant()
    what = serializers.CharField()
    outcome = serializers.ChoiceField(choices=Retest.Outcome.choices)
    text = serializers.CharField()
    hours = serializers.DecimalField(max_digits=7, decimal_places=2, allow_null=True)
    access_used = serializers.ChoiceField(choices=ACCESS_USED)
    versions_read = VersionOpened(many=True)
    answer = serializers.SerializerMethodField()

    def get_by(self, row: Retest) -> str:
        labs = self.context["request"].user.organisations_as(Kind.LAB)
        return row.by_shown if row.assessment.submission.lab_id in labs else row.by.name

    @extend_schema_field(AnswerToRetest(allow_null=True))
    def get_answer(self, row: Retest) -> dict | None:
        found = getattr(row, "answer", None)
        return dict(AnswerToRetest(found).data) if found else None


class RetestInput(StrictSerializer):
    """What was seen when it was tried again."""

    what = serializers.CharField(max_length=4000)
    outcome = serializers.ChoiceField(choices=Retest.Outcome.choices)
    text = serializers.CharField(max_length=20000)
    hours = serializers.DecimalField(
        max_digits=7, decimal_places=2, min_value=0, required=False, allow_null=True
    )
    access_used = serializers.ChoiceField(choices=ACCESS_USED)
    key = serializers.UUIDField(required=False, help_text=KEY_WORDS)
    revision = Revision()


class RetestAnswerInput(StrictSerializer):
    """The lab's answer to one retest of the assessment."""

    retest = serializers.UUIDField()
    text = serializers.CharField(max_length=20000)


def record(actor: Any, assessment: Assessment, given: dict) -> None:
    key, revision = given.pop("key", None), given.pop("revision", None)
    actions.record_retest(
        actor=actor, assessment=assessment, values=given, key=key, expected_revision=revision
    )


def answer(actor: Any, assessment: Assessment, *, retest: UUID, text: str) -> None:
    """Answer a retest of this very assessment; 404 for any other."""
    rows = Retest.objects.visible_to(actor).filter(assessment=assessment)
    found = get_object_or_404(rows.select_related("assessment__submission"), pk=retest)
    actions.answer_retest(actor=actor, retest=found, text=text)
