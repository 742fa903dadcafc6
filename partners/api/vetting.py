"""Vettings and their criteria, as the API reads and writes them."""

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from partners.models import Vetting, VettingAnswer
from partners.querysets import oversees
from partners.vetting import Checked, checklist
from portal.api.fields import Instant, Revision, StrictSerializer


class CheckedSerializer(serializers.Serializer):
    """One criterion. What was found is empty for the organisation until its vetting has ended; ``note`` is null to it always."""

    key = serializers.CharField(source="criterion.key")
    title = serializers.CharField(source="criterion.title")
    guidance = serializers.CharField(source="criterion.guidance", allow_blank=True)
    found = serializers.SerializerMethodField()
    reason = serializers.SerializerMethodField()
    note = serializers.SerializerMethodField()

    @extend_schema_field(serializers.ChoiceField(choices=VettingAnswer.Found.choices, allow_blank=True))
    def get_found(self, row: Checked) -> str:
        return row.answer.found if row.answer and self.context["reads_answers"] else ""

    def get_reason(self, row: Checked) -> str:
        return row.answer.reason if row.answer and self.context["reads_answers"] else ""

    def get_note(self, row: Checked) -> str | None:
        if not self.context["reads_notes"]:
            return None
        return row.answer.note if row.answer else ""


class VettingSerializer(serializers.Serializer):
    """The organisation's newest vetting, by the version of the criteria that it is pinned to."""

    number = serializers.IntegerField()
    version = serializers.IntegerField(source="criteria.number")
    begun_at = Instant()
    ended_at = Instant(allow_null=True)
    outcome = serializers.ChoiceField(choices=Vetting.Outcome.choices, allow_blank=True)
    reason_code = serializers.CharField(allow_blank=True)
    reason = serializers.CharField(allow_blank=True)
    reapply_on = serializers.DateField(allow_null=True)
    criteria = serializers.SerializerMethodField()

    def get_criteria(self, vetting: Vetting) -> CheckedSerializer(many=True):  # type: ignore[valid-type]
        inner = oversees(self.context["request"].user)
        context = {"reads_answers": inner or vetting.ended_at is not None, "reads_notes": inner}
        return CheckedSerializer(checklist(vetting), many=True, context=context).data


class CriterionAnswerInput(StrictSerializer):
    """What was found of one criterion."""

    key = serializers.CharField(max_length=60)
    found = serializers.ChoiceField(choices=VettingAnswer.Found.choices, allow_blank=True)
    reason = serializers.CharField(
        required=False,
        allow_blank=True,
        max_length=4000,
        help_text="The organisation reads it. Needed unless it is met.",
    )
    note = serializers.CharField(
        required=False, allow_blank=True, max_length=4000, help_text="For the programme office alone."
    )


class AnswersInput(StrictSerializer):
    answers = serializers.ListField(child=CriterionAnswerInput(), max_length=30)
    revision = Revision(source="expected_revision")
