"""``/api/v1/uploads/``: files that come in piece by piece, by the tus protocol 1.0 (creation, termination, checksum, expiration).

One door for programs with a token and for the lab's pages with their session. An upload that has arrived whole is named as
``upload`` where a document or a version is added.
"""

import base64
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.db import transaction
from django.http import HttpResponse
from django.utils.http import http_date
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.reverse import reverse

from portal.api.fields import Instant
from portal.api.views import ListMixin, PortalViewSet, RetrieveMixin
from portal.errors import Invalid, NotAllowed
from portal.submissions import actions, policies
from portal.submissions.models import Upload

VERSION = "1.0.0"
PIECE_TYPE = "application/offset+octet-stream"
CAPABLE = {
    "Tus-Resumable": VERSION,
    "Tus-Version": VERSION,
    "Tus-Extension": "creation,termination,checksum,expiration",
    "Tus-Checksum-Algorithm": "sha256",
}
LONGEST_METADATA = 4096


class WrongVersion(Invalid):
    """Another tus than the portal speaks, or a call that says none."""

    code = "wrong_tus_version"
    status = 412


class WrongType(Invalid):
    """A piece is sent as ``application/offset+octet-stream``."""

    code = "wrong_type"
    status = 415


class UploadSerializer(serializers.Serializer):
    """A file on its way in: ``length`` is what it will have, ``offset`` how much has arrived, both in bytes."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    length = serializers.IntegerField()
    offset = serializers.IntegerField()
    created_at = Instant()
    expires_at = Instant()


class RawParser(BaseParser):
    """Leaves the body to be read piece by piece."""

    media_type = PIECE_TYPE

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> dict:
        return {}


def _header(name: str, words: str, *, required: bool = True) -> OpenApiParameter:
    return OpenApiParameter(name, str, OpenApiParameter.HEADER, description=words, required=required)


TUS = _header("Tus-Resumable", "1.0.0")
OTHER_TUS = {
    412: OpenApiResponse(description="Another tus than the portal speaks, or a call that says none.")
}
IN_USE = {423: OpenApiResponse(description="Another request is writing to the upload.")}


def _telling(status: int, **more: str) -> list[OpenApiParameter]:
    """The headers of an answer about one upload; ``more`` is what else it tells, name to words."""
    words = {
        "Tus-Resumable": VERSION,
        "Upload-Offset": "How many bytes have arrived.",
        "Upload-Length": "How many it will have.",
        "Upload-Expires": "When it ends by itself.",
    }
    return [
        OpenApiParameter(
            name, str, OpenApiParameter.HEADER, required=True, response=[status], description=said
        )
        for name, said in (words | more).items()
    ]


class UploadViewSet(ListMixin, RetrieveMixin, PortalViewSet):
    """Uploads of one's own that are not finished. Nobody else sees them, and each ends by itself a day after it began."""

    model = Upload
    serializer_class = UploadSerializer
    parser_classes = [RawParser]
    http_method_names = ["get", "head", "post", "patch", "delete", "options"]
    own_transactions = True

    @classmethod
    def as_view(cls, *args: Any, **options: Any) -> Callable:
        return transaction.non_atomic_requests(super().as_view(*args, **options))  # type: ignore[misc]

    def visible(self) -> Any:
        return super().visible().order_by("-created_at", "id")

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        answer = super().finalize_response(request, response, *args, **kwargs)
        for name, value in CAPABLE.items():
            answer[name] = value
        answer["Tus-Max-Size"] = str(settings.PORTAL_MAX_UPLOAD_BYTES)
        answer["Cache-Control"] = "no-store"
        return answer

    @extend_schema(exclude=True)
    def options(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
        """What of tus the portal speaks."""
        return HttpResponse(status=204)

    @extend_schema(
        request=None,
        parameters=[
            TUS,
            _header("Upload-Length", "The file's size in bytes."),
            _header("Upload-Metadata", "`filename` and the file's name in base64, after a space."),
            *_telling(201, Location="Where its pieces go."),
        ],
        responses={201: OpenApiResponse(description="Begun; `Location` says where its pieces go.")}
        | OTHER_TUS,
    )
    def create(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
        """Begin an upload."""
        if not policies.may_upload(request.user):
            raise NotAllowed("Only administrators and contributors of a lab upload files.")
        _require_tus(request)
        length = _number(request, "Upload-Length")
        upload = actions.begin_upload(actor=request.user, name=_filename(request), length=length)
        answer = self._told(upload, 0, status=201)
        answer["Location"] = reverse("uploads-detail", args=[upload.pk], request=request)
        return answer

    @extend_schema(parameters=_telling(200))
    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Any:
        """How much of it has arrived; by HEAD in headers alone."""
        upload = self.get_object()
        answer = self._told(upload, upload.offset, status=200)
        if request.method == "HEAD":
            _require_tus(request)
            return answer
        told = self.shown(upload)
        for name in ("Upload-Offset", "Upload-Length", "Upload-Expires"):
            told[name] = answer[name]
        return told

    @extend_schema(
        request={PIECE_TYPE: OpenApiTypes.BINARY},
        parameters=[
            TUS,
            _header("Upload-Offset", "Where the piece begins: what has arrived so far."),
            _header(
                "Upload-Checksum",
                "`sha256` and the piece's SHA-256 in base64, after a space.",
                required=False,
            ),
            *_telling(204),
        ],
        responses={
            204: OpenApiResponse(description="Taken; `Upload-Offset` says how much has arrived."),
            460: OpenApiResponse(description="The piece is not what its checksum says."),
        }
        | OTHER_TUS
        | IN_USE,
    )
    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
        """Send a piece. Of a connection that breaks off, what has arrived stays."""
        upload = self.get_object()
        _require_tus(request)
        if request.content_type != PIECE_TYPE:
            raise WrongType(f"Send a piece as {PIECE_TYPE}.")
        offset = actions.receive(
            actor=request.user,
            upload=upload,
            offset=_number(request, "Upload-Offset"),
            read=request._request.read,
            sha256=_checksum(request),
        )
        return self._told(upload, offset, status=204)

    @extend_schema(request=None, parameters=[TUS], responses={204: None} | OTHER_TUS)
    def destroy(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
        """Give an upload up."""
        upload = self.get_object()
        _require_tus(request)
        actions.end_upload(actor=request.user, upload=upload)
        return HttpResponse(status=204)

    def _told(self, upload: Upload, offset: int, *, status: int) -> HttpResponse:
        answer = HttpResponse(status=status)
        answer["Upload-Offset"], answer["Upload-Length"] = str(offset), str(upload.length)
        answer["Upload-Expires"] = http_date(upload.expires_at.timestamp())
        return answer


def _require_tus(request: Request) -> None:
    if request.headers.get("Tus-Resumable", "") != VERSION:
        raise WrongVersion(f"Say Tus-Resumable: {VERSION}.")


def _number(request: Request, header: str) -> int:
    text = request.headers.get(header, "")
    if not text.isascii() or not text.isdecimal() or len(text) > 15:
        raise Invalid(f"{header} must be a number of bytes.")
    return int(text)


def _filename(request: Request) -> str:
    """The file's name of ``Upload-Metadata``: pairs of a key and its base64, between commas."""
    text = request.headers.get("Upload-Metadata", "")
    for pair in text.split(",") if len(text) <= LONGEST_METADATA else []:
        key, _, value = pair.strip().partition(" ")
        if key == "filename":
            try:
                return base64.b64decode(value, validate=True).decode()
            except ValueError as error:
                raise Invalid("The file's name in Upload-Metadata must be UTF-8 in base64.") from error
    raise Invalid("Upload-Metadata must give the file's name as filename.")


def _checksum(request: Request) -> bytes:
    text = request.headers.get("Upload-Checksum", "")
    if not text:
        return b""
    algorithm, _, value = text.partition(" ")
    try:
        digest = base64.b64decode(value, validate=True)
    except ValueError:
        digest = b""
    if algorithm != "sha256" or len(digest) != 32:
        raise Invalid("Upload-Checksum must be sha256 and the piece's SHA-256 in base64.")
    return digest
