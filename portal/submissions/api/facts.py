"""The facts of a case as the API tells and takes them."""

from rest_framework import serializers

from portal.api.fields import Instant, StrictSerializer
from portal.submissions.models import Facts


class FactsShortSerializer(serializers.Serializer):
    """What a list tells of the facts: the long texts stand in the case by itself."""

    number = serializers.IntegerField()
    created_at = Instant()
    model_name = serializers.CharField()
    checkpoint = serializers.CharField()
    access_mode = serializers.ChoiceField(choices=Facts.AccessMode.choices, allow_blank=True)


class FactsSerializer(FactsShortSerializer):
    """One version of what the lab says about the model."""

    summary = serializers.CharField()
    capabilities = serializers.CharField()
    evaluations = serializers.CharField()
    safeguards = serializers.CharField()


class FactsInput(StrictSerializer):
    """Facts to write; only what is given changes."""

    model_name = serializers.CharField(required=False, allow_blank=True, max_length=200)
    checkpoint = serializers.CharField(required=False, allow_blank=True, max_length=200)
    access_mode = serializers.ChoiceField(choices=Facts.AccessMode.choices, required=False, allow_blank=True)
    summary = serializers.CharField(required=False, allow_blank=True, max_length=20000)
    capabilities = serializers.CharField(required=False, allow_blank=True, max_length=20000)
    evaluations = serializers.CharField(required=False, allow_blank=True, max_length=20000)
    safeguards = serializers.CharField(required=False, allow_blank=True, max_length=20000)
