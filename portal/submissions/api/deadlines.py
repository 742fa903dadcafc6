"""``/api/v1/deadlines/``: dates somebody should act by, on the cases a person sees and in the capacity they see them in."""

from django.db.models import Q, QuerySet
from django_filters import rest_framework as filters
from rest_framework import serializers

from portal import clock
from portal.api.fields import Instant
from portal.api.views import ReadOnlyViewSet
from portal.deadlines import registry
from portal.deadlines.models import Deadline
from portal.submissions.api.filters import CaseFilter

STATES = ("upcoming", "overdue", "met", "cancelled")


class DeadlineSerializer(serializers.Serializer):
    """A target. One that is missed is a flag on the government's side, and never on the lab's release."""

    id = serializers.UUIDField()
    state = serializers.ChoiceField(choices=STATES)
    kind = serializers.CharField()
    label = serializers.SerializerMethodField()
    wording = serializers.SerializerMethodField()
    submission = serializers.UUIDField(source="case_id", allow_null=True)
    case_number = serializers.CharField(allow_blank=True)
    due_at = Instant()
    met_at = Instant(allow_null=True)
    cancelled_at = Instant(allow_null=True)

    def get_label(self, deadline: Deadline) -> str:
        return registry.label(deadline.kind)

    def get_wording(self, deadline: Deadline) -> str:
        return registry.wording(deadline.kind)


class DeadlineFilter(filters.FilterSet):
    submission = CaseFilter(field_name="case_id")
    kind = filters.CharFilter(max_length=40)
    state = filters.ChoiceFilter(choices=[(state, state) for state in STATES], method="in_state")

    def in_state(self, queryset: QuerySet, name: str, value: str) -> QuerySet:
        still = Q(met_at=None, cancelled_at=None)
        wanted = {
            "upcoming": still & Q(due_at__gte=clock.now()),
            "overdue": still & Q(due_at__lt=clock.now()),
            "met": Q(met_at__isnull=False),
            "cancelled": Q(met_at=None, cancelled_at__isnull=False),
        }
        return queryset.filter(wanted[value])


class DeadlineViewSet(ReadOnlyViewSet):
    """Deadlines, the earliest first."""

    model = Deadline
    serializer_class = DeadlineSerializer
    filterset_class = DeadlineFilter
    http_method_names = ["get", "head"]

    def visible(self) -> QuerySet:
        return Deadline.objects.visible_to(self.request.user).order_by("due_at", "id")
