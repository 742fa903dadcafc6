"""``/api/v1/services/``: the services of the labs one administers. They are made, rotated and revoked on the web only."""

from django.db.models import QuerySet
from rest_framework import serializers

from portal.accounts.models import ApiToken
from portal.api.fields import Instant
from portal.api.views import ReadOnlyViewSet

LIVE, REPLACED, EXPIRED = "live", "replaced", "expired"


class ServiceSerializer(serializers.Serializer):
    """A service's token; during a rotation a service has two. Its secret is nowhere."""

    id = serializers.UUIDField()
    state = serializers.SerializerMethodField()
    service = serializers.UUIDField(source="user_id")
    lab = serializers.UUIDField(source="user.service_of_id")
    name = serializers.CharField()
    scope = serializers.ChoiceField(choices=ApiToken.Scope.choices)
    made_by = serializers.CharField()
    made_at = Instant(source="created")
    expires_at = Instant(source="expiry")
    last_used_at = Instant(allow_null=True)

    def get_state(self, token: ApiToken) -> str:
        """``live``, ``replaced`` by a newer token but still good until it expires, or ``expired``."""
        if token.is_expired:
            return EXPIRED
        return REPLACED if token.replaced else LIVE  # type: ignore[attr-defined]


class ServiceViewSet(ReadOnlyViewSet):
    """Services of the labs of which one is an administrator; empty for everybody else."""

    model = ApiToken
    serializer_class = ServiceSerializer
    http_method_names = ["get", "head"]

    def visible(self) -> QuerySet:
        return ApiToken.objects.of_services(self.request.user)

    def _named(self, text: str) -> dict[str, str]:
        # A token's key is the hash of its secret; in addresses it goes by its id.
        return {"id": super()._named(text)["pk"]}


ROUTES = [("services", ServiceViewSet)]
