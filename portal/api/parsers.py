"""Bodies as they come in: JSON of a sane size, uploads with the names their senders gave them."""

from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http.multipartparser import MultiPartParser as DjangoMultiPartParser
from django.http.multipartparser import MultiPartParserError
from rest_framework.exceptions import ParseError
from rest_framework.parsers import DataAndFiles
from rest_framework.parsers import JSONParser as PlainJSONParser
from rest_framework.parsers import MultiPartParser as PlainMultiPartParser


class JSONParser(PlainJSONParser):
    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        """Raises RequestDataTooBig for a body over Django's limit, ParseError for what is no JSON or nested absurdly."""
        request = (parser_context or {}).get("request")
        length = request.META.get("CONTENT_LENGTH") if request is not None else None
        if length and length.isdigit() and int(length) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            raise RequestDataTooBig("The body is too large.")
        try:
            return super().parse(stream, media_type, parser_context)
        except RecursionError as error:
            raise ParseError("The body is nested too deeply.") from error


class _NamesKept(DjangoMultiPartParser):
    """Django shortens a hostile name to a harmless one without a word; this one remembers what was sent."""

    def __init__(self, *args: Any, **options: Any):
        super().__init__(*args, **options)
        self.sent_names: list[str] = []

    def sanitize_file_name(self, file_name: str) -> str | None:
        tidy = super().sanitize_file_name(file_name)
        if tidy:
            self.sent_names.append(file_name)
        return tidy


class MultiPartParser(PlainMultiPartParser):
    """Uploads, streamed to a temporary file. ``sent_name`` of a file is its name as sent: what judges names reads that."""

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> DataAndFiles:
        request = (parser_context or {})["request"]
        meta = request.META | {"CONTENT_TYPE": media_type}
        try:
            parser = _NamesKept(meta, stream, request.upload_handlers, settings.DEFAULT_CHARSET)
            data, files = parser.parse()
        except MultiPartParserError as error:
            raise ParseError("The upload could not be read.") from error
        uploads = [upload for name in files for upload in files.getlist(name)]
        if len(uploads) == len(parser.sent_names) == 1:
            uploads[0].sent_name = parser.sent_names[0]
        return DataAndFiles(data, files)
