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
from portal.submissions import hooks
from portal.submissions.models import LegalHold, StoredFile

log = logging.getLogger(__name__)
# Much longer than any request lasts: a younger file may belong to a transaction that has yet to commit.
AFTER = timedelta(days=1)
BATCH = 500


def remove_orphans(*, at: datetime | None = None) -> int:
    """Remove the files that no row names and that are older than a day; returns how many. Twice, late or beside itself:
    the same files are gone. While any legal hold stands nothing is removed.

    ``at`` is the machine's time and not the portal's, which a demo may move: files know no other. What is older than the
    database's first file is left alone: such a storage was not filled from this database, or not from it alone.
    """
    with clock.at_offset(timedelta(0)):
        at = at or clock.now()
    since = [kind._base_manager.aggregate(first=Min("uploaded_at"))["first"] for kind in hooks.STORED]
    first = min((moment for moment in since if moment is not None), default=None)
    if first is None:
        return 0
    removed = 0
    for kind, batch in _all_batches():
        if LegalHold.objects.standing().exists():
            # Of a file without a row nobody knows the case: after a database came back from a backup it may be one that is kept.
            log.warning("A legal hold stands: stored files that no row names are left alone")
            break
        unnamed = set(batch.values()) - _named(kind, pk__in=batch)
        old = [name for name in sorted(unnamed) if first <= _stored_at(name, otherwise=at) <= at - AFTER]
        # A row may name a file that was stored under another's id. No index finds that, so only what would go is asked for.
        for name in set(old) - _named(kind, file__in=old):
            default_storage.delete(name)
            removed += 1
    if removed:
        log.warning("%s stored files that no row names were removed", removed)
    return removed


def _named(kind: type[StoredFile], **where) -> set[str]:
    """The files that the rows of a kind name."""
    return set(kind._base_manager.filter(**where).order_by().values_list("file", flat=True))


def _all_batches() -> Iterator[tuple[type[StoredFile], dict[UUID, str]]]:
    for kind in hooks.STORED:
        for batch in _batches(kind.FOLDER):
            yield kind, batch


def _batches(root: str) -> Iterator[dict[UUID, str]]:
    """The stored files of a kind, folder by folder, under the ids of the rows they were stored for."""
    for folder in _listed(root)[0]:
        names = _listed(f"{root}/{folder}")[1]
        for start in range(0, len(names), BATCH):
            yield {
                row: f"{root}/{folder}/{name}"
                for name in names[start : start + BATCH]
                if (row := _row(name)) is not None
            }


def _listed(folder: str) -> tuple[list[str], list[str]]:
    try:
        return default_storage.listdir(folder)
    except FileNotFoundError:
        return [], []


def _row(name: str) -> UUID | None:
    """The row a file was stored for; None for what the portal did not name, which is not ours to remove."""
    try:
        row = UUID(hex=name)
    except ValueError:
        return None
    return row if row.hex == name else None


def _stored_at(name: str, *, otherwise: datetime) -> datetime:
    try:
        return default_storage.get_modified_time(name)
    except Exception:
        # Storages tell of a missing file each by an error of its own. Another run of this job was quicker, then.
        if default_storage.exists(name):
            raise
        return otherwise
