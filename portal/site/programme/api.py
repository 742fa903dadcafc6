"""``GET /api/v1/programme/``: what the programme is called, its targets and its standard access terms, as they hold now."""

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from portal import programme
from portal.programme import schema
from portal.submissions import terms


class TargetSerializer(serializers.Serializer):
    name = serializers.CharField()
    label = serializers.CharField()
    value = serializers.IntegerField()
    unit = serializers.CharField()


class ProgrammeSerializer(serializers.Serializer):
    """``version`` is the number of the settings that hold; 0 where nobody has changed one."""

    version = serializers.IntegerField()
    name = serializers.CharField()
    determining_authority = serializers.CharField()
    targets = TargetSerializer(many=True)
    terms = serializers.DictField(child=serializers.CharField())


class ProgrammeView(APIView):
    """The programme's settings that everybody who takes part may read."""

    http_method_names = ["get", "head"]

    @extend_schema(responses=ProgrammeSerializer, operation_id="programme_retrieve")
    def get(self, request: Request) -> Response:
        now = programme.current()
        targets = [
            {
                "name": row.key.removeprefix("target:"),
                "label": row.label,
                "value": now.get(row.key),
                "unit": row.unit,
            }
            for row in schema.of_group(schema.TARGETS)
            if isinstance(row, schema.Number)
        ]
        told = {
            "version": now.number,
            "name": now.name,
            "determining_authority": now.determining_authority,
            "targets": targets,
            "terms": terms.standard(),
        }
        return Response(ProgrammeSerializer(told).data)
