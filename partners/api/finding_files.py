"""``/api/v1/findings/<id>/files/``: evidence files of a finding, put there, taken out of a draft, and given with a look."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import Http404, StreamingHttpResponse
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from partners import policies_findings as policies
from partners.actions import findings as actions
from partners.downloads import download_of_finding
from partners.finding_files import files_read_by, row_of
from partners.models import Finding, FindingFile
from portal.api.fields import Instant, StrictSerializer
from portal.api.parsers import JSONParser, MultiPartParser
from portal.api.views import AnyRenderer, PortalViewSet, TakesFiles, valid
from portal.errors import NotAllowed
from portal.submissions.api.documents import BINARY
from portal.submissions.models.stored import Scan

FILE = OpenApiParameter("file", UUID, OpenApiParameter.PATH)


class FindingFileSerializer(serializers.Serializer):
    """An evidence file. An owner is not told who sent it: there ``name`` is a number, ``uploaded_by`` and ``sha256`` are null."""

    id = serializers.UUIDField(source="file.pk")
    name = serializers.CharField()
    shows = serializers.CharField(source="file.shows")
    for_owner = serializers.BooleanField(source="file.for_owner")
    content_type = serializers.CharField(source="file.content_type")
    size = serializers.IntegerField(source="file.size")
    sha256 = serializers.CharField(allow_null=True)
    uploaded_by = serializers.CharField(allow_null=True)
    uploaded_at = Instant(source="file.uploaded_at")
    scan_state = serializers.ChoiceField(choices=Scan.choices, source="file.scan_state")


@extend_schema_field(FindingFileSerializer(many=True))
class FindingFilesField(serializers.Field):
    """The files of a finding that its reader opens; one query."""

    def __init__(self) -> None:
        super().__init__(source="*", read_only=True)

    def to_representation(self, value: Finding) -> list[dict]:
        rows = files_read_by(self.context["request"].user, value)
        return list(FindingFileSerializer(rows, many=True).data)


class FindingFileInput(StrictSerializer):
    """A file, and what it shows."""

    file = serializers.FileField(allow_empty_file=True)
    shows = serializers.CharField(max_length=200, help_text="The owner reads this of a file that is for it.")
    for_owner = serializers.BooleanField(
        default=False,
        help_text="The owner opens it once notified. Not where the file would say who reported.",
    )
    sha256 = serializers.RegexField(
        "^[0-9a-fA-F]{64}$", required=False, help_text="Of the file, in hex: another file is refused."
    )


class FindingFilesViewSet(TakesFiles, PortalViewSet):
    """The evidence files of a finding. Each opening of one is recorded."""

    model = Finding
    number_field = "number"
    serializer_class = FindingFileSerializer
    parser_classes = [MultiPartParser]
    http_method_names = ["get", "post", "head"]

    def visible(self) -> QuerySet:
        return Finding.objects.visible_to(self.request.user).select_related("reporter")

    @extend_schema(
        request={"multipart/form-data": FindingFileInput},
        responses={201: FindingFileSerializer},
        filters=False,
    )
    @action(detail=True, methods=["post"], url_path="files")
    def files(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Put a file with a finding of one's own, until the finding is over."""
        finding = self._own()
        given = valid(FindingFileInput, request)
        made = actions.add_file(
            actor=request.user,
            finding=finding,
            upload=given["file"],
            shows=given["shows"],
            for_owner=given["for_owner"],
            sha256=given.get("sha256", ""),
        )
        return Response(FindingFileSerializer(row_of(request.user, made)).data, status=201)

    @extend_schema(request=StrictSerializer, parameters=[FILE], responses={204: None}, filters=False)
    @action(
        detail=True,
        methods=["post"],
        url_path="files/(?P<file>[0-9a-f-]{36})/remove",
        parser_classes=[JSONParser, MultiPartParser],
    )
    def remove(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Take a file out of a draft."""
        finding = self._own()
        file = self._file(finding)
        valid(StrictSerializer, request)
        actions.remove_file(actor=request.user, finding=finding, file=file)
        return Response(status=204)

    @extend_schema(operation_id="findings_file_content", parameters=[FILE], responses=BINARY, filters=False)
    @action(
        detail=True,
        methods=["get"],
        url_path="files/(?P<file>[0-9a-f-]{36})/content",
        renderer_classes=[AnyRenderer],
    )
    def content(self, request: Request, *args: Any, **kwargs: Any) -> StreamingHttpResponse:
        """A file, for its reporters, for the government's people who follow findings, and of those for the owner for that lab."""
        file = self._file(self.get_object())
        try:
            return download_of_finding(actor=request.user, file=file)
        except NotAllowed as refusal:
            raise Http404 from refusal

    def _own(self) -> Finding:
        found = self.get_object()
        if "reporter" not in policies.finding_capacities(self.request.user, found):
            raise NotAllowed("This is not yours to change.")
        return found

    def _file(self, finding: Finding) -> FindingFile:
        rows = FindingFile.objects.visible_to(self.request.user).filter(finding=finding)
        try:
            found = rows.filter(pk=UUID(self.kwargs["file"])).first()
        except ValueError:
            found = None
        if found is None:
            raise Http404
        found.finding = finding
        return found
