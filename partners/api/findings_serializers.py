"""What the API says of findings, and what it takes."""

from uuid import UUID

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from partners import policies_findings as policies
from partners.api.finding_files import FindingFilesField
from partners.findings_states import FindingState
from partners.models import Finding
from partners.querysets_findings import follows_findings
from portal.accounts.models import Kind
from portal.api.fields import Instant, Revision, StrictSerializer
from portal.submissions.models import Document


class FindingSerializer(serializers.Serializer):
    """A finding in a list. An owner is not told who reported: ``reporter`` and ``reporter_name`` are null there, and
    ``reporter_kind`` too for a partner that it was addressed to.
    """

    id = serializers.UUIDField()
    number = serializers.CharField()
    state = serializers.ChoiceField(choices=FindingState.choices)
    revision = serializers.IntegerField()
    kind = serializers.ChoiceField(choices=Finding.What.choices)
    title = serializers.CharField(allow_blank=True)
    product = serializers.CharField(allow_blank=True)
    version = serializers.CharField(allow_blank=True)
    cwe = serializers.CharField(allow_blank=True)
    cvss = serializers.CharField(allow_blank=True)
    ssvc = serializers.CharField(allow_blank=True)
    tlp = serializers.ChoiceField(choices=Document.Tlp.choices)
    exploited = serializers.BooleanField()
    reporter = serializers.SerializerMethodField()
    reporter_name = serializers.SerializerMethodField()
    reporter_kind = serializers.SerializerMethodField()
    owner = serializers.UUIDField(source="owner_id", allow_null=True)
    owner_name = serializers.SerializerMethodField()
    embargo_until = Instant(allow_null=True)
    disclosure_due_at = Instant(allow_null=True)
    created_at = Instant()
    reported_at = Instant(allow_null=True)

    def _reads_reporter(self, finding: Finding) -> bool:
        return policies.reads_reporter(self.context["request"].user, finding)

    def get_reporter(self, finding: Finding) -> UUID | None:
        return finding.reporter_id if self._reads_reporter(finding) else None

    def get_reporter_name(self, finding: Finding) -> str | None:
        return finding.reporter.name if self._reads_reporter(finding) else None

    @extend_schema_field(serializers.ChoiceField(choices=Kind.choices, allow_null=True))
    def get_reporter_kind(self, finding: Finding) -> str | None:
        told = policies.is_addressed(self.context["request"].user, finding)
        return None if told and not self._reads_reporter(finding) else finding.reporter.kind

    def get_owner_name(self, finding: Finding) -> str | None:
        return finding.owner.name if finding.owner else None


class RelaySerializer(serializers.Serializer):
    """A relay to a clearinghouse; without ``their_id`` it is under way."""

    clearinghouse = serializers.CharField()
    requested_at = Instant()
    their_id = serializers.CharField(allow_blank=True)
    recorded_at = Instant(allow_null=True)


class AddresseeSerializer(serializers.Serializer):
    """A partner that was told of a finding, and when."""

    partner = serializers.UUIDField(source="partner_id")
    partner_name = serializers.CharField(source="partner.name")
    addressed_at = Instant()


class FindingDetailSerializer(FindingSerializer):
    """A finding by itself. The chain of reporters is told to whom the reporter is; the case to those who see it; a duplicate's
    original to who sees that finding too. ``addressees`` is null for whom the government does not tell which partners know.
    """

    text = serializers.CharField(allow_blank=True)
    reporter_chain = serializers.SerializerMethodField()
    vendor_contact = serializers.SerializerMethodField()
    submission = serializers.SerializerMethodField()
    grant = serializers.SerializerMethodField()
    duplicate_of = serializers.SerializerMethodField()
    exploited_at = Instant(allow_null=True)
    triaged_at = Instant(allow_null=True)
    validated_at = Instant(allow_null=True)
    not_reproduced_at = Instant(allow_null=True)
    duplicate_at = Instant(allow_null=True)
    owner_notified_at = Instant(allow_null=True)
    disclosure_extended_at = Instant(allow_null=True)
    owner_consented_at = Instant(allow_null=True)
    remediating_at = Instant(allow_null=True)
    fixed_at = Instant(allow_null=True)
    published_at = Instant(allow_null=True)
    closed_unpublished_at = Instant(allow_null=True)
    relays = RelaySerializer(many=True)
    files = FindingFilesField()
    addressees = serializers.SerializerMethodField()
    verbs = serializers.SerializerMethodField()

    def get_reporter_chain(self, finding: Finding) -> str | None:
        return finding.reporter_chain if self._reads_reporter(finding) else None

    def get_vendor_contact(self, finding: Finding) -> str | None:
        return finding.vendor_contact if follows_findings(self.context["request"].user) else None

    def get_submission(self, finding: Finding) -> UUID | None:
        return finding.submission_id if self._reads_case(finding) else None

    def get_grant(self, finding: Finding) -> UUID | None:
        return finding.grant_id if self._reads_case(finding) else None

    def _reads_case(self, finding: Finding) -> bool:
        return policies.reads_case(self.context["request"].user, finding)

    @extend_schema_field(AddresseeSerializer(many=True, allow_null=True))
    def get_addressees(self, finding: Finding) -> list | None:
        if not policies.reads_addressees(self.context["request"].user, finding):
            return None
        return list(AddresseeSerializer(finding.addressees.select_related("partner"), many=True).data)

    @extend_schema_field(serializers.UUIDField(allow_null=True))
    def get_duplicate_of(self, finding: Finding) -> UUID | None:
        if finding.duplicate_of_id is None:
            return None
        seen = Finding.objects.visible_to(self.context["request"].user).filter(pk=finding.duplicate_of_id)
        return finding.duplicate_of_id if seen.exists() else None

    def get_verbs(self, finding: Finding) -> list[str]:
        return policies.open_finding_verbs(self.context["request"].user, finding)


