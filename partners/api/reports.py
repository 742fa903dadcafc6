"""The reports of a grant in the API: those written, the one that is owed, and writing it."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from partners import actions, policies
from partners.models import GrantReport
from portal.api.fields import Instant, StrictSerializer
from portal.api.views import valid
from portal.errors import NotAllowed
from portal.submissions import looks


class ReportSerializer(serializers.Serializer):
    """A partner's report; while it is only owed, ``written_at`` is null and its texts are empty."""

    number = serializers.IntegerField()
    due_at = Instant()
    written_at = Instant(allow_null=True)
    written_by = serializers.CharField(source="written_by.name", default=None, allow_null=True)
    used_for = serializers.CharField()
    outcome = serializers.CharField()
    problems = serializers.CharField()
    hours = serializers.DecimalField(max_digits=7, decimal_places=1, allow_null=True)


class ReportInput(StrictSerializer):
    number = serializers.IntegerField(
        required=False,
        min_value=1,
        max_value=2**31 - 1,
        help_text="The report that is meant; refused where it was written meanwhile.",
    )
    used_for = serializers.CharField(max_length=20000)
    outcome = serializers.CharField(max_length=20000, required=False, allow_blank=True)
    problems = serializers.CharField(max_length=20000, required=False, allow_blank=True)
    hours = serializers.DecimalField(
        max_digits=7, decimal_places=1, min_value=0, required=False, allow_null=True
    )


class ReportsMixin:
    """``GET grants/<id>/reports/`` and ``POST grants/<id>/report/``."""

    @extend_schema(responses={200: ReportSerializer(many=True)}, filters=False)
    @action(detail=True, methods=["get"], url_path="reports", pagination_class=None)
    def reports(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """What the partner reported, the newest first, and the report it owes. For the lab, the partner and who oversees."""
        grant = self.get_object()  # type: ignore[attr-defined]
        looks.looked(actor=request.user, submission=grant.submission, verb="viewed_grant", subject=grant)
        found = GrantReport.objects.visible_to(request.user).filter(grant=grant, dropped_at=None).for_list()
        return Response(ReportSerializer(found, many=True).data)

    @extend_schema(request=ReportInput, responses={201: ReportSerializer})
    @action(detail=True, methods=["post"], url_path="report")
    def report(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Write the report that is owed; for the partner's administrators and the people it named."""
        grant = self.get_object()  # type: ignore[attr-defined]
        if not policies.reports_on(request.user, grant):
            raise NotAllowed(
                "Reports are written by your organisation's administrators and the people it named."
            )
        written = actions.write_report(actor=request.user, grant=grant, **valid(ReportInput, request))
        return Response(ReportSerializer(written).data, status=201)
