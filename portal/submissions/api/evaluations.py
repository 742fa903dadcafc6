"""``/api/v1/evaluations/``: what labs evaluated, as rows; and the reading of files that they come in."""

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from portal.accounts.models import Kind
from portal.api.fields import Instant, StrictSerializer
from portal.api.parsers import JSONParser, MultiPartParser
from portal.api.views import ListMixin, PortalViewSet, RetrieveMixin, UploadMixin, valid
from portal.errors import Invalid, NotAllowed
from portal.submissions import actions, looks, policies
from portal.submissions.api.filters import CaseFilter, case_named
from portal.submissions.evidence import Unreadable, read_evidence
from portal.submissions.evidence.offers import everything, offer_of
from portal.submissions.models import Evaluation

CURRENT, TAKEN_BACK = "current", "taken_back"
LARGEST = 2**53


class ScoreSerializer(StrictSerializer):
    """One scorer's results: finite numbers by the metric's name.

    ``stderr`` is the standard error of accuracy or mean, ``<metric>_stderr`` that of any other.
    """

    name = serializers.CharField(max_length=500)
    metrics = serializers.DictField(child=serializers.FloatField(), allow_empty=False)


class EvaluationSerializer(serializers.Serializer):
    """A row. ``source_sha256`` is the hash of the file it was read from; ``source_version`` is null where that was not kept."""

    id = serializers.UUIDField()
    state = serializers.SerializerMethodField()
    submission = serializers.UUIDField(source="submission_id")
    case_number = serializers.CharField(source="submission.case_number")
    task = serializers.CharField()
    dataset = serializers.CharField()
    model = serializers.CharField()
    checkpoint = serializers.CharField()
    status = serializers.CharField()
    samples = serializers.IntegerField(allow_null=True)
    evaluated_at = Instant(allow_null=True)
    scores = ScoreSerializer(many=True)
    source_name = serializers.CharField()
    source_sha256 = serializers.CharField()
    source_version = serializers.UUIDField(source="source_version_id", allow_null=True)
    added_at = Instant()
    taken_back_at = Instant(allow_null=True)

    def get_state(self, row: Evaluation) -> str:
        """``current``, or ``taken_back`` where the lab took the row back."""
        return TAKEN_BACK if row.taken_back_at else CURRENT


class RowInput(StrictSerializer):
    task = serializers.CharField(max_length=500)
    dataset = serializers.CharField(required=False, allow_blank=True, max_length=500)
    model = serializers.CharField(required=False, allow_blank=True, max_length=500)
    checkpoint = serializers.CharField(required=False, allow_blank=True, max_length=200)
    status = serializers.CharField(required=False, allow_blank=True, max_length=20)
    samples = serializers.IntegerField(required=False, allow_null=True, min_value=0, max_value=LARGEST)
    evaluated_at = Instant(required=False, allow_null=True)
    scores = ScoreSerializer(many=True, required=False)


class RowsInput(StrictSerializer):
    submission = serializers.CharField(max_length=40, help_text="The id or case number of the case.")
    rows = serializers.ListField(child=RowInput(), allow_empty=False, max_length=100)


class FileInput(StrictSerializer):
    file = serializers.FileField(allow_empty_file=True)


class OfferSerializer(serializers.Serializer):
    """What was read of a file: facts for a draft, rows as this collection takes them, and what could not be used."""

    format = serializers.CharField()
    facts = serializers.DictField(child=serializers.CharField())
    rows = RowInput(many=True)
    problems = serializers.ListField(child=serializers.CharField())


class EvaluationFilter(filters.FilterSet):
    submission = CaseFilter(field_name="submission_id")


class EvaluationViewSet(UploadMixin, ListMixin, RetrieveMixin, PortalViewSet):
    """Rows of evaluations. Reading them is a look at the case's facts."""

    model = Evaluation
    serializer_class = EvaluationSerializer
    filterset_class = EvaluationFilter
    parser_classes = [JSONParser, MultiPartParser]
    http_method_names = ["get", "post", "head"]

    def visible(self) -> QuerySet:
        found = Evaluation.objects.visible_to(self.request.user).select_related("submission")
        return found.order_by("-added_at", "id")

    def present(self, rows: Sequence[Evaluation], *, listing: bool) -> list[dict]:
        cases = {row.submission_id: row.submission for row in rows}
        looks.listed(actor=self.request.user, submissions=cases.values(), verb="viewed_facts")
        return super().present(rows, listing=listing)

    @extend_schema(request=RowsInput, responses={201: EvaluationSerializer(many=True)}, filters=False)
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Add rows to a case. Those it has already are left out; where that is all of them, the answer is 409."""
        given = valid(RowsInput, request)
        case = case_named(request.user, given["submission"]).first()
        if case is None:
            raise Http404
        if not policies.may_edit(request.user, case, "add_evaluations"):
            raise NotAllowed("Only administrators and contributors of the lab add evaluations.")
        rows = [dict(row) for row in given["rows"]]
        made = actions.add_evaluations(actor=request.user, submission=case, rows=rows)
        return Response(EvaluationSerializer(made, many=True).data, status=201)

    @extend_schema(request=None, responses={200: EvaluationSerializer})
    @action(detail=True, methods=["post"], url_path="take_back")
    def take_back(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Take a row back; it stays on record as taken back."""
        row = self.get_object()
        if not policies.may_edit(request.user, row.submission, "take_back_evaluation"):
            raise NotAllowed("This is not yours to change.")
        return self.shown(actions.take_back_evaluation(actor=request.user, evaluation=row))

    @extend_schema(request={"multipart/form-data": FileInput}, responses={200: OfferSerializer})
    @action(detail=False, methods=["post"], url_path="read", parser_classes=[MultiPartParser])
    def read(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """What an evaluation log of Inspect or a model card says. Nothing is stored."""
        if not request.user.organisations_as(Kind.LAB):
            raise NotAllowed("Files are read for the people of a lab.")
        try:
            offer = offer_of(read_evidence(valid(FileInput, request)["file"]))
        except Unreadable as refusal:
            raise Invalid(str(refusal), field="file") from refusal
        facts, rows = everything(offer)
        said = {"format": offer["format"], "facts": facts, "rows": rows, "problems": offer["problems"]}
        return Response(said)
