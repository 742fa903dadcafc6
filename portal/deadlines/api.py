"""``/api/v1/notice-settings/``: how messages come to oneself by mail, by group."""

from typing import Any

from django.http import Http404
from drf_spectacular.utils import extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from portal.api.fields import StrictSerializer
from portal.api.views import valid
from portal.deadlines import actions, preferences
from portal.deadlines.preferences import Choice, Delivery


class NoticeSettingSerializer(serializers.Serializer):
    """A group of messages. ``follow`` are the kinds that come as chosen, ``essential`` those that always come at once."""

    id = serializers.CharField(source="key")
    label = serializers.CharField(source="group.label")
    delivery = serializers.ChoiceField(choices=Delivery.choices)
    follow = serializers.ListField(child=serializers.CharField())
    essential = serializers.ListField(child=serializers.CharField())


class NoticeSettingInput(StrictSerializer):
    delivery = serializers.ChoiceField(choices=Delivery.choices)


@extend_schema_serializer(many=False)
class NoticeSettingList(serializers.Serializer):
    results = NoticeSettingSerializer(many=True)


class NoticeSettingViewSet(ViewSet):
    """One's own settings, and nobody else's. They are about mail: every message stands on the notices page."""

    lookup_url_kwarg = "id"
    lookup_value_regex = "[0-9A-Za-z_-]{1,40}"
    http_method_names = ["get", "patch", "head"]

    @extend_schema(operation_id="notice_settings_list", responses=NoticeSettingList)
    def list(self, request: Request) -> Response:
        """All groups of which one can be told something."""
        found = preferences.choices_of(request.user)
        return Response({"results": NoticeSettingSerializer(found, many=True).data})

    @extend_schema(operation_id="notice_settings_retrieve", responses=NoticeSettingSerializer)
    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return Response(NoticeSettingSerializer(self._group()).data)

    @extend_schema(
        operation_id="notice_settings_update", request=NoticeSettingInput, responses=NoticeSettingSerializer
    )
    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Choose how a group comes. What is essential comes at once all the same."""
        group = self._group()
        given = valid(NoticeSettingInput, request)
        actions.choose_delivery(actor=request.user, deliveries={group.key: given["delivery"]})
        return self.retrieve(request)

    def _group(self) -> Choice:
        """The group of this address, if one can be told something of it; else 404."""
        mine = preferences.choices_of(self.request.user)
        found = next((choice for choice in mine if choice.key == self.kwargs["id"]), None)
        if found is None:
            raise Http404
        return found


ROUTES = [("notice-settings", NoticeSettingViewSet)]
