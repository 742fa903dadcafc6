"""What an organisation says of itself, as the API reads and tells it."""

from drf_spectacular.utils import PolymorphicProxySerializer
from rest_framework import serializers

from partners.attestations import ATTESTATIONS
from partners.models import Ownership, Sector
from partners.telling import CONTACTS_AT_MOST, DOMAINS_AT_MOST
from portal.api.fields import Instant, Revision, StrictSerializer


class SecurityContactSerializer(serializers.Serializer):
    """Whom the programme office reaches when something is urgent."""

    name = serializers.CharField(max_length=254)
    role = serializers.CharField(max_length=254, required=False, allow_blank=True)
    email = serializers.CharField(max_length=254)
    telephone = serializers.CharField(max_length=254)


class AttestedSerializer(serializers.Serializer):
    key = serializers.CharField()
    words = serializers.CharField()


class ApplicationSerializer(serializers.Serializer):
    """What the organisation said last, for its own people and who oversees the programme."""

    number = serializers.IntegerField()
    written_at = Instant()
    website = serializers.CharField(allow_blank=True)
    mail_domains = serializers.ListField(child=serializers.CharField())
    lei = serializers.CharField(allow_blank=True)
    contacts = SecurityContactSerializer(many=True)
    ownership = serializers.ChoiceField(choices=Ownership.choices)
    ownership_words = serializers.CharField(allow_blank=True)
    attested = AttestedSerializer(many=True)


class NominationInput(StrictSerializer):
    """What a coordinator knows of an organisation that they nominate."""

    sectors = serializers.ListField(child=serializers.ChoiceField(choices=Sector.choices), max_length=16)
    country = serializers.CharField(max_length=2, help_text="ISO 3166 alpha-2, such as US.")
    operates = serializers.CharField(max_length=20000)
    organisation = serializers.UUIDField(
        required=False, help_text="Needed by a coordinator who nominates, and by who administers several."
    )


class SecurityContactInput(StrictSerializer, SecurityContactSerializer):
    pass


class ApplicationInput(NominationInput):
    """The whole application. Every statement is attested: the keys of all are needed."""

    website = serializers.CharField(required=False, allow_blank=True, max_length=200)
    mail_domains = serializers.ListField(
        child=serializers.CharField(max_length=254), required=False, max_length=DOMAINS_AT_MOST
    )
    lei = serializers.CharField(required=False, allow_blank=True, max_length=40, help_text="ISO 17442.")
    contacts = serializers.ListField(child=SecurityContactInput(), max_length=CONTACTS_AT_MOST)
    ownership = serializers.ChoiceField(choices=Ownership.choices)
    ownership_words = serializers.CharField(
        required=False, allow_blank=True, max_length=4000, help_text="Needed unless the answer is none."
    )
    attestations = serializers.ListField(
        child=serializers.ChoiceField(choices=list(ATTESTATIONS.items())), max_length=len(ATTESTATIONS)
    )


class ApplicationChange(ApplicationInput):
    organisation = None  # type: ignore[assignment]
    revision = Revision()


APPLY_OR_NOMINATE = PolymorphicProxySerializer(
    component_name="ApplyOrNominate",
    serializers=[ApplicationInput, NominationInput],
    resource_type_field_name=None,
)
