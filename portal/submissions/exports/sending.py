"""Parts as one ZIP archive with a manifest and its signature, made while it is sent."""

import hashlib
import io
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from portal.ledger import proofs
from portal.submissions.exports import record
from portal.submissions.files import CHUNK
from portal.submissions.models import DocumentVersion, Submission

MANIFEST = "manifest.json"
SIGNATURE = "manifest.signature.json"
# How many bytes of a file go out between two looks at the audience.
RECHECK_EVERY = 4 * 2**20


@dataclass(frozen=True, slots=True)
class Part:
    """One file of the archive: its content, or the stored version it is streamed from."""

    path: str
    content: bytes = b""
    version: DocumentVersion | None = None

    def is_frozen(self) -> bool:
        """Whether a spill hides its document, asked anew."""
        return (
            self.version is not None
            and not DocumentVersion.objects.unfrozen().filter(pk=self.version.pk).exists()
        )

    def pieces(self) -> Iterator[bytes]:
        if self.version is None:
            yield self.content
            return
        with self.version.file.open("rb") as source:
            while piece := source.read(CHUNK):
                yield piece


def stream(
    case: Submission, parts: list[Part], *, at: datetime, still_allowed: Callable[[], bool]
) -> Iterator[bytes]:
    """The archive, piece by piece; its manifest comes last, since it names the SHA-256 of all that was sent, and then
    the ledger key's signature of it.

    The audience is asked again before each file and every few megabytes of one: when access ends the stream ends, and what
    came so far is no whole archive.
    """
    sink = _Sink()
    listed = []
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        for part in parts:
            if part.version is not None:
                _require(still_allowed)
                if part.version.withheld_now():
                    why = part.version.disposed_told or "malware was found"
                    listed.append({"path": None, "withheld": why} | _about(part))
                    continue
                if part.is_frozen():
                    # No name of it: the name may be what was spilled.
                    listed.append({"path": None, "withheld": "frozen after a report of a spill"})
                    continue
            sha256, size, since = hashlib.sha256(), 0, 0
            entry = zipfile.ZipInfo(part.path, date_time=at.timetuple()[:6])
            entry.compress_type = zipfile.ZIP_DEFLATED
            with archive.open(entry, "w", force_zip64=True) as target:
                for piece in part.pieces():
                    sha256.update(piece)
                    size += len(piece)
                    since += len(piece)
                    if part.version is not None and since >= RECHECK_EVERY:
                        _require(lambda part=part: still_allowed() and not part.is_frozen())
                        since = 0
                    target.write(piece)
                    yield sink.taken()
            listed.append({"path": part.path, "size": size, "sha256": sha256.hexdigest()} | _about(part))
        manifest = {
            "case": case.case_number,
            "lab": case.lab.name,
            "made_at": at.isoformat(),
            "files": listed,
        }
        content = record.plain_json(manifest)
        archive.writestr(MANIFEST, content)
        signature = proofs.signed_manifest(hashlib.sha256(content).hexdigest())
        archive.writestr(SIGNATURE, record.plain_json(signature))
    yield sink.taken()


def _require(still_allowed: Callable[[], bool]) -> None:
    if not still_allowed():
        raise ConnectionResetError("Access ended while the archive was on its way.")


def _about(part: Part) -> dict[str, Any]:
    """For a document, what it is called and whether the bytes are those that were received."""
    if part.version is None:
        return {}
    document = part.version.document
    return {
        "document": document.title,
        "name": part.version.name,
        "version": part.version.number,
        "marking": document.marking,
        "received_sha256": part.version.sha256,
    }


class _Sink(io.RawIOBase):
    """Where the archive is written: holds what has not been sent yet, and cannot be wound back."""

    def __init__(self) -> None:
        self.waiting = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self.waiting += data
        return len(data)

    def taken(self) -> bytes:
        piece = bytes(self.waiting)
        self.waiting.clear()
        return piece
