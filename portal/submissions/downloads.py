"""A file on its way out, the same for pages and API: recorded, never shown by the browser, cut off when access ends."""

import errno
from collections.abc import Callable, Iterator
from functools import partial
from uuid import UUID

from django.db import transaction
from django.http import StreamingHttpResponse

from portal import clock
from portal.accounts.models import Kind, User
from portal.headers import attachment
from portal.submissions import actions, files, policies
from portal.submissions.models import DocumentVersion, StoredFile


def download(*, actor, version: DocumentVersion) -> StreamingHttpResponse:
    """The content of a version as an attachment; the look is recorded before the first byte. Raises NotAllowed, Busy.

    The bytes leave after the request's transaction: the audience is asked again every few megabytes, in short ones of their own.
    """
    given = actions.open_version(actor=actor, version=version)
    return streamed(version, given, still_allowed=partial(_still_allowed, actor.pk, version.document_id))


def streamed(
    file: StoredFile, given: actions.Given, *, still_allowed: Callable[[], bool], name: str = ""
) -> StreamingHttpResponse:
    """What an action gave of a file, as an attachment; ``still_allowed`` is asked again while it is on its way. ``name`` stands
    in place of the sender's own.
    """
    body = _Body(given, still_allowed)
    length = {"Content-Length": str(given.size)}
    content_type = files.as_sent(file.content_type)
    return attachment(body, name=name or file.name, content_type=content_type, headers=length)


class _Body:
    """The bytes on their way. Closed with the response even where nobody ever read them: a copy lives no longer."""

    def __init__(self, given: actions.Given, still_allowed: Callable[[], bool]):
        self.given, self.still_allowed = given, still_allowed

    def __iter__(self) -> Iterator[bytes]:
        sent = 0
        for piece in files.stream(self.given, still_allowed=self.still_allowed):
            sent += len(piece)
            yield piece
        if sent < self.given.size:
            # The server closes the connection, so the reader sees a broken download and not a whole file.
            raise ConnectionResetError(errno.ECONNRESET, "Access ended while the file was on its way.")

    def close(self) -> None:
        self.given.close()


def _still_allowed(person: UUID, document: UUID) -> bool:
    clock.refresh()
    with transaction.atomic():
        return policies.may_go_on_reading(person, document)


def still_of_the_lab(person: UUID, lab: UUID) -> bool:
    """Whether a person sits in a lab at this moment; asked anew while an archive is on its way."""
    clock.refresh()
    with transaction.atomic():
        reader = User.objects.filter(pk=person).first()
        return reader is not None and reader.is_active and lab in reader.organisations_as(Kind.LAB)
