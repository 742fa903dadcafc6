"""``/api/v1/findings/``: weaknesses found with or in a model, and the verbs of their state table."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet
from django.http import Http404
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from partners import policies_findings as policies
from partners.actions import findings as actions
from partners.api.advisories import AdvisoriesMixin
from partners.findings_looks import read_findings
from partners.findings_states import FINDING, FindingState
from partners.models import Finding, Grant
from partners.querysets_findings import follows_findings
from portal.accounts.models import Kind, Organisation
from portal.api.fields import Instant, Revision, StrictSerializer
from portal.api.verbs import VerbsMixin
from portal.api.views import UUID_TEXT, ListMixin, PortalViewSet, RetrieveMixin, valid
from portal.errors import Invalid, NotAllowed
from portal.submissions.api.filters import CaseFilter, case_named
from portal.submissions.models import Document, Submission


class FindingSerializer(serializers.Serializer):
    """A finding in a list. An owner is not told who reported: ``reporter`` and ``reporter_name`` are null there."""

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
    reporter_kind = serializers.ChoiceField(choices=Kind.choices, source="reporter.kind")
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

    def get_owner_name(self, finding: Finding) -> str | None:
        return finding.owner.name if finding.owner else None


class RelaySerializer(serializers.Serializer):
    """A relay to a clearinghouse; without ``their_id`` it is under way."""

    clearinghouse = serializers.CharField()
    requested_at = Instant()
    their_id = serializers.CharField(allow_blank=True)
    recorded_at = Instant(allow_null=True)


class FindingDetailSerializer(FindingSerializer):
    """A finding by itself. The chain of reporters is told to whom the reporter is; the case to those who see it; a duplicate's
    original to who sees that finding too.
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


class RelayInput(StrictSerializer):
    clearinghouse = serializers.CharField(required=False, allow_blank=True, max_length=200)
    clearinghouse_id = serializers.CharField(
        required=False, allow_blank=True, max_length=100, help_text="The id they gave; with it the relay is complete."
    )  # fmt: skip


def mark_duplicate(
    *, actor: Any, finding: Finding, duplicate_of: str, expected_revision: int | None = None
) -> Finding:
    """Known already, under another number, which the coordinator sees."""
    named = Q(pk=UUID(duplicate_of)) if UUID_TEXT.fullmatch(duplicate_of) else Q(number=duplicate_of.upper())
    original = Finding.objects.visible_to(actor).filter(named).first()
    if original is None:
        raise Invalid("There is no such finding.", field="duplicate_of")
    return actions.mark_duplicate(
        actor=actor, finding=finding, duplicate_of=original, expected_revision=expected_revision
    )


def notify_owner(
    *,
    actor: Any,
    finding: Finding,
    owner: UUID | None = None,
    vendor_contact: str = "",
    expected_revision: int | None = None,
) -> Finding:
    """Tell the owner, a lab or an outside vendor by its contact; the disclosure clock starts."""
    lab = Organisation.objects.filter(pk=owner, kind=Kind.LAB).first() if owner else None
    if owner and lab is None:
        raise Invalid("There is no such lab.", field="owner")
    return actions.notify_owner(
        actor=actor,
        finding=finding,
        owner=lab,
        vendor_contact=vendor_contact,
        expected_revision=expected_revision,
    )


class FindingFilter(filters.FilterSet):
    state = filters.MultipleChoiceFilter(choices=FindingState.choices, help_text="One state or several.")
    kind = filters.MultipleChoiceFilter(choices=Finding.What.choices)
    owner = filters.UUIDFilter(field_name="owner_id")
    submission = CaseFilter(field_name="submission_id")


