"""``/api/v1/assessments/<id>/logs/`` and ``/evidence/``: reviewers' own evaluation logs, and what both sides' say of the same."""

from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404, StreamingHttpResponse
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from portal.accounts.models import Kind
from portal.api.fields import Instant, Revision, StrictSerializer
from portal.api.parsers import JSONParser, MultiPartParser
from portal.api.views import AnyRenderer, PortalViewSet, TakesFiles, valid
from portal.errors import NotAllowed
from portal.submissions.api.documents import BINARY
from portal.submissions.models.stored import Scan
from reviews import actions, looks, policies
from reviews.downloads import download
from reviews.evidence.pairing import DIFFERS, NO_ERROR, TOO_LARGE, WITHIN
from reviews.evidence.reading import evidence_of
from reviews.models import AgencyLog, Assessment

LOG = OpenApiParameter("log", UUID, OpenApiParameter.PATH)
# What is the agency's alone: of a file that no lab gets, no lab is told.
KEPT_FROM_LABS = ("name", "size", "sha256", "uploaded_by", "uploaded_at", "scan_state", "problems")


class LogScoreSerializer(serializers.Serializer):
    """One result of a log; ``stderr`` is null where the log has none."""

    score = serializers.CharField()
    metric = serializers.CharField()
    value = serializers.FloatField()
    stderr = serializers.FloatField(allow_null=True)


class LogSerializer(serializers.Serializer):
    """A reviewer's own evaluation log. To a lab its results alone: what is said of the file is null."""

    id = serializers.UUIDField()
    task = serializers.CharField()
    model = serializers.CharField(allow_blank=True)
    status = serializers.CharField(allow_blank=True)
    samples = serializers.IntegerField(allow_null=True)
    evaluated_at = Instant(allow_null=True)
    scores = LogScoreSerializer(source="scores.all", many=True)
    name = serializers.CharField(allow_null=True)
    size = serializers.IntegerField(allow_null=True)
    sha256 = serializers.CharField(allow_null=True)
    uploaded_by = serializers.CharField(allow_null=True)
    uploaded_at = Instant(allow_null=True)
    scan_state = serializers.ChoiceField(choices=Scan.choices, allow_null=True)
    problems = serializers.ListField(child=serializers.CharField(), allow_null=True)

    def to_representation(self, instance: AgencyLog) -> dict[str, Any]:
        told = super().to_representation(instance)
        labs = self.context["request"].user.organisations_as(Kind.LAB)
        return told | dict.fromkeys(KEPT_FROM_LABS) if instance.assessment.submission.lab_id in labs else told


@extend_schema_field(LogSerializer(many=True))
class LogsField(serializers.Field):
    """The logs of an assessment, as far as the reader reads it; two queries."""

    def __init__(self) -> None:
        super().__init__(source="*", read_only=True)

    def to_representation(self, value: Assessment) -> list[dict]:
        user = self.context["request"].user
        logs = (
            AgencyLog.objects.visible_to(user)
            .filter(assessment=value)
            .with_scores()
            .select_related("uploaded_by")
        )
        for log in (found := list(logs)):
            log.assessment = value
        return list(LogSerializer(found, many=True, context=self.context).data)


class LogInput(StrictSerializer):
    """A log as Inspect wrote it."""

    file = serializers.FileField(allow_empty_file=True)
    sha256 = serializers.RegexField(
        "^[0-9a-fA-F]{64}$", required=False, help_text="Of the file, in hex: another file is refused."
    )


class RemoveInput(StrictSerializer):
    revision = Revision(source="expected_revision")


class ComparedResultSerializer(serializers.Serializer):
    """One result of one side."""

    task = serializers.CharField()
    score = serializers.CharField()
    metric = serializers.CharField()
    value = serializers.FloatField()
    stderr = serializers.FloatField(allow_null=True)
    samples = serializers.IntegerField(allow_null=True)
    model = serializers.CharField(allow_blank=True)


