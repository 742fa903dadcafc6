"""``/api/v1/documents/``: documents of cases, streamed in and out."""

from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.db.models import Prefetch, QuerySet
from django.http import Http404, StreamingHttpResponse
from django_filters import rest_framework as filters
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from portal.accounts.models import Kind
from portal.api.fields import Instant, StrictSerializer
from portal.api.parsers import JSONParser, MultiPartParser
from portal.api.views import AnyRenderer, ListMixin, PortalViewSet, RetrieveMixin, UploadMixin, valid
from portal.errors import NotAllowed
from portal.submissions import actions, comparing, looks, policies
from portal.submissions.api.filters import CaseFilter, case_named
from portal.submissions.api.spills import SpillMixin
from portal.submissions.downloads import download
from portal.submissions.models import Document, DocumentVersion, Submission, Upload
from portal.submissions.models.stored import Scan

CURRENT = "current"
# Of whatever type the file is that was sent.
BINARY = {(200, "*/*"): OpenApiTypes.BINARY}
VERSION = BINARY | {
    410: OpenApiResponse(description="Its content is gone for good, under the retention schedule.")
}


class VersionSerializer(serializers.Serializer):
    """One uploaded file: ``size`` in bytes, ``sha256`` in hex of the bytes as they are stored."""

    id = serializers.UUIDField()
    number = serializers.IntegerField()
    name = serializers.CharField()
    content_type = serializers.CharField()
    size = serializers.IntegerField()
    sha256 = serializers.CharField()
    watermark_problem = serializers.SerializerMethodField(
        help_text="Told to its lab alone: why readers outside it get this PDF without their names on it. Empty for nothing; null "
        "where it was not tried, and for everyone else.",
    )
    scan_state = serializers.ChoiceField(choices=Scan.choices)
    uploaded_at = Instant()
    disposed_at = Instant(
        allow_null=True,
        help_text="Since when its content is gone, under the retention schedule; null while it is there.",
    )

    def get_watermark_problem(self, version: DocumentVersion) -> str | None:
        labs = self.context["request"].user.organisations_as(Kind.LAB)
        return version.watermark_problem if version.document.submission.lab_id in labs else None


class DocumentSerializer(serializers.Serializer):
    """A document with its versions, the newest first."""

    id = serializers.UUIDField()
    state = serializers.SerializerMethodField()
    submission = serializers.UUIDField(source="submission_id")
    case_number = serializers.CharField(source="submission.case_number")
    kind = serializers.ChoiceField(choices=Document.DocumentKind.choices)
    title = serializers.CharField()
    tlp = serializers.ChoiceField(choices=Document.Tlp.choices)
    cui = serializers.CharField()
    confidential_commercial = serializers.BooleanField()
    marking = serializers.CharField()
    created_at = Instant()
    versions = VersionSerializer(many=True)

    def get_state(self, document: Document) -> str:
        """Always ``current``: one that was taken out of a draft is not seen any more."""
        return CURRENT


class FileInput(StrictSerializer):
    """A file: sent along, or the upload as which it has arrived before."""

    file = serializers.FileField(allow_empty_file=True, required=False)
    upload = serializers.UUIDField(
        required=False, help_text="An upload of yours that has arrived whole, instead of a file."
    )
    sha256 = serializers.RegexField(
        "^[0-9a-fA-F]{64}$",
        required=False,
        help_text="Of the file, in hex: another file is refused. Needed with an upload.",
    )

    def validate(self, given: dict) -> dict:
        if ("file" in given) == ("upload" in given):
            raise serializers.ValidationError({"file": ["Send a file, or name an upload."]})
        return given


