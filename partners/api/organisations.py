"""``/api/v1/partners/``: partner organisations, each by its organisation's id, and the verbs of their standing."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from partners import policies
from partners.actions import organisations as actions
from partners.actions import vetting
from partners.api.applications import (
    APPLY_OR_NOMINATE,
    ApplicationChange,
    ApplicationInput,
    ApplicationSerializer,
    NominationInput,
)
from partners.api.vetting import AnswersInput, VettingSerializer
from partners.models import PartnerApplication, PartnerProfile, Sector, Vetting
from partners.querysets import oversees
from partners.states import PARTNERS, PartnerState
from portal import clock
from portal.accounts.models import Kind, Membership, Organisation, Role
from portal.api.fields import Instant, StrictSerializer
from portal.api.verbs import VerbsMixin
from portal.api.views import ListMixin, PortalViewSet, RetrieveMixin, valid
from portal.errors import Invalid, NotAllowed


class PartnerSerializer(serializers.Serializer):
    """A partner organisation. What it said in its application and its dates are null where they are not the reader's."""

    id = serializers.UUIDField(source="pk")
    state = serializers.SerializerMethodField()
    revision = serializers.IntegerField()
    name = serializers.CharField(source="organisation.name")
    sectors = serializers.ListField(child=serializers.ChoiceField(choices=Sector.choices))
    country = serializers.CharField(help_text="ISO 3166 alpha-2.")
    reason_code = serializers.CharField(allow_blank=True)
    reapply_on = serializers.DateField(allow_null=True)
    operates = serializers.SerializerMethodField()
    vetted_at = serializers.SerializerMethodField()
    revet_due_at = serializers.SerializerMethodField()

    def get_state(self, profile: PartnerProfile) -> serializers.ChoiceField(choices=PartnerState.choices):  # type: ignore[valid-type]
        return str(profile.state_at(self.context["at"]))

    def get_operates(self, profile: PartnerProfile) -> str | None:
        return profile.operates if self._inner(profile) else None

    def get_vetted_at(self, profile: PartnerProfile) -> datetime | None:
        return self._instant(profile, profile.vetted_at)

    def get_revet_due_at(self, profile: PartnerProfile) -> datetime | None:
        return self._instant(profile, profile.revet_due_at)

    def _instant(self, profile: PartnerProfile, value: datetime | None) -> Any:
        return Instant().to_representation(value) if value and self._inner(profile) else None

    def _inner(self, profile: PartnerProfile) -> bool:
        """Whether the reader is of the organisation itself, or oversees all of them; a lab is neither."""
        user = self.context["request"].user
        return oversees(user) or profile.pk in user.organisations_as(Kind.PARTNER)


class PersonSerializer(serializers.Serializer):
    id = serializers.UUIDField()
    name = serializers.CharField()


class PartnerDetailSerializer(PartnerSerializer):
    """A partner organisation by itself: with its people, for its own administrators, and the verbs that are the person's now."""

    application = serializers.SerializerMethodField()
    vetting = serializers.SerializerMethodField()
    members = serializers.SerializerMethodField()
    verbs = serializers.SerializerMethodField()

    def get_application(self, profile: PartnerProfile) -> ApplicationSerializer(allow_null=True):  # type: ignore[valid-type]
        user = self.context["request"].user
        told = PartnerApplication.objects.visible_to(user).newest(profile.pk)
        return ApplicationSerializer(told).data if told else None

    def get_vetting(self, profile: PartnerProfile) -> VettingSerializer(allow_null=True):  # type: ignore[valid-type]
        user = self.context["request"].user
        newest = Vetting.objects.visible_to(user).filter(organisation=profile.pk).with_answers().first()
        return VettingSerializer(newest, context=self.context).data if newest else None

    def get_members(self, profile: PartnerProfile) -> PersonSerializer(many=True, allow_null=True):  # type: ignore[valid-type]
        if not policies.is_partner_admin(self.context["request"].user, profile.pk):
            return None
        rows = Membership.objects.filter(organisation_id=profile.pk, ended_at=None).order_by(
            "user__name", "user_id"
        )
        people = dict.fromkeys(rows.values_list("user_id", "user__name"))
        return PersonSerializer([{"id": pk, "name": name} for pk, name in people], many=True).data

    def get_verbs(self, profile: PartnerProfile) -> list[str]:
        return policies.open_partner_verbs(self.context["request"].user, profile, at=self.context["at"])


