"""``/api/v1/findings/``: weaknesses found with or in a model, and the verbs of their state table."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet
from django.http import Http404
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from partners import policies_findings as policies
from partners.actions import findings as actions
from partners.api.advisories import AdvisoriesMixin
from partners.api.findings_serializers import (
    AddressInput,
    DuplicateInput,
    EmbargoInput,
    FindingChange,
    FindingDetailSerializer,
    FindingInput,
    FindingSerializer,
    MarkingInput,
    OwnerInput,
    RelayInput,
    TriageInput,
)
from partners.findings_looks import read_findings
from partners.findings_states import FINDING, FindingState
from partners.models import Finding, Grant
from portal.accounts.models import Kind, Organisation
from portal.api.verbs import VerbsMixin
from portal.api.views import UUID_TEXT, ListMixin, PortalViewSet, RetrieveMixin, valid
from portal.errors import Invalid, NotAllowed
from portal.submissions.api.filters import CaseFilter, case_named
from portal.submissions.models import Submission


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


def address(
    *, actor: Any, finding: Finding, partners: list[UUID], expected_revision: int | None = None
) -> Finding:
    """Tell partner organisations of it, once the owner consented to publication or the embargo has passed."""
    found = list(Organisation.objects.filter(pk__in=partners, kind=Kind.PARTNER))
    if {row.pk for row in found} != set(partners):
        raise Invalid("There is no such partner organisation.", field="partners")
    return actions.address(actor=actor, finding=finding, partners=found, expected_revision=expected_revision)


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
        "address": (address, AddressInput),
        "set_marking": (actions.set_marking, MarkingInput),
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
        mine = self.writes_for()
        given = valid(FindingInput, request)
        finding = actions.create_finding(
            actor=request.user,
            reporter=self.reporter(mine, given.pop("reporter", None)),
            submission=self._case(given.pop("submission", "")),
            grant=self._grant(given.pop("grant", None)),
            key=given.pop("key", None),
            values=given,
        )
        answer = self.answer(finding)
        answer.status_code = 201
        answer["Location"] = reverse("findings-detail", args=[finding.pk], request=request)
        return answer

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
