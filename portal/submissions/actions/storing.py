"""Files into the storage, before anything of their case is locked: a storage may be slow, and a withdrawal waits for none."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, TypeVar

from django.conf import settings

from portal.errors import AlreadyDone, Invalid, Missing
from portal.submissions import files
from portal.submissions.actions.uploads import arrived
from portal.submissions.models import Document, DocumentVersion, StoredFile, Upload
from portal.submissions.models.stored import Scan

Kept = TypeVar("Kept", bound=StoredFile)


@contextmanager
def stored(upload: Any, *, actor, kind: type[Kept], sha256: str = "") -> Iterator[Kept]:
    """The file of an action as a row of its ``kind``, not saved yet: judged, in the storage, and what its sender says it is.

    Begun outside the case's lock, by who may add it as far as is known; the action asks again once it holds the lock. Where the
    block fails the file is removed. Raises Invalid, naming the field.
    """
    if isinstance(upload, Upload) and not sha256:
        raise Missing("Say the SHA-256 of what you uploaded.", field="sha256")
    with files.removed_on_failure() as kept, arrived(upload, actor=actor) as file:
        checked = files.check(file)
        row = kind(
            scan_state=Scan.WAITING if settings.CLAMD_URL else Scan.NOT_SCANNED,
            uploaded_by=actor,
        )
        row.take_in(checked)
        hashing = files.HashingFile(checked.file)
        row.file.save(row.name, hashing, save=False)
        kept.append(row.file)
        row.sha256, row.size = hashing.sha256.hexdigest(), hashing.read_bytes
        if sha256 and sha256.lower() != row.sha256:
            raise Invalid(
                f"The file changed on its way: SHA-256 {row.sha256} arrived, and {sha256} was sent. Choose it again.",
                field="file",
            )
        yield row


def become(version: DocumentVersion, document: Document, number: int, at: datetime) -> None:
    """Under the case's lock: a stored file is a version of a document from now on."""
    version.document, version.number, version.uploaded_at = document, number, at
    version.save(force_insert=True)


def refuse_repeat(version: DocumentVersion) -> None:
    """Raise AlreadyDone for a file that is in the case under the same kind and title: a double click, a repeated call."""
    document = version.document
    same = DocumentVersion.objects.filter(
        sha256=version.sha256,
        document__submission=document.submission_id,
        document__kind=document.kind,
        document__title=document.title,
        document__removed_at=None,
    )
    if same.exclude(pk=version.pk).exists():
        raise AlreadyDone("This very file is in the case already; nothing was stored twice.")
