"""What a lab is owed about its case: who can see it, who looked, and the way to the access instructions for whom they are."""

import re
from typing import Any

from django.http import Http404, HttpResponse, HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from portal import clock
from portal.api.fields import Instant
from portal.api.views import AnyRenderer
from portal.errors import NotAllowed
from portal.stepup import confirms
from portal.submissions import actions, history, policies
from portal.submissions.api.events import EventSerializer, shown_events
from portal.submissions.exports import giving
from portal.submissions.models import Submission
from portal.submissions.sight import ENDED, LATER, NOW, seats_of

STATUSES = (NOW, LATER, ENDED)
RECORD = {(200, "text/csv"): OpenApiTypes.BINARY, (200, "application/json"): OpenApiTypes.OBJECT}
RECEIPT = {(200, "application/pdf"): OpenApiTypes.BINARY}
ARCHIVE = {(200, "application/zip"): OpenApiTypes.BINARY}


class SeenPart(serializers.Serializer):
    """One scope, or one document of it, and from when to when it is open."""

    scope = serializers.CharField()
    document = serializers.CharField(allow_blank=True)
    since = Instant()
    until = Instant(allow_null=True)
    status = serializers.ChoiceField(choices=STATUSES)


class SeatSerializer(serializers.Serializer):
    """One person in one capacity, under the name that the lab may know them by."""

    name = serializers.CharField()
    organisation = serializers.CharField(source="organisation.name")
    capacity = serializers.CharField()
    since = Instant()
    until = Instant(allow_null=True)
    status = serializers.ChoiceField(choices=STATUSES)
    parts = SeenPart(many=True)


class Instructions(serializers.Serializer):
    instructions = serializers.CharField(allow_blank=True)


class SightRoutes:
    """Routes of a case that tell of looks, and the one that reveals the instructions."""

    @extend_schema(
        operation_id="submissions_who_can_see", responses={200: SeatSerializer(many=True)}, filters=False
    )
    @action(detail=True, methods=["get"], url_path="who_can_see")
    def who_can_see(self: Any, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Everyone who can, could or will be able to see any of the case. For its lab alone."""
        case = self._own()
        page = self.paginate_queryset(seats_of(case, at=clock.now()))
        return self.get_paginated_response(SeatSerializer(page, many=True).data)

    @extend_schema(
        operation_id="submissions_looks", responses={200: EventSerializer(many=True)}, filters=False
    )
    @action(detail=True, methods=["get"], url_path="looks")
    def looks(self: Any, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Every look that anyone took at the case, the newest first. For its lab alone."""
        page = self.paginate_queryset(history.looks(self._own()))
        return self.get_paginated_response(shown_events(request.user, page))

    @extend_schema(
        operation_id="submissions_reveal_instructions", request=None, responses={200: Instructions}
    )
    @action(detail=True, methods=["post"], url_path="reveal_instructions")
    @confirms
    def reveal_instructions(self: Any, request: Request, *args: Any, **kwargs: Any) -> Response:
        """The access instructions in clear, for whom they are open now; the look is recorded first."""
        text = actions.reveal_instructions(actor=request.user, submission=self.get_object())
        return Response({"instructions": text}, headers={"Cache-Control": "private, no-store"})

    @extend_schema(
        operation_id="submissions_record",
        parameters=[OpenApiParameter("form", str, OpenApiParameter.PATH, enum=list(giving.FORMS))],
        responses=RECORD,
    )
    @action(
        detail=True,
        methods=["get"],
        url_path=f"record/(?P<form>{'|'.join(re.escape(form) for form in giving.FORMS)})",
        renderer_classes=[AnyRenderer],
    )
    @confirms
    def record(self: Any, request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
        """Who can see the case and who looked, as a file whose SHA-256 is on record. For its lab alone."""
        return giving.record_of(self._own(), self.kwargs["form"], actor=request.user)

    @extend_schema(operation_id="submissions_receipt", responses=RECEIPT)
    @action(detail=True, methods=["get"], url_path="receipt", renderer_classes=[AnyRenderer])
    @confirms
    def receipt(self: Any, request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
        """The receipt as PDF/UA. For its lab alone; a draft has none."""
        found = giving.receipt_of(self._own(), actor=request.user)
        if found is None:
            raise Http404
        return found

    @extend_schema(operation_id="submissions_archive", responses=ARCHIVE)
    @action(detail=True, methods=["get"], url_path="archive", renderer_classes=[AnyRenderer])
    @confirms
    def archive(self: Any, request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Everything of the case that its lab may take along, as one ZIP archive with a manifest. For its lab alone."""
        return giving.archive_of(self._own(), actor=request.user)

    def _own(self: Any) -> Submission:
        case = self.get_object()
        if not policies.sees_as_lab(self.request.user, case):
            raise NotAllowed("This is for the case's own lab.")
        return case
