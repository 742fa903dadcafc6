"""``/api/v1/reviewer-profiles/``: what reviewers know and how many seats they take at most."""

from typing import Any

from django.db.models import QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from portal.accounts.models import Kind, Membership, Role
from portal.api.fields import Instant, Revision, StrictSerializer
from portal.api.views import ListMixin, PortalViewSet, RetrieveMixin, valid
from portal.errors import Invalid, NotAllowed
from reviews import actions, policies
from reviews.api.common import PersonField, created, organisation_of, person_of
from reviews.models import Domain, ReviewerProfile

NOT_YOURS = "The reviewer and the coordinators of their agency keep this."


class ProfileSerializer(serializers.Serializer):
    """One reviewer's domains and cap, for one agency."""

    id = serializers.UUIDField()
    revision = serializers.IntegerField()
    reviewer = serializers.UUIDField(source="membership.user_id")
    reviewer_name = serializers.CharField(source="membership.user.name")
    agency = serializers.UUIDField(source="membership.organisation_id")
    agency_name = serializers.CharField(source="membership.organisation.name")
    domains = serializers.ListField(child=serializers.ChoiceField(choices=Domain.choices))
    cap = serializers.IntegerField()
    updated_at = Instant()


class ProfileFields(StrictSerializer):
    domains = serializers.ListField(
        child=serializers.ChoiceField(choices=Domain.choices), min_length=1, max_length=len(Domain)
    )
    cap = serializers.IntegerField(min_value=0, max_value=ReviewerProfile.MOST)


class ProfileInput(ProfileFields):
    """What to put on record."""

    reviewer = PersonField()
    agency = serializers.UUIDField(
        required=False, help_text="Needed where the person reviews for several agencies."
    )


class ProfileChange(ProfileFields):
    revision = Revision()


class ProfileFilter(filters.FilterSet):
    domain = filters.ChoiceFilter(choices=Domain.choices, method="knowing")

    def knowing(self, queryset: QuerySet, name: str, value: str) -> QuerySet:
        return queryset.filter(domains__contains=[value])


class ReviewerProfileViewSet(ListMixin, RetrieveMixin, PortalViewSet):
    """Profiles, the last changed first: one's own, one's agency's, for the programme's coordinators all."""

    model = ReviewerProfile
    serializer_class = ProfileSerializer
    filterset_class = ProfileFilter
    http_method_names = ["get", "post", "patch", "head"]

    def visible(self) -> QuerySet:
        return ReviewerProfile.objects.visible_to(self.request.user).for_workbench()

    @extend_schema(request=ProfileInput, responses={201: ProfileSerializer})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Put a reviewer's domains and cap on record: one's own, or as a coordinator a reviewer's of one's agency."""
        if not policies.keeps_profiles(request.user):
            raise NotAllowed(NOT_YOURS)
        given = valid(ProfileInput, request)
        membership = self._membership(given.pop("reviewer"), given.pop("agency", None))
        made = actions.record_profile(actor=request.user, membership=membership, **given)
        return created(self, request, made, name="reviewer-profiles")

    @extend_schema(request=ProfileChange, responses={200: ProfileSerializer})
    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Change domains and cap; both are given."""
        found = self.get_object()
        if not policies.keeps_profile_of(request.user, found.membership):
            raise NotAllowed(NOT_YOURS)
        given = valid(ProfileChange, request)
        revision = given.pop("revision", None)
        changed = actions.change_profile(
            actor=request.user, profile=found, expected_revision=revision, **given
        )
        return self.shown(self.visible().get(pk=changed.pk))

    def _membership(self, named: str, agency: Any) -> Membership:
        """The reviewer's membership, among those that the caller keeps a profile of."""
        user = self.request.user
        rows = Membership.objects.filter(
            user=person_of(named, field="reviewer"), role=Role.REVIEWER, ended_at=None
        )
        if agency is not None:
            rows = rows.filter(organisation=organisation_of(agency, field="agency"))
        rows = rows.filter(organisation__kind=Kind.AGENCY).select_related("organisation")
        mine = [one for one in rows.order_by("pk") if policies.keeps_profile_of(user, one)]
        if not mine:
            raise Invalid("You keep no profile of a reviewer of this name.", field="reviewer")
        if len(mine) > 1:
            raise Invalid("This person reviews for several agencies: name one.", field="agency")
        return mine[0]
