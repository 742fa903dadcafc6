"""``/api/v1/events/``: the ledger, as far as each person may read it."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django_filters import rest_framework as filters
from rest_framework import serializers

from portal.accounts.models import Kind, Role, User
from portal.api.fields import Instant
from portal.api.views import ReadOnlyViewSet
from portal.ledger.models import Event
from portal.submissions.api.filters import CaseFilter
from portal.submissions.people import cases_named, names_on
from portal.submissions.querysets import agency_wide


class EventSerializer(serializers.Serializer):
    """One change or look. To a lab an agency's person goes by a stable name, which ``known_to_lab_as`` resolves for auditors.

    ``actor`` is null for the clock; ``data`` (ids, dates, states) is for auditors alone.
    """

    id = serializers.UUIDField()
    state = serializers.ChoiceField(choices=["recorded"])
    at = Instant()
    kind = serializers.ChoiceField(choices=Event.Kind.choices)
    verb = serializers.CharField()
    actor = serializers.CharField(allow_null=True)
    known_to_lab_as = serializers.CharField(allow_null=True)
    capacity = serializers.CharField(allow_blank=True)
    submission = serializers.UUIDField(allow_null=True)
    case_number = serializers.CharField(allow_null=True)
    subject_type = serializers.CharField()
    subject_id = serializers.UUIDField()
    reason = serializers.CharField(allow_blank=True)
    data = serializers.DictField(allow_null=True)


class EventFilter(filters.FilterSet):
    submission = CaseFilter(field_name="case_id")
    kind = filters.ChoiceFilter(choices=Event.Kind.choices)
    verb = filters.CharFilter(max_length=60)


class EventViewSet(ReadOnlyViewSet):
    """Events. An auditor reads all of the cases they see, a lab those of its own, others what is theirs."""

    model = Event
    serializer_class = EventSerializer
    filterset_class = EventFilter
    http_method_names = ["get", "head"]

    def visible(self) -> QuerySet:
        return Event.objects.visible_to(self.request.user).order_by("-seq")

    def present(self, rows: Sequence[Event], *, listing: bool) -> list[dict]:
        return shown_events(self.request.user, rows)


def shown_events(viewer: User, events: Sequence[Event]) -> list[dict]:
    """Events as a person may read them: four queries, whatever their number."""
    cases = _cases(events)
    told = _names(viewer, events, cases)
    audits = Role.AUDITOR in agency_wide(viewer)
    known = _known_to_labs(events, cases) if audits else {}
    rows = [
        {
            "id": event.pk,
            "state": "recorded",
            "at": event.at,
            "kind": event.kind,
            "verb": event.verb,
            "actor": told[event.pk],
            "known_to_lab_as": known.get((event.case_id, event.actor_id)),
            "capacity": event.capacity,
            "submission": event.case_id if event.case_id in cases else None,
            "case_number": cases[event.case_id].case_number if event.case_id in cases else None,
            "subject_type": event.subject_type,
            "subject_id": event.subject_id,
            "reason": event.reason,
            "data": event.data if audits else None,
        }
        for event in events
    ]
    # To the type checker the field of this name hides the serializer's own.
    shown: Any = EventSerializer(rows, many=True)
    return list(shown.data)


def _cases(events: Sequence[Event]) -> dict[UUID, Any]:
    """The cases that a page of events names; the events themselves were visible, so their case is no news."""
    ids = {event.case_id for event in events if event.case_id}
    return cases_named(ids) if ids else {}


def _names(viewer: User, events: Sequence[Event], cases: dict[UUID, Any]) -> dict[UUID, str | None]:
    """Who did it, under the name this viewer may know; None for the clock."""
    labs = set(viewer.organisations_as(Kind.LAB))
    own = {case.pk for case in cases.values() if case.lab_id in labs}
    pairs = {(event.case_id, event.actor_id) for event in events if event.actor_id and event.case_id in own}
    hidden = names_on(pairs, cases)
    others = {event.actor_id for event in events if event.actor_id and event.case_id not in own}
    names = {person.pk: str(person) for person in User.objects.filter(pk__in=others)} if others else {}
    return {
        event.pk: hidden.get((event.case_id, event.actor_id)) or names.get(event.actor_id) for event in events
    }


def _known_to_labs(events: Sequence[Event], cases: dict[UUID, Any]) -> dict[tuple[Any, Any], str]:
    pairs = ((event.case_id, event.actor_id) for event in events if event.actor_id and event.case_id in cases)
    return dict(names_on(pairs, cases))