class DocumentInput(FileInput):
    submission = serializers.CharField(max_length=40, help_text="The id or case number of the case.")
    kind = serializers.ChoiceField(choices=Document.DocumentKind.choices)
    title = serializers.CharField(required=False, allow_blank=True, max_length=200, default="")
    tlp = serializers.ChoiceField(choices=Document.Tlp.choices, default=Document.Tlp.AMBER_STRICT)
    cui = serializers.CharField(required=False, allow_blank=True, max_length=200, default="")
    confidential_commercial = serializers.BooleanField(default=True)


class VersionInput(FileInput):
    """A further file of a document."""


class MarkingInput(StrictSerializer):
    """What is left out stays as it is."""

    tlp = serializers.ChoiceField(choices=Document.Tlp.choices, required=False)
    cui = serializers.CharField(
        required=False,
        allow_blank=True,
        max_length=200,
        help_text="Such as CUI//SP-PROPIN//NOFORN; empty for none.",
    )
    confidential_commercial = serializers.BooleanField(required=False)


class RowSerializer(serializers.Serializer):
    """A line of each side; a number is null where the side has no line."""

    kind = serializers.ChoiceField(choices=["same", "added", "removed", "changed", "skipped"])
    old_number = serializers.IntegerField(allow_null=True)
    old = serializers.CharField()
    new_number = serializers.IntegerField(allow_null=True)
    new = serializers.CharField()
    skipped = serializers.IntegerField(help_text="How many equal lines are left out here.")


class ComparisonSerializer(serializers.Serializer):
    """What two versions differ in; ``problem`` says why they are not compared, and is empty otherwise."""

    old = serializers.IntegerField(source="old.number")
    new = serializers.IntegerField(source="new.number")
    problem = serializers.CharField()
    rows = RowSerializer(many=True)


class DocumentFilter(filters.FilterSet):
    submission = CaseFilter(field_name="submission_id")
    kind = filters.ChoiceFilter(choices=Document.DocumentKind.choices)


