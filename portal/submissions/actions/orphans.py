"""Stored files of uploads that never became a fact: the request was rolled back after them, or its process was killed.

A rollback leaves nothing of the row that would name the file, and a killed process runs no code of ours. So what is left
behind is found from the storage's side.
"""

import logging
from collections.abc import Iterator
from datetime import datetime, timedelta
from uuid import UUID

from django.core.files.storage import default_storage
from django.db.models import Min

from portal import clock
from portal.submissions.models import FILES_FOLDER, DocumentVersion

log = logging.getLogger(__name__)
# Much longer than any request lasts: a younger file may belong to a transaction that has yet to commit.
AFTER = timedelta(days=1)
BATCH = 500


def remove_orphans(*, at: datetime | None = None) -> int:
    """Remove the files that no version names and that are older than a day; returns how many. Twice, late or beside itself:
    the same files are gone.

    ``at`` is the machine's time and not the portal's, which a demo may move: files know no other. What is older than the
    database's first version is left alone: such a storage was not filled from this database, or not from it alone.
    """
    with clock.at_offset(timedelta(0)):
        at = at or clock.now()
    first = DocumentVersion.objects.aggregate(first=Min("uploaded_at"))["first"]
    if first is None:
        return 0
    removed = 0
    for batch in _batches():
        unnamed = set(batch.values()) - _named(pk__in=batch)
        old = [name for name in sorted(unnamed) if first <= _stored_at(name, otherwise=at) <= at - AFTER]
        # A version may name a file that was stored under another's id. No index finds that, so only what would go is asked for.
        for name in set(old) - _named(file__in=old):
            default_storage.delete(name)
            removed += 1
    if removed:
        log.warning("%s stored files that no version names were removed", removed)
    return removed


def _named(**where) -> set[str]:
    """The files that versions name."""
    return set(DocumentVersion.objects.filter(**where).order_by().values_list("file", flat=True))


def _batches() -> Iterator[dict[UUID, str]]:
    """The stored files, folder by folder, under the ids of the versions they were stored for."""
    for folder in _listed(FILES_FOLDER)[0]:
        names = _listed(f"{FILES_FOLDER}/{folder}")[1]
        for start in range(0, len(names), BATCH):
            yield {
                version: f"{FILES_FOLDER}/{folder}/{name}"
                for name in names[start : start + BATCH]
                if (version := _version(name)) is not None
            }


def _listed(folder: str) -> tuple[list[str], list[str]]:
    try:
        return default_storage.listdir(folder)
    except FileNotFoundError:
        return [], []


def _version(name: str) -> UUID | None:
    """The version a file was stored for; None for what the portal did not name, which is not ours to remove."""
    try:
        version = UUID(hex=name)
    except ValueError:
        return None
    return version if version.hex == name else None


def _stored_at(name: str, *, otherwise: datetime) -> datetime:
    try:
        return default_storage.get_modified_time(name)
    except Exception:
        # Storages tell of a missing file each by an error of its own. Another run of this job was quicker, then.
        if default_storage.exists(name):
            raise
        return otherwise
