"""``/api/v1/assignments/``: reviewers' seats. A seat tells the case number and nothing of the lab's."""

from typing import Any

from django.db.models import QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from portal import clock
from portal.api.fields import Instant, Revision, StrictSerializer
from portal.api.verbs import VerbsMixin
from portal.api.views import ListMixin, PortalViewSet, RetrieveMixin, valid
from portal.errors import NotAllowed
from portal.submissions.api.filters import CaseFilter
from reviews import actions, policies
from reviews.api.common import CASE, PersonField, case_of, created, organisation_of, person_of
from reviews.models import Assignment, Domain
from reviews.states import ASSIGNMENT, AssignmentState


class AssignmentSerializer(serializers.Serializer):
    """One reviewer's seat on one case. ``state`` is what it is at this moment: expiry needs nobody to act."""

    id = serializers.UUIDField()
    state = serializers.ChoiceField(choices=AssignmentState.choices)
    revision = serializers.IntegerField()
    submission = serializers.UUIDField(source="submission_id")
    case_number = serializers.CharField(source="submission.case_number")
    reviewer = serializers.UUIDField(source="reviewer_id")
    reviewer_name = serializers.CharField(source="reviewer.name")
    agency = serializers.UUIDField(source="agency_id")
    agency_name = serializers.CharField(source="agency.name")
    domain = serializers.ChoiceField(choices=Domain.choices)
    role = serializers.ChoiceField(choices=Assignment.Role.choices)
    note = serializers.CharField(allow_blank=True)
    proposed_at = Instant()
    attested_at = Instant(allow_null=True)
    writes_none_at = Instant(
        allow_null=True, help_text="When its reviewer stated that they write no assessment on this case."
    )
    expires_at = Instant()
    ended_at = Instant(allow_null=True)
    reason = serializers.CharField(allow_blank=True)
    handed_over_to = serializers.UUIDField(source="handed_over_to_id", allow_null=True)


class AssignmentDetailSerializer(AssignmentSerializer):
    """A seat by itself, with the verbs that are the person's now."""

    verbs = serializers.SerializerMethodField()

    def get_verbs(self, seat: Assignment) -> list[str]:
        return policies.open_verbs(self.context["request"].user, seat)


class AssignmentInput(StrictSerializer):
    """A seat to propose."""

    submission = CASE
    reviewer = PersonField()
    agency = serializers.UUIDField(
        required=False, help_text="Needed where the person reviews for several agencies."
    )
    domain = serializers.ChoiceField(choices=Domain.choices)
    role = serializers.ChoiceField(choices=Assignment.Role.choices, default=Assignment.Role.REVIEWER)
    note = serializers.CharField(required=False, allow_blank=True, max_length=2000, default="")
    expires_at = Instant(required=False, allow_null=True, default=None)


class Attestation(StrictSerializer):
    """Three declarations; the seat becomes active when all of them are true."""

    no_conflict = serializers.BooleanField(default=False)
    nondisclosure = serializers.BooleanField(default=False)
    training = serializers.BooleanField(default=False)


class Stated(StrictSerializer):
    revision = Revision()


class HandOver(StrictSerializer):
    to = PersonField()
    agency = serializers.UUIDField(
        required=False, help_text="Needed where the person reviews for several agencies."
    )


def hand_over(
    *,
    actor: Any,
    assignment: Assignment,
    to: str,
    agency: Any = None,
    reason: str = "",
    expected_revision: int | None = None,
) -> Assignment:
    """End a seat and propose it, with domain, role and expiry, to another reviewer, who attests anew."""
    return actions.hand_over(
        actor=actor,
        assignment=assignment,
        to=person_of(to, field="to"),
        agency=organisation_of(agency, field="agency"),
        reason=reason,
        expected_revision=expected_revision,
    )


class AssignmentFilter(filters.FilterSet):
    submission = CaseFilter(field_name="submission_id")
    state = filters.MultipleChoiceFilter(
        choices=AssignmentState.choices, method="in_state", help_text="One state or several."
    )
    role = filters.ChoiceFilter(choices=Assignment.Role.choices)
    domain = filters.ChoiceFilter(choices=Domain.choices)

    def in_state(self, queryset: QuerySet, name: str, value: list[str]) -> QuerySet:
        return queryset.in_state(*value, at=clock.now()) if value else queryset  # type: ignore[attr-defined]


class AssignmentViewSet(VerbsMixin, ListMixin, RetrieveMixin, PortalViewSet):
    """Seats, the newest first."""

    model = Assignment
    serializer_class = AssignmentSerializer
    answer_class = AssignmentDetailSerializer
    filterset_class = AssignmentFilter
    http_method_names = ["get", "post", "head"]
    machine, subject, may_take = ASSIGNMENT, "assignment", staticmethod(policies.may_take)
    verbs = {
        "attest": (actions.attest, Attestation),
        "complete": (actions.complete, None),
        "decline": (actions.decline, None),
        "recuse": (actions.recuse, None),
        "revoke": (actions.revoke, None),
        "hand_over": (hand_over, HandOver),
    }

    @extend_schema(request=Stated, responses={200: AssignmentDetailSerializer})
    @action(detail=True, methods=["post"], url_path="write_none")
    def write_none(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """State, for good, that no assessment comes from one's active seat. The other reviewers' assessments that are not shared
        yet open to who says so, as they do to who asked for the check of an own one.
        """
        found = self.get_object()
        if "reviewer" not in policies.capacities(request.user, found):
            raise NotAllowed("This is the seat's reviewer's to state.")
        revision = valid(Stated, request).get("revision")
        return self.shown(
            actions.write_none(actor=request.user, assignment=found, expected_revision=revision)
        )

    def visible(self) -> QuerySet:
        return Assignment.objects.visible_to(self.request.user).for_workbench()

    def get_serializer_class(self) -> type[serializers.Serializer]:
        return self.serializer_class if self.action == "list" else self.answer_class

    @extend_schema(request=AssignmentInput, responses={201: AssignmentDetailSerializer})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Propose a seat to a reviewer; the agency is invited to the case where it is not yet."""
        if not policies.proposes_seats(request.user):
            raise NotAllowed("Only the programme's coordinators propose a seat.")
        given = valid(AssignmentInput, request)
        seat = actions.propose_assignment(
            actor=request.user,
            submission=case_of(request.user, given.pop("submission")),
            reviewer=person_of(given.pop("reviewer"), field="reviewer"),
            agency=organisation_of(given.pop("agency", None), field="agency"),
            **given,
        )
        return created(self, request, seat, name="assignments")
