"""``/api/v1/matching-runs/``: suggestions of who might review what, for the programme's coordinators."""

from typing import Any

from django.db.models import QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from portal.api.fields import Instant, StrictSerializer
from portal.api.verbs import VerbsMixin
from portal.api.views import ListMixin, PortalViewSet, RetrieveMixin, valid
from portal.errors import NotAllowed
from reviews import actions, policies, runs
from reviews.actions.matching import MOST_CASES, MOST_SEATS, Wanted
from reviews.api.common import CASE, case_of, created
from reviews.models import Assignment, Domain, MatchingOutcome, MatchingRun
from reviews.states import RUN, RunState


class RunSerializer(serializers.Serializer):
    """A run in short: how many cases and seats it was asked for, and for how many seats it suggests somebody."""

    id = serializers.UUIDField()
    number = serializers.CharField()
    state = serializers.ChoiceField(choices=RunState.choices)
    revision = serializers.IntegerField()
    made_at = Instant()
    made_by = serializers.CharField(source="made_by.name")
    cases = serializers.IntegerField()
    seats = serializers.IntegerField()
    suggested = serializers.SerializerMethodField()

    def get_suggested(self, run: MatchingRun) -> int:
        return run.found or 0  # type: ignore[attr-defined]


class NeedSerializer(serializers.Serializer):
    case = serializers.UUIDField()
    case_number = serializers.CharField()
    domain = serializers.ChoiceField(choices=Domain.choices)
    seats = serializers.IntegerField()
    lead = serializers.BooleanField()


class OutcomeSerializer(serializers.Serializer):
    """What became of a pair at a step: a seat proposed or revoked, or why not."""

    step = serializers.ChoiceField(choices=MatchingOutcome.Step.choices)
    done = serializers.BooleanField()
    assignment = serializers.UUIDField(allow_null=True)
    words = serializers.CharField()


class PairSerializer(serializers.Serializer):
    """A seat suggested to a reviewer, and why."""

    case = serializers.UUIDField()
    case_number = serializers.CharField()
    domain = serializers.ChoiceField(choices=Domain.choices)
    role = serializers.ChoiceField(choices=Assignment.Role.choices)
    reviewer = serializers.UUIDField()
    reviewer_name = serializers.CharField()
    agency = serializers.UUIDField()
    agency_name = serializers.CharField()
    why = serializers.ListField(child=serializers.CharField())
    outcomes = OutcomeSerializer(many=True)


class ExclusionSerializer(serializers.Serializer):
    """Why a reviewer was not considered; without a case for every case of the run."""

    case_number = serializers.CharField(allow_blank=True)
    reviewer = serializers.UUIDField()
    reviewer_name = serializers.CharField()
    agency_name = serializers.CharField()
    code = serializers.CharField()
    words = serializers.CharField()


class RemedySerializer(serializers.Serializer):
    code = serializers.CharField()
    words = serializers.CharField()
    reviewer_name = serializers.CharField(allow_blank=True)
    agency_name = serializers.CharField(allow_blank=True)


class UnmetSerializer(serializers.Serializer):
    """Seats nobody is left for: why, and three things each of which would help."""

    case_number = serializers.CharField()
    domain = serializers.ChoiceField(choices=Domain.choices)
    seats = serializers.IntegerField()
    lead = serializers.BooleanField()
    reasons = serializers.ListField(child=serializers.CharField())
    remedies = RemedySerializer(many=True)


class RunDetailSerializer(RunSerializer):
    """A run by itself, with its reasons and the verbs that are the person's now."""

    needs = serializers.SerializerMethodField()
    pairs = serializers.SerializerMethodField()
    exclusions = serializers.SerializerMethodField()
    unmet = serializers.SerializerMethodField()
    verbs = serializers.SerializerMethodField()

    def to_representation(self, run: MatchingRun) -> dict:
        self._told = runs.told(run)
        return super().to_representation(run)

    @extend_schema_field(NeedSerializer(many=True))
    def get_needs(self, run: MatchingRun) -> Any:
        return NeedSerializer(self._told["needs"], many=True).data

    @extend_schema_field(PairSerializer(many=True))
    def get_pairs(self, run: MatchingRun) -> Any:
        return PairSerializer(self._told["pairs"], many=True).data

    @extend_schema_field(ExclusionSerializer(many=True))
    def get_exclusions(self, run: MatchingRun) -> Any:
        return ExclusionSerializer(self._told["exclusions"], many=True).data

    @extend_schema_field(UnmetSerializer(many=True))
    def get_unmet(self, run: MatchingRun) -> Any:
        return UnmetSerializer(self._told["unmet"], many=True).data

    def get_verbs(self, run: MatchingRun) -> list[str]:
        return policies.open_verbs(self.context["request"].user, run)


class NeedInput(StrictSerializer):
    """New seats wanted on a case in a domain. ``lead``: one of them has the lead."""

    submission = CASE
    domain = serializers.ChoiceField(choices=Domain.choices)
    seats = serializers.IntegerField(min_value=1, max_value=MOST_SEATS, default=1)
    lead = serializers.BooleanField(default=False)


class RunInput(StrictSerializer):
    needs: serializers.ListSerializer = serializers.ListSerializer(
        child=NeedInput(), min_length=1, max_length=MOST_CASES * len(Domain)
    )


class ConfirmInput(StrictSerializer):
    despite_changes = serializers.BooleanField(
        default=False, help_text="Propose the seats although what the run rests on has changed since."
    )


class RunFilter(filters.FilterSet):
    state = filters.MultipleChoiceFilter(choices=RunState.choices)


class MatchingRunViewSet(VerbsMixin, ListMixin, RetrieveMixin, PortalViewSet):
    """Runs of matching, the newest first."""

    model = MatchingRun
    number_field = "number"
    serializer_class = RunSerializer
    answer_class = RunDetailSerializer
    filterset_class = RunFilter
    http_method_names = ["get", "post", "head"]
    machine, subject, may_take = RUN, "run", staticmethod(policies.may_take)
    verbs = {
        "confirm": (actions.matching.confirm, ConfirmInput),
        "discard": (actions.matching.discard, None),
        "undo": (actions.matching.undo, None),
    }

    def visible(self) -> QuerySet:
        rows = MatchingRun.objects.visible_to(self.request.user).for_workbench()
        return rows.defer("result", "digests") if self.action == "list" else rows

    def get_serializer_class(self) -> type[serializers.Serializer]:
        return self.serializer_class if self.action == "list" else self.answer_class

    def answer(self, result: MatchingRun) -> Response:
        """The object with what its list's rows carry."""
        return self.shown(self.visible().get(pk=result.pk))

    @extend_schema(request=RunInput, responses={201: RunDetailSerializer})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Suggest reviewers for new seats, and keep the suggestion. It seats nobody and tells nobody."""
        if not policies.proposes_seats(request.user):
            raise NotAllowed("Only the programme's coordinators run a matching.")
        needs = valid(RunInput, request)["needs"]
        cases = {name: case_of(request.user, name) for name in {need["submission"] for need in needs}}
        wanted = [Wanted(**(need | {"submission": cases[need["submission"]]})) for need in needs]
        made = actions.matching.suggest(actor=request.user, needs=wanted)
        return created(self, request, made, name="matching-runs")
