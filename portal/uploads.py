"""How uploaded files arrive: on disk, no further than the size the portal takes, and under the name they were sent with."""

import html

from django.conf import settings
from django.core.files.uploadhandler import TemporaryFileUploadHandler
from django.http.multipartparser import MultiPartParser


class _NamesKept(MultiPartParser):
    """Django's parser quietly makes "../../card.pdf" into "card.pdf". Here the name stays telling, so that it can be refused.

    Safe because no file is ever stored under the name it came with; ``files.tidy_name`` judges it before anyone reads it.
    """

    def sanitize_file_name(self, file_name: str) -> str | None:
        # A slash would still be taken for a folder by Django's own classes; a backslash is refused all the same.
        return html.unescape(file_name).replace("/", "\\") or None


class _OnDisk(TemporaryFileUploadHandler):
    """Writes to a temporary file, and only counts once the limit is passed: an endless upload fills no disk."""

    written = 0

    def new_file(self, *args, **kwargs):
        super().new_file(*args, **kwargs)
        self.written = 0

    def receive_data_chunk(self, raw_data, start):
        self.written += len(raw_data)
        if self.written <= settings.PORTAL_MAX_UPLOAD_BYTES:
            super().receive_data_chunk(raw_data, start)


class UploadHandler(TemporaryFileUploadHandler):
    """The one upload handler of the portal, for web, admin and API alike."""

    def handle_raw_input(self, input_data, META, content_length, boundary, encoding=None):  # noqa: N803
        return _NamesKept(META, input_data, [_OnDisk(self.request)], encoding).parse()