class FindingValues(StrictSerializer):
    """What a reporter writes; only what is given changes. Title, text and product are needed to report."""

    kind = serializers.ChoiceField(choices=Finding.What.choices, required=False)
    title = serializers.CharField(required=False, allow_blank=True, max_length=200)
    text = serializers.CharField(required=False, allow_blank=True, max_length=20000)
    product = serializers.CharField(required=False, allow_blank=True, max_length=200)
    version = serializers.CharField(required=False, allow_blank=True, max_length=100)
    cwe = serializers.CharField(required=False, allow_blank=True, max_length=12, help_text="Such as CWE-79.")
    cvss = serializers.CharField(
        required=False, allow_blank=True, max_length=300, help_text="A vector of CVSS 4.0."
    )
    ssvc = serializers.ChoiceField(choices=Finding.Ssvc.choices, required=False, allow_blank=True)
    tlp = serializers.ChoiceField(choices=Document.Tlp.choices, required=False)
    reporter_chain = serializers.CharField(
        required=False,
        allow_blank=True,
        max_length=20000,
        trim_whitespace=False,
        help_text="Who found it and passed it on; kept to the letter.",
    )
    exploited = serializers.BooleanField(required=False)
    embargo_until = Instant(required=False, allow_null=True)


class FindingInput(FindingValues):
    """A new draft. ``submission`` or ``grant`` name where it was found: the case's lab is then its owner."""

    kind = serializers.ChoiceField(choices=Finding.What.choices)
    reporter = serializers.UUIDField(
        required=False, help_text="The reporting organisation; needed where the person writes for several."
    )
    submission = serializers.CharField(
        required=False, max_length=40, help_text="The id or case number of the case."
    )
    grant = serializers.UUIDField(required=False)
    key = serializers.UUIDField(
        required=False, help_text="The same key twice makes one row; the second call is a 409."
    )


class FindingChange(FindingValues):
    revision = Revision()


class TriageInput(StrictSerializer):
    ssvc = serializers.ChoiceField(choices=Finding.Ssvc.choices, required=False)


class DuplicateInput(StrictSerializer):
    duplicate_of = serializers.CharField(
        max_length=40, help_text="The id or number of the finding that was there first."
    )


class OwnerInput(StrictSerializer):
    """One of the two, unless the finding names its owner already."""

    owner = serializers.UUIDField(required=False, help_text="The id of the owning lab.")
    vendor_contact = serializers.CharField(
        required=False, allow_blank=True, max_length=2000, help_text="How an outside vendor is reached."
    )


class EmbargoInput(StrictSerializer):
    embargo_until = Instant()


class AddressInput(StrictSerializer):
    partners = serializers.ListField(
        child=serializers.UUIDField(), max_length=1000, help_text="The ids of partner organisations; all of them or none."
    )  # fmt: skip


class MarkingInput(StrictSerializer):
    tlp = serializers.ChoiceField(choices=Document.Tlp.choices)


class RelayInput(StrictSerializer):
    clearinghouse = serializers.CharField(required=False, allow_blank=True, max_length=200)
    clearinghouse_id = serializers.CharField(
        required=False, allow_blank=True, max_length=100, help_text="The id they gave; with it the relay is complete."
    )  # fmt: skip