class NotSelectInput(StrictSerializer):
    reason_code = serializers.ChoiceField(choices=PartnerProfile.NotSelectedReason.choices)
    reapply_on = serializers.DateField(required=False, allow_null=True)


class PartnerFilter(filters.FilterSet):
    state = filters.MultipleChoiceFilter(
        choices=PartnerState.choices, method="in_state", help_text="One state or several."
    )
    country = filters.CharFilter(field_name="country", lookup_expr="iexact", max_length=2)
    sector = filters.ChoiceFilter(choices=Sector.choices, method="in_sector")

    def in_state(self, queryset: QuerySet, name: str, value: list[str]) -> QuerySet:
        return queryset.in_state(*value, at=clock.now()) if value else queryset  # type: ignore[attr-defined]

    def in_sector(self, queryset: QuerySet, name: str, value: str) -> QuerySet:
        return queryset.filter(sectors__contains=[value])


class PartnerViewSet(VerbsMixin, ListMixin, RetrieveMixin, PortalViewSet):
    """Partner organisations: a partner sees its own, a lab those it may propose, the programme office all."""

    model = PartnerProfile
    serializer_class = PartnerSerializer
    answer_class = PartnerDetailSerializer
    filterset_class = PartnerFilter
    http_method_names = ["get", "post", "put", "head"]
    machine, subject, may_take = PARTNERS, "profile", staticmethod(policies.may_take_partner)
    # Applying again is the collection's own POST.
    verbs_elsewhere = frozenset({"apply"})
    verbs = {
        "begin_vetting": (actions.begin_vetting, None),
        "find_eligible": (actions.find_eligible, None),
        "not_select": (actions.not_select, NotSelectInput),
        "suspend": (actions.suspend, None),
        "reinstate": (actions.reinstate, None),
        "remove": (actions.remove, None),
    }

    def visible(self) -> QuerySet:
        return PartnerProfile.objects.visible_to(self.request.user).for_list()

    def get_serializer_class(self) -> type[serializers.Serializer]:
        return self.serializer_class if self.action == "list" else self.answer_class

    def present(self, rows: Sequence[PartnerProfile], *, listing: bool) -> list[dict]:
        context = self.get_serializer_context() | {"at": clock.now()}
        return list(self.get_serializer_class()(rows, many=True, context=context).data)

    @extend_schema(request=APPLY_OR_NOMINATE, responses={201: PartnerDetailSerializer})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Apply for one's own organisation (again, after it was not selected), or, as a coordinator, nominate one."""
        own = request.user.organisations_as(Kind.PARTNER, Role.ADMIN)
        if own:
            act, among, takes = actions.apply, Organisation.objects.filter(pk__in=own), ApplicationInput
        elif policies.keeps_partners(request.user):
            act, among, takes = (
                actions.nominate,
                Organisation.objects.filter(kind=Kind.PARTNER),
                NominationInput,
            )
        else:
            raise NotAllowed("An administrator of the organisation applies for it.")
        given = valid(takes, request)
        wanted = given.pop("organisation", None)
        if wanted is None and len(own) != 1:
            raise Invalid("Name the organisation.", field="organisation")
        organisation = among.filter(pk=wanted or own[0]).first()
        if organisation is None:
            raise Invalid("There is no such partner organisation.", field="organisation")
        answer = self.shown(act(actor=request.user, organisation=organisation, **given), status=201)
        answer["Location"] = reverse("partners-detail", args=[organisation.pk], request=request)
        return answer

    @extend_schema(request=AnswersInput, responses={200: PartnerDetailSerializer})
    @action(detail=True, methods=["post"], url_path="answer_criteria")
    def answer_criteria(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Write what vetting found of the criteria that are named; for the programme's coordinators."""
        profile = self.get_object()
        if not policies.vets(request.user, profile):
            raise NotAllowed("A programme coordinator answers the criteria.")
        given = valid(AnswersInput, request)
        answers = {row.pop("key"): row for row in given.pop("answers")}
        return self.shown(
            vetting.answer_criteria(actor=request.user, profile=profile, answers=answers, **given)
        )

    @extend_schema(request=ApplicationChange, responses={200: PartnerDetailSerializer})
    def update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Correct what the organisation said of itself; for its administrators."""
        profile = self.get_object()
        if not policies.is_partner_admin(request.user, profile.pk):
            raise NotAllowed("An administrator of the organisation keeps its profile.")
        given = valid(ApplicationChange, request)
        revision = given.pop("revision", None)
        return self.shown(
            actions.update_profile(actor=request.user, profile=profile, expected_revision=revision, **given)
        )