class DocumentViewSet(SpillMixin, UploadMixin, ListMixin, RetrieveMixin, PortalViewSet):
    """Documents. Each opening of a file is recorded and shown to the lab."""

    model = Document
    serializer_class = DocumentSerializer
    filterset_class = DocumentFilter
    parser_classes = [MultiPartParser]
    http_method_names = ["get", "post", "head"]

    def visible(self) -> QuerySet:
        found = Document.objects.visible_to(self.request.user).select_related("submission")
        versions = Prefetch("versions", DocumentVersion.objects.order_by("-number"))
        return found.prefetch_related(versions).order_by("-created_at", "id")

    def present(self, rows: Sequence[Document], *, listing: bool) -> list[dict]:
        if listing:
            cases = {document.submission_id: document.submission for document in rows}
            looks.listed(actor=self.request.user, submissions=cases.values(), verb="viewed_documents")
        else:
            for document in rows:
                looks.looked(
                    actor=self.request.user,
                    submission=document.submission,
                    verb="viewed_documents",
                    subject=document,
                )
        return super().present(rows, listing=listing)

    @extend_schema(request={"multipart/form-data": DocumentInput}, responses={201: DocumentSerializer})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Add a document to a case with its first version. What the content shows counts, whatever the name says."""
        case = self._case(request.data.get("submission"))
        if not policies.may_edit(request.user, case, "add_document"):
            raise NotAllowed("Only administrators and contributors of the lab add documents.")
        given = valid(DocumentInput, request)
        document = actions.add_document(
            actor=request.user,
            submission=case,
            kind=given["kind"],
            title=given["title"],
            **self._sent(given),
            tlp=given["tlp"],
            cui=given["cui"],
            confidential_commercial=given["confidential_commercial"],
        )
        return self._created(document)

    def _sent(self, given: dict) -> dict:
        """The file of a body: what came along, or the person's upload of that id."""
        upload = given.get("file")
        if upload is None:
            upload = Upload.objects.visible_to(self.request.user).filter(pk=given["upload"]).first()
            if upload is None:
                raise serializers.ValidationError(
                    {"upload": ["There is no such upload of yours, or it has ended."]}
                )
        return {"upload": upload, "sha256": given.get("sha256", "")}

    def _case(self, named: Any) -> Submission:
        """The case an upload is for: 404 where the person does not see it, a wrong field where none is named."""
        if not isinstance(named, str) or not named:
            raise serializers.ValidationError({"submission": ["Name the case by its id or case number."]})
        found = case_named(self.request.user, named).first()
        if found is None:
            raise Http404
        return found

    @extend_schema(request={"multipart/form-data": VersionInput}, responses={201: DocumentSerializer})
    @action(detail=True, methods=["post"], url_path="versions")
    def versions(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Add a new version of a document; the earlier ones stay."""
        document = self._to_edit("add_version")
        sent = self._sent(valid(VersionInput, request))
        actions.add_version(actor=request.user, document=document, **sent)
        return self._created(document)

    @extend_schema(request=None, responses={204: None})
    @action(detail=True, methods=["post"], url_path="remove", parser_classes=[JSONParser, MultiPartParser])
    def remove(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Take a document out of a draft."""
        actions.remove_document(actor=request.user, document=self._to_edit("remove_document"))
        return Response(status=204)

    @extend_schema(request=MarkingInput, responses={200: DocumentSerializer})
    @action(detail=True, methods=["post"], url_path="mark", parser_classes=[JSONParser, MultiPartParser])
    def mark(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Mark a document otherwise, stricter or laxer: its lab's act alone. Both markings go on the case's record."""
        document = self._to_edit("mark_document")
        actions.mark_document(actor=request.user, document=document, **valid(MarkingInput, request))
        return self.shown(self.visible().filter(pk=document.pk)[0])

    @extend_schema(operation_id="documents_content", responses=VERSION)
    @action(detail=True, methods=["get"], url_path="content", renderer_classes=[AnyRenderer])
    def content(self, request: Request, *args: Any, **kwargs: Any) -> StreamingHttpResponse:
        """The file of the newest version."""
        return self._download(None)

    @extend_schema(
        operation_id="documents_version_content",
        parameters=[OpenApiParameter("number", int, OpenApiParameter.PATH)],
        responses=VERSION,
    )
    @action(
        detail=True,
        methods=["get"],
        url_path="versions/(?P<number>[1-9][0-9]{0,8})/content",
        renderer_classes=[AnyRenderer],
    )
    def version_content(self, request: Request, *args: Any, **kwargs: Any) -> StreamingHttpResponse:
        """The file of one version."""
        return self._download(int(self.kwargs["number"]))

    @extend_schema(
        parameters=[
            OpenApiParameter(name, int, description="A version's number; the two newest where none is named.")
            for name in ("old", "new")
        ],
        responses=ComparisonSerializer,
        filters=False,
    )
    @action(detail=True, methods=["get"], url_path="compare")
    def compare(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Two versions of a text beside each other, line by line; equal lines far from a difference are left out."""
        document = self.get_object()
        found = comparing.compare(actor=request.user, document=document, asked=request.query_params)
        return Response(ComparisonSerializer(found).data)

    def _download(self, number: int | None) -> StreamingHttpResponse:
        versions = self.get_object().versions.all()
        found = next((version for version in versions if number is None or version.number == number), None)
        if found is None:
            raise Http404
        try:
            return download(actor=self.request.user, version=found)
        except NotAllowed as refusal:
            # Access ended meanwhile: absent and forbidden answer alike.
            raise Http404 from refusal

    def _to_edit(self, edit: str) -> Document:
        document = self.get_object()
        if not policies.may_edit(self.request.user, document.submission, edit):
            raise NotAllowed("This is not yours to change.")
        return document

    def _created(self, document: Document) -> Response:
        with transaction.atomic():
            answer = self.shown(self.visible().filter(pk=document.pk)[0], status=201)
        answer["Location"] = reverse("documents-detail", args=[document.pk], request=self.request)
        return answer
