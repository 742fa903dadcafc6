"""``/api/v1/obligations/``: what agencies owe a lab after access has ended, and their attesting of it."""

from typing import Any

from django.db.models import QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from portal.api.fields import Instant
from portal.api.views import ListMixin, PortalViewSet, RetrieveMixin
from portal.errors import NotAllowed
from portal.submissions import actions, policies
from portal.submissions.api.filters import CaseFilter
from portal.submissions.models import Obligation


class ObligationSerializer(serializers.Serializer):
    """One thing an agency attests. ``due_at`` is a target: a missed one changes nothing of the lab's."""

    id = serializers.UUIDField()
    state = serializers.ChoiceField(choices=["waiting", "overdue", "attested"])
    submission = serializers.UUIDField(source="submission_id")
    case_number = serializers.CharField(source="submission.case_number")
    agency = serializers.UUIDField(source="agency_id")
    agency_name = serializers.CharField(source="agency.name")
    kind = serializers.ChoiceField(choices=Obligation.ObligationKind.choices)
    ended_at = Instant()
    due_at = Instant()
    attested_at = Instant(allow_null=True)
    by_programme_office = serializers.BooleanField(
        help_text="Attested by the programme office, for an agency that has nobody who could."
    )


class ObligationFilter(filters.FilterSet):
    submission = CaseFilter(field_name="submission_id")
    kind = filters.ChoiceFilter(choices=Obligation.ObligationKind.choices)


class ObligationViewSet(ListMixin, RetrieveMixin, PortalViewSet):
    """Obligations. A lab reads those about its cases, an agency its own, who oversees every case all of them."""

    model = Obligation
    serializer_class = ObligationSerializer
    filterset_class = ObligationFilter
    http_method_names = ["get", "post", "head"]

    def visible(self) -> QuerySet:
        found = Obligation.objects.visible_to(self.request.user).select_related("submission", "agency")
        return found.order_by("due_at", "id")

    @extend_schema(request=None, responses={200: ObligationSerializer})
    @action(detail=True, methods=["post"], url_path="attest")
    def attest(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Attest for one's agency that it was done; for an agency that has nobody who could, the programme office does."""
        row = self.get_object()
        if not policies.may_attest(request.user, row):
            raise NotAllowed("This step is not yours to take.")
        return self.shown(actions.attest_obligation(actor=request.user, obligation=row))
