"""The base of every collection: lists and objects that begin at ``visible_to``, by UUID or case number."""

import re
from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Model, QuerySet
from django.http import Http404
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from portal.errors import Invalid

UUID_TEXT = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)


class PortalViewSet(GenericViewSet):
    """A collection. A subclass names ``model``, ``serializer_class``, and overrides ``visible`` and ``present`` as it needs.

    ``number_field`` names the column of a public number, such as ``case_number``, that stands for the id in addresses.
    """

    model: type[Model]
    number_field: str | None = None
    lookup_url_kwarg = "id"
    lookup_value_regex = "[0-9A-Za-z-]{1,40}"

    def visible(self) -> QuerySet:
        """What this person may see, in the order of the list, with what ``present`` needs joined."""
        return self.model.objects.visible_to(self.request.user)  # type: ignore[attr-defined]

    def get_queryset(self) -> QuerySet:
        if getattr(self, "swagger_fake_view", False):
            return self.model._default_manager.none()
        return self.visible()

    def get_object(self) -> Any:
        """The object of this address, if the person may see it; else 404, whether it is absent or forbidden."""
        found = self.get_queryset().filter(**self._named(self.kwargs["id"])).first()
        if found is None:
            raise Http404
        return found

    def _named(self, text: str) -> dict[str, Any]:
        if UUID_TEXT.fullmatch(text):
            return {"pk": UUID(text)}
        if self.number_field:
            return {self.number_field: text.upper()}
        raise Http404

    def present(self, rows: Sequence[Any], *, listing: bool) -> list[dict]:
        """Objects as the API tells them. A collection that shows lab material records the looks here, in one statement."""
        return list(self.get_serializer(rows, many=True).data)

    def shown(self, row: Any, *, status: int = 200) -> Response:
        """One object as an answer."""
        return Response(self.present([row], listing=False)[0], status=status)


class ListMixin:
    """``GET /<collection>/``."""

    def list(self: Any, request: Request, *args: Any, **kwargs: Any) -> Response:
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response(self.present(page, listing=True))


class RetrieveMixin:
    """``GET /<collection>/<id>/``."""

    def retrieve(self: Any, request: Request, *args: Any, **kwargs: Any) -> Response:
        return self.shown(self.get_object())


class ReadOnlyViewSet(ListMixin, RetrieveMixin, PortalViewSet):
    """A collection that is read, and changed by its verbs alone."""


class TooLarge(Invalid):
    """A body that is refused before it is read."""

    code = "too_large"
    status = 413


# What a form's other fields and boundaries may add to the file.
FORM_BYTES = 1024 * 1024


class TakesFiles:
    """Addresses that take files: a slow upload or download must not keep a database transaction open.

    The body is read after the person is known and before anything else; objects and actions have transactions of their own.
    """

    own_transactions = True

    @classmethod
    def as_view(cls, *args: Any, **options: Any) -> Callable:
        return transaction.non_atomic_requests(super().as_view(*args, **options))  # type: ignore[misc]

    def initial(self: Any, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)  # type: ignore[misc]
        length = request.META.get("CONTENT_LENGTH") or "0"
        limit = settings.PORTAL_MAX_UPLOAD_BYTES
        if length.isdigit() and int(length) > limit + FORM_BYTES:
            raise TooLarge(f"The file is larger than {limit // 2**20} MB.", field="file")
        if request.method == "POST":
            # Reading it is the point.
            _ = request.data

    @transaction.atomic
    def shown(self: Any, row: Any, *, status: int = 200) -> Response:
        return super().shown(row, status=status)  # type: ignore[misc]


class UploadMixin(TakesFiles):
    """A collection that takes files; its lists too have transactions of their own."""

    @transaction.atomic
    def list(self: Any, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().list(request, *args, **kwargs)  # type: ignore[misc]

    @transaction.atomic
    def retrieve(self: Any, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().retrieve(request, *args, **kwargs)  # type: ignore[misc]


class AnyRenderer(JSONRenderer):
    """For addresses that answer with a file: whatever a client says it takes, it gets the file, and a problem as JSON."""

    media_type = "*/*"


def valid(serializer_class: type, request: Request, **options: Any) -> dict[str, Any]:
    """The body of a request as a serializer understands it; raises ValidationError naming each wrong field."""
    serializer = serializer_class(data=request.data, **options)
    serializer.is_valid(raise_exception=True)
    return dict(serializer.validated_data)
