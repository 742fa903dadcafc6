"""``POST /<collection>/<id>/report_spill/``: whoever reads an object says that it holds what the portal must not store."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.parsers import JSONParser, MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from portal.api.fields import StrictSerializer
from portal.api.views import valid
from portal.errors import NotAllowed
from portal.submissions import actions, policies_spills
from portal.submissions.actions.spills import NOT_OPEN
from portal.submissions.models import Spill
from portal.submissions.states import SpillState


class SpillInput(StrictSerializer):
    """One word for what is feared; a note would repeat the spill."""

    feared = serializers.ChoiceField(choices=Spill.Feared.choices)


class SpillSerializer(serializers.Serializer):
    """The report. The object itself answers 404 from now on, to everybody."""

    id = serializers.UUIDField()
    kind = serializers.CharField()
    state = serializers.ChoiceField(choices=SpillState.choices)
    feared = serializers.ChoiceField(choices=Spill.Feared.choices)


class SpillMixin:
    """A collection whose objects a report of a spill freezes."""

    @extend_schema(request=SpillInput, responses={200: SpillSerializer}, filters=False)
    @action(
        detail=True, methods=["post"], url_path="report_spill", parser_classes=[JSONParser, MultiPartParser]
    )
    def report_spill(self: Any, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Report a spill: the object is frozen at once, for everybody, until security lifts that or removes the content."""
        found = self.get_object()
        if not policies_spills.may_report(request.user, found):
            # Before the body is looked at, as for every verb.
            raise NotAllowed(NOT_OPEN)
        given = valid(SpillInput, request)
        spill = actions.report_spill(actor=request.user, subject=found, feared=given["feared"])
        return Response(SpillSerializer(spill).data)
