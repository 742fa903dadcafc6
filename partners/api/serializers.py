"""Grants as the API tells them: to each reader as much as is open to them."""

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from partners import policies
from partners.models import Grant, Side
from partners.states import State
from portal.api.fields import Instant
from portal.submissions.models import Facts


class ModelSerializer(serializers.Serializer):
    """What a partner reads of the model."""

    model_name = serializers.CharField()
    summary = serializers.CharField()


class GrantSerializer(serializers.Serializer):
    """A grant in a list. ``model`` is told to the partner's people while the offer or the grant stands; ``purpose`` and
    ``access_mode`` are null on what the partner keeps of one that has ended.
    """

    id = serializers.UUIDField()
    state = serializers.SerializerMethodField()
    revision = serializers.IntegerField()
    submission = serializers.UUIDField(source="submission_id")
    case_number = serializers.CharField(source="submission.case_number")
    partner = serializers.UUIDField(source="partner_id")
    partner_name = serializers.CharField(source="partner.name")
    proposed_by_side = serializers.ChoiceField(choices=Side.choices, source="proposed_side")
    proposed_at = Instant()
    starts_at = Instant()
    expires_at = Instant()
    follows_partner_release = serializers.BooleanField()
    lab_consented_at = Instant(allow_null=True)
    concurred_at = Instant(allow_null=True)
    accepted_at = Instant(allow_null=True)
    agreed_at = Instant(allow_null=True)
    suspended_at = Instant(allow_null=True)
    ended_at = Instant(allow_null=True)
    end_side = serializers.CharField(allow_blank=True)
    reason_code = serializers.CharField(allow_blank=True)
    closed_out_at = Instant(allow_null=True)
    silent_since = serializers.SerializerMethodField()
    purpose = serializers.SerializerMethodField()
    access_mode = serializers.SerializerMethodField()
    model = serializers.SerializerMethodField()

    def get_state(self, grant: Grant) -> serializers.ChoiceField(choices=State.choices):  # type: ignore[valid-type]
        return str(grant.state_at(self.context["at"]))

    @extend_schema_field(Instant(allow_null=True))
    def get_silent_since(self, grant: Grant) -> str | None:
        """Since when the programme office's answer to the lab's proposal is late. It bars nothing and moves no date."""
        since = grant.silent_since(self.context["at"])
        return None if since is None else Instant().to_representation(since)

    def get_purpose(self, grant: Grant) -> str | None:
        return grant.purpose if self.context["opened"].terms(grant) else None

    @extend_schema_field(serializers.ChoiceField(choices=Facts.AccessMode.choices, allow_null=True))
    def get_access_mode(self, grant: Grant) -> str | None:
        return grant.access_mode if self.context["opened"].terms(grant) else None

    def get_model(self, grant: Grant) -> ModelSerializer(allow_null=True):  # type: ignore[valid-type]
        if not self.context["opened"].model(grant):
            return None
        return ModelSerializer(grant.submission.facts).data


class PartnerTermsSerializer(serializers.Serializer):
    """The standard text that a partner accepts with a grant."""

    number = serializers.IntegerField()
    text = serializers.CharField()
    published_at = Instant()


class NamedSerializer(serializers.Serializer):
    """A person who may use the model under a grant."""

    id = serializers.UUIDField(source="user_id")
    name = serializers.CharField(source="user.name")


class ExtensionSerializer(serializers.Serializer):
    """A later expiry that one side asked for and the other has not answered."""

    expires_at = Instant()
    asked_side = serializers.ChoiceField(choices=Side.choices)
    asked_at = Instant()


class GrantDetailSerializer(GrantSerializer):
    """A grant by itself. ``documents`` holds the ids of those in scope that are open to the reader."""

    accepted_terms_version = serializers.SerializerMethodField()
    documents = serializers.SerializerMethodField()
    users = serializers.SerializerMethodField()
    instructions_given = serializers.SerializerMethodField()
    instructions_open = serializers.SerializerMethodField()
    extension = serializers.SerializerMethodField()
    verbs = serializers.SerializerMethodField()

    def get_accepted_terms_version(self, grant: Grant) -> int | None:
        return grant.accepted_terms.number if grant.accepted_terms_id else None

    def get_documents(self, grant: Grant) -> list[str]:
        opened = self.context["opened"]
        return [str(row.document_id) for row in grant.scope.all() if opened.document(grant, row.document_id)]

    def get_users(self, grant: Grant) -> NamedSerializer(many=True):  # type: ignore[valid-type]
        rows = grant.named.all() if self.context["opened"].terms(grant) else []
        return NamedSerializer(rows, many=True).data

    def get_instructions_given(self, grant: Grant) -> bool | None:
        return grant.instructions_set_at is not None if self.context["opened"].terms(grant) else None

    def get_instructions_open(self, grant: Grant) -> bool:
        """Whether ``reveal_instructions`` answers this person now."""
        return self.context["opened"].instructions(grant)

    def get_extension(self, grant: Grant) -> ExtensionSerializer(allow_null=True):  # type: ignore[valid-type]
        if not self.context["opened"].as_side(grant):
            return None
        asked = grant.extensions.filter(completed_at=None, dropped_at=None).first()
        return ExtensionSerializer(asked).data if asked else None

    def get_verbs(self, grant: Grant) -> list[str]:
        return policies.open_verbs(self.context["request"].user, grant, at=self.context["at"])
