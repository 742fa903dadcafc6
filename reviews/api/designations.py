"""``/api/v1/designations/``: recorded by one designator, confirmed by another, never changed."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from portal.accounts.models import Kind, Organisation
from portal.api.fields import Instant, StrictSerializer
from portal.api.verbs import VerbsMixin
from portal.api.views import ListMixin, PortalViewSet, RetrieveMixin, valid
from portal.errors import Invalid, NotAllowed
from portal.stepup import confirms
from reviews import actions, policies
from reviews.api.common import KEY_WORDS, created
from reviews.models import Designation, Inquiry
from reviews.states import DESIGNATION, DesignationState


class ConsultationSerializer(serializers.Serializer):
    """Whom the designators consulted: an agency, or an office in words."""

    agency = serializers.UUIDField(source="agency_id", allow_null=True)
    office = serializers.CharField(allow_blank=True)
    consulted_on = serializers.DateField()
    words = serializers.CharField(allow_blank=True)
    noted_by = serializers.UUIDField(source="noted_by_id")
    noted_at = Instant()


class DesignationSerializer(serializers.Serializer):
    """A designation. To a lab the persons who recorded and confirmed it stay unnamed."""

    id = serializers.UUIDField()
    state = serializers.ChoiceField(choices=DesignationState.choices)
    lab = serializers.UUIDField(source="lab_id")
    subject = serializers.CharField()
    outcome = serializers.ChoiceField(choices=Designation.Outcome.choices)
    basis = serializers.CharField()
    inquiry = serializers.UUIDField(source="inquiry_id", allow_null=True)
    supersedes = serializers.SerializerMethodField()
    superseded_by = serializers.SerializerMethodField()
    shared_with_lab = serializers.BooleanField()
    recorded_by = serializers.SerializerMethodField()
    recorded_at = Instant()
    confirmed_by = serializers.SerializerMethodField()
    confirmed_at = Instant(allow_null=True)
    lapsed_at = Instant(allow_null=True, help_text="Since when it is no longer in force.")
    consultations = serializers.SerializerMethodField()
    verbs = serializers.SerializerMethodField()

    def _for_lab(self, row: Designation) -> bool:
        return row.lab_id in self.context["request"].user.organisations_as(Kind.LAB)

    def get_supersedes(self, row: Designation) -> UUID | None:
        """The one it replaces; a lab is told of those alone that it can read."""
        former = row.supersedes
        return former.pk if former and (not self._for_lab(row) or former.is_open_to_lab) else None

    def get_superseded_by(self, row: Designation) -> UUID | None:
        later = row.successor
        return later.pk if later and (not self._for_lab(row) or later.is_open_to_lab) else None

    def get_recorded_by(self, row: Designation) -> UUID | None:
        return None if self._for_lab(row) else row.recorded_by_id

    def get_confirmed_by(self, row: Designation) -> UUID | None:
        return row.confirmation.confirmed_by_id if row.confirmed_at and not self._for_lab(row) else None

    @extend_schema_field(ConsultationSerializer(many=True))
    def get_consultations(self, row: Designation) -> list[dict]:
        """Never told to a lab."""
        if self._for_lab(row):
            return []
        return list(ConsultationSerializer(row.consultations.all(), many=True).data)

    def get_verbs(self, row: Designation) -> list[str]:
        return self.context["view"].open_to_person(row)


class DesignationInput(StrictSerializer):
    """A designation to record; another designator confirms it."""

    lab = serializers.UUIDField()
    subject = serializers.CharField(max_length=200, help_text="The model or checkpoint.")
    outcome = serializers.ChoiceField(choices=Designation.Outcome.choices)
    basis = serializers.CharField(max_length=20000)
    inquiry = serializers.UUIDField(required=False, allow_null=True)
    supersedes = serializers.UUIDField(required=False, allow_null=True)
    shared_with_lab = serializers.BooleanField(default=True)
    key = serializers.UUIDField(required=False, help_text=KEY_WORDS)


class DesignationFilter(filters.FilterSet):
    state = filters.ChoiceFilter(choices=DesignationState.choices, method="in_state")
    lab = filters.UUIDFilter(field_name="lab_id")
    outcome = filters.ChoiceFilter(choices=Designation.Outcome.choices)

    def in_state(self, queryset: QuerySet, name: str, value: str) -> QuerySet:
        return queryset.in_state(value)  # type: ignore[attr-defined]


class DesignationViewSet(VerbsMixin, ListMixin, RetrieveMixin, PortalViewSet):
    """Designations, the newest first."""

    model = Designation
    serializer_class = DesignationSerializer
    filterset_class = DesignationFilter
    http_method_names = ["get", "post", "head"]
    machine, subject, may_take = DESIGNATION, "designation", staticmethod(policies.may_take)
    verbs = {"confirm": (actions.confirm, None)}
    confirmed_verbs = frozenset({"confirm"})

    def visible(self) -> QuerySet:
        return (
            Designation.objects.visible_to(self.request.user)
            .for_workbench()
            .prefetch_related("consultations")
        )

    def open_to_person(self, row: Designation) -> list[str]:
        """The verbs that are the person's now; what was listed is visible, so no conflict is asked for again."""
        if row.confirmed_at or row.recorded_by_id == self.request.user.pk:
            return []
        return ["confirm"] if policies.is_designator(self.request.user) else []

    def answer(self, result: Designation) -> Response:
        return self.shown(self.visible().get(pk=result.pk))

    @extend_schema(request=DesignationInput, responses={201: DesignationSerializer})
    @confirms
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Record a designation, asked or unasked. For designators alone."""
        if not policies.is_designator(request.user):
            raise NotAllowed("Only a designator records a designation.")
        given = valid(DesignationInput, request)
        lab = Organisation.objects.filter(pk=given.pop("lab"), kind=Kind.LAB).first()
        if lab is None:
            raise Invalid("There is no such lab.", field="lab")
        made = actions.record_designation(
            actor=request.user,
            lab=lab,
            inquiry=_seen(Inquiry, request, given.pop("inquiry", None), "inquiry"),
            supersedes=_seen(Designation, request, given.pop("supersedes", None), "supersedes"),
            **given,
        )
        return created(self, request, made, name="designations")


def _seen(model: Any, request: Request, pk: UUID | None, field: str) -> Any:
    if pk is None:
        return None
    found = model.objects.visible_to(request.user).filter(pk=pk).first()
    if found is None:
        raise Invalid("There is none of this id, or it is not yours to see.", field=field)
    return found
