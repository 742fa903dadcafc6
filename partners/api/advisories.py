"""Findings as advisories in the API: handed out as CSAF 2.0 and OSV, and drafts made from such files."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from partners import finding_advisories
from partners import policies_findings as policies
from partners.actions.findings import import_advisory
from partners.doors_advisories import handed_out
from portal.accounts.models import Organisation
from portal.api.fields import StrictSerializer
from portal.api.views import valid
from portal.errors import Invalid, NotAllowed
from portal.stepup import confirms

_JSON = OpenApiResponse(OpenApiTypes.OBJECT, "The advisory, the same bytes each time.")


class AdvisoryInput(StrictSerializer):
    file = serializers.FileField(help_text="A CSAF 2.0 or OSV file, of 5 MB at most.")
    form = serializers.ChoiceField(choices=list(finding_advisories.FORMATS.items()))
    reporter = serializers.UUIDField(
        required=False, help_text="The reporting organisation; needed where the person writes for several."
    )


class ImportedSerializer(serializers.Serializer):
    """A draft that was made from a file."""

    id = serializers.UUIDField()
    number = serializers.CharField()
    title = serializers.CharField()


class ReportingMixin:
    """For which of a person's organisations a finding is written."""

    def writes_for(self) -> list[UUID]:
        mine = policies.reporting_organisations(self.request.user)  # type: ignore[attr-defined]
        if not mine:
            raise NotAllowed("You write findings for no organisation.")
        return mine

    def reporter(self, mine: list[UUID], wanted: UUID | None) -> Organisation:
        """The organisation that was named, or the only one; raises Invalid where neither is told."""
        if wanted is None and len(set(mine)) > 1:
            raise Invalid("Name the reporting organisation: you belong to several.", field="reporter")
        found = Organisation.objects.filter(pk__in=mine, pk=wanted or mine[0]).first()
        if found is None:
            raise Invalid("You write findings for no organisation of this id.", field="reporter")
        return found


class AdvisoriesMixin(ReportingMixin):
    """``GET findings/<id>/csaf/``, ``GET findings/<id>/osv/`` and ``POST findings/import/``."""

    @extend_schema(responses={200: _JSON}, filters=False)
    @action(detail=True, methods=["get"], url_path="csaf")
    @confirms
    def csaf(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
        """The finding as a CSAF 2.0 document; that it was taken along goes on record. 409 for a draft."""
        return handed_out(request.user, self.get_object(), finding_advisories.CSAF)  # type: ignore[attr-defined]

    @extend_schema(responses={200: _JSON}, filters=False)
    @action(detail=True, methods=["get"], url_path="osv")
    @confirms
    def osv(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
        """The finding as an OSV record; that it was taken along goes on record. 409 for a draft."""
        return handed_out(request.user, self.get_object(), finding_advisories.OSV)  # type: ignore[attr-defined]

    @extend_schema(
        request={"multipart/form-data": AdvisoryInput},
        responses={201: ImportedSerializer(many=True)},
        filters=False,
    )
    @action(
        detail=False,
        methods=["post"],
        url_path="import",
        parser_classes=[MultiPartParser],
        pagination_class=None,
    )
    def import_file(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Drafts from a file of others, one for each weakness it is about; an invalid file is refused with the failing test."""
        mine = self.writes_for()
        given = valid(AdvisoryInput, request)
        found = import_advisory(
            actor=request.user,
            reporter=self.reporter(mine, given.get("reporter")),
            data=given["file"].read(finding_advisories.LARGEST + 1),
            form=given["form"],
        )
        return Response(ImportedSerializer(found, many=True).data, status=201)