class FindingViewSet(AdvisoriesMixin, VerbsMixin, ListMixin, RetrieveMixin, PortalViewSet):
    """Findings, the newest first. In addresses the number stands for the id as well."""

    model = Finding
    number_field = "number"
    serializer_class = FindingSerializer
    answer_class = FindingDetailSerializer
    filterset_class = FindingFilter
    http_method_names = ["get", "post", "patch", "head"]
    machine, subject, may_take = FINDING, "finding", staticmethod(policies.may_take_finding)
    verbs = {
        "report": (actions.report, None),
        "triage": (actions.triage, TriageInput),
        "validate": (actions.validate, None),
        "not_reproduce": (actions.not_reproduce, None),
        "mark_duplicate": (mark_duplicate, DuplicateInput),
        "notify_owner": (notify_owner, OwnerInput),
        "remediate": (actions.remediate, None),
        "fix": (actions.fix, None),
        "publish": (actions.publish, None),
        "close_unpublished": (actions.close_unpublished, None),
        "consent_publication": (actions.consent_publication, None),
        "set_embargo": (actions.set_embargo, EmbargoInput),
        "mark_exploited": (actions.mark_exploited, None),
        "extend_disclosure": (actions.extend_disclosure, None),
        "relay": (actions.relay, RelayInput),
    }

    def visible(self) -> QuerySet:
        found = Finding.objects.visible_to(self.request.user)
        return found.for_list() if self.action == "list" else found.whole()

    def get_serializer_class(self) -> type[serializers.Serializer]:
        return self.serializer_class if self.action == "list" else self.answer_class

    def present(self, rows: Sequence[Finding], *, listing: bool) -> list[dict]:
        verb = "listed_findings" if listing else "viewed_finding"
        read_findings(actor=self.request.user, findings=rows, verb=verb)
        return super().present(rows, listing=listing)

    def answer(self, result: Finding) -> Response:
        """The object after a verb, read anew: its relays may have changed with it."""
        found = self.get_queryset().filter(pk=result.pk).first()
        if found is None:
            raise Http404
        return self.shown(found)

    @extend_schema(request=FindingInput, responses={201: FindingDetailSerializer})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Begin a finding, seen by the reporting organisation's people alone until it is reported."""
        mine = policies.reporting_organisations(request.user)
        if not mine:
            raise NotAllowed("You write findings for no organisation.")
        given = valid(FindingInput, request)
        finding = actions.create_finding(
            actor=request.user,
            reporter=self._reporter(mine, given.pop("reporter", None)),
            submission=self._case(given.pop("submission", "")),
            grant=self._grant(given.pop("grant", None)),
            key=given.pop("key", None),
            values=given,
        )
        answer = self.answer(finding)
        answer.status_code = 201
        answer["Location"] = reverse("findings-detail", args=[finding.pk], request=request)
        return answer

    def _reporter(self, mine: list[UUID], wanted: UUID | None) -> Organisation:
        if wanted is None and len(set(mine)) > 1:
            raise Invalid("Name the reporting organisation: you belong to several.", field="reporter")
        found = Organisation.objects.filter(pk__in=mine, pk=wanted or mine[0]).first()
        if found is None:
            raise Invalid("You write findings for no organisation of this id.", field="reporter")
        return found

    def _case(self, named: str) -> Submission | None:
        if not named:
            return None
        found = case_named(self.request.user, named).select_related("lab").first()
        if found is None:
            raise Invalid("No case that you see has this number.", field="submission")
        return found

    def _grant(self, pk: UUID | None) -> Grant | None:
        if pk is None:
            return None
        rows = Grant.objects.visible_to(self.request.user).select_related("submission__lab")
        found = rows.filter(pk=pk).first()
        if found is None:
            raise Invalid("There is no such grant.", field="grant")
        return found

    @extend_schema(request=FindingChange, responses={200: FindingDetailSerializer})
    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Change a draft; only what is given changes."""
        found = self.get_object()
        if "reporter" not in policies.finding_capacities(request.user, found):
            raise NotAllowed("This is not yours to change.")
        given = valid(FindingChange, request)
        revision = given.pop("revision", None)
        return self.answer(
            actions.save_finding(actor=request.user, finding=found, values=given, expected_revision=revision)
        )
