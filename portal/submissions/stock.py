"""The stored files that rows name: which have to be in the storage, and whether each is what its row says."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from django.core.files.storage import default_storage

from portal.submissions import hooks, spills
from portal.submissions.models import Spill
from portal.submissions.states import SpillState

CHUNK = 2**20


@dataclass(frozen=True, slots=True)
class Stored:
    """A file by its name in the storage: ``size`` in bytes, ``sha256`` in hex."""

    name: str
    size: int
    sha256: str


def listed() -> Iterator[Stored]:
    """Each file that has to be there, once; not what was disposed of or destroyed, nor what waits to be."""
    gone = _spilled()
    seen = set()
    for kind in hooks.STORED:
        rows = kind.still_stored().order_by("pk").values_list("file", "size", "sha256")
        for name, size, sha256 in rows.iterator(chunk_size=2000):
            if name not in gone and name not in seen:
                seen.add(name)
                yield Stored(name, size, sha256)


def _spilled() -> set[str]:
    """The files of what a security officer had removed: they are deleted, or about to be, while their rows stay."""
    removed = Spill.objects.filter(state=SpillState.REMOVED).values_list("kind", "subject_id")
    return {
        name
        for kind, subject in removed
        if kind in spills.KINDS
        for name in spills.KINDS[kind].files(subject)
    }


def fault(stored: Stored) -> str:
    """What is wrong with a file in the storage, in words; empty when nothing is."""
    digest, size = hashlib.sha256(), 0
    try:
        with default_storage.open(stored.name) as file:
            while piece := file.read(CHUNK):
                digest.update(piece)
                size += len(piece)
    except FileNotFoundError:
        return f"{stored.name} is missing."
    if (size, digest.hexdigest()) != (stored.size, stored.sha256):
        return f"{stored.name} is not what its row says: {size} bytes with SHA-256 {digest.hexdigest()}."
    return ""