class ComparedPairSerializer(serializers.Serializer):
    """Two results of one name: the agency's less the lab's, and that difference's standard error. A statement about numbers."""

    lab = ComparedResultSerializer()
    agency = ComparedResultSerializer()
    difference = serializers.FloatField(allow_null=True)
    stderr = serializers.FloatField(allow_null=True)
    words = serializers.ChoiceField(choices=[WITHIN, DIFFERS, NO_ERROR, TOO_LARGE])


class ComparedSerializer(serializers.Serializer):
    """The lab's rows beside those of the assessment's logs; ``left_out`` counts what is too much to list."""

    pairs = ComparedPairSerializer(many=True)
    only_lab = ComparedResultSerializer(many=True)
    only_agency = ComparedResultSerializer(many=True)
    left_out = serializers.IntegerField()


class AssessmentLogsViewSet(TakesFiles, PortalViewSet):
    """The logs of an assessment. Each opening of a file is recorded."""

    model = Assessment
    serializer_class = LogSerializer
    parser_classes = [MultiPartParser]
    http_method_names = ["get", "post", "head"]

    def visible(self) -> QuerySet:
        return Assessment.objects.visible_to(self.request.user).select_related("submission")

    @extend_schema(request={"multipart/form-data": LogInput}, responses={201: LogSerializer})
    @action(detail=True, methods=["post"], url_path="logs")
    def logs(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Put an evaluation log of one's own with one's draft. What the content shows counts, whatever the name says."""
        draft = self._own()
        given = valid(LogInput, request)
        made = actions.add_log(
            actor=request.user, assessment=draft, upload=given["file"], sha256=given.get("sha256", "")
        )
        return self.shown(made, status=201)

    @extend_schema(request=RemoveInput, parameters=[LOG], responses={204: None})
    @action(
        detail=True,
        methods=["post"],
        url_path="logs/(?P<log>[0-9a-f-]{36})/remove",
        parser_classes=[JSONParser, MultiPartParser],
    )
    def remove(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Take a log out of one's draft."""
        draft = self._own()
        log, given = self._log(draft), valid(RemoveInput, request)
        actions.remove_log(actor=request.user, assessment=draft, log=log, **given)
        return Response(status=204)

    @extend_schema(operation_id="assessments_log_content", parameters=[LOG], responses=BINARY)
    @action(
        detail=True,
        methods=["get"],
        url_path="logs/(?P<log>[0-9a-f-]{36})/content",
        renderer_classes=[AnyRenderer],
    )
    def content(self, request: Request, *args: Any, **kwargs: Any) -> StreamingHttpResponse:
        """A log's file, for who reads its assessment on the agency's side. No lab gets it."""
        log = self._log(self.get_object())
        try:
            return download(actor=request.user, log=log)
        except NotAllowed as refusal:
            raise Http404 from refusal

    @extend_schema(responses=ComparedSerializer, filters=False)
    @action(detail=True, methods=["get"], url_path="evidence")
    def evidence(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """What the lab's evaluations and these logs say of the same tasks, scores and metrics."""
        with transaction.atomic():
            assessment = self.get_object()
            looks.read_evidence(actor=request.user, assessment=assessment)
            found = evidence_of(request.user, assessment).compared
        return Response(ComparedSerializer(found).data)

    def _own(self) -> Assessment:
        found = self.get_object()
        if "author" not in policies.capacities(self.request.user, found):
            raise NotAllowed("This is its author's to change.")
        return found

    def _log(self, assessment: Assessment) -> AgencyLog:
        user = self.request.user
        logs = AgencyLog.objects.visible_to(user).beyond(user).filter(assessment=assessment)
        try:
            found = logs.select_related("assessment__submission").filter(pk=UUID(self.kwargs["log"])).first()
        except ValueError:
            found = None
        if found is None:
            raise Http404
        return found
