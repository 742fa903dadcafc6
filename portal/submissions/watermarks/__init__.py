"""Copies of PDFs that carry their reader's name: every page with marking, reader, organisation, instant and case number.

A PDF is whatever somebody uploaded, so it is opened in a process of its own (``child.py``) with bounds on memory, time, pages
and bytes; the web process only starts it and reads the result. Whether a PDF can be stamped at all is tried once, at upload,
by stamping it for nobody, and what stands against it is told to the lab: from then on a copy that fails is a busy machine's
fault, and its reader asks again rather than getting a copy that names nobody.
"""

import hashlib
import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from django.conf import settings

from portal.errors import Refused

PDF = "application/pdf"
# Why a PDF has no copies that carry a name; said to the lab.
PROBLEMS = {
    "encrypted": "it is encrypted",
    "damaged": "it is damaged or not a whole PDF",
    "too_large": "it is too large",
    "too_many_pages": "it has too many pages",
    "too_heavy": "it takes too long, or too much memory",
}
MOST_PAGES = 2000
MEMORY = 2**30
TRIAL_SECONDS, SECONDS = 10, 30
# So many at a time in one process: the others wait for as long as a copy may take.
_PLACES = threading.BoundedSemaphore(2)
_CHILD = Path(__file__).with_name("child.py")
_TAIL = 2048
_TRIAL = {"marking": "-", "reader": "-", "copy": "-"}


class Busy(Refused):
    """The copy could not be made now, though it can be made."""

    code = "busy"
    status = 503


class _Failed(Exception):  # noqa: N818 (it never leaves this module)
    """The child ended without an answer."""


@dataclass(frozen=True, slots=True)
class Copy:
    """A stamped copy: its bytes in a file that has no name any more and goes when it is closed."""

    source: BinaryIO
    size: int
    sha256: str

    def open(self, mode: str = "rb") -> BinaryIO:
        self.source.seek(0)
        return self.source

    def close(self) -> None:
        self.source.close()


LATER = "Your copy of this file could not be made just now. Ask for it again in a minute."


def trial(upload: Any, content_type: str) -> str | None:
    """What stands against stamping an uploaded file: a word of ``PROBLEMS``, or nothing. Nothing for what is no PDF; None where
    it could not be tried just now.
    """
    if content_type != PDF:
        return ""
    if upload.size > settings.PORTAL_WATERMARK_MAX_BYTES:
        return "too_large"
    if not _has_index(upload):
        return "damaged"
    with _folder() as folder, _on_disk(upload, folder) as source:
        job = _job(source, upload.size, TRIAL_SECONDS) | {"words": _TRIAL, "target": str(folder / "copy")}
        try:
            return _run(job, TRIAL_SECONDS).get("problem", "")
        except _Failed:
            return "too_heavy"
        except Busy:
            # Not tried: that the machine had much to do says nothing of the file.
            return None


def stamped(version: Any, words: dict[str, str]) -> Copy | None:
    """A copy of a version with these words on every page; None where it cannot have any. Raises Busy.

    ``words``: ``marking``, ``reader`` (across the page), ``copy`` (whose it is, below).
    """
    if version.content_type != PDF or version.watermark_problem:
        return None
    was_tried = version.watermark_problem is not None
    if not was_tried and version.size > settings.PORTAL_WATERMARK_MAX_BYTES:
        return None
    try:
        with _folder() as folder, _on_disk(version.file, folder) as source:
            target = folder / "copy"
            answer = _run(
                _job(source, version.size, SECONDS) | {"words": words, "target": str(target)}, SECONDS
            )
            if "problem" not in answer:
                return _opened(target)
    except _Failed as error:
        if was_tried:
            raise Busy(LATER) from error
        return None
    if was_tried:
        raise Busy(LATER)
    return None


def _opened(target: Path) -> Copy:
    source = target.open("rb")
    digest = hashlib.file_digest(source, "sha256")
    return Copy(source, target.stat().st_size, digest.hexdigest())


def _job(source: Path, size: int, seconds: int) -> dict:
    limits = {"memory": MEMORY, "seconds": seconds, "pages": MOST_PAGES, "written": 2 * size + 64 * 2**20}
    return {"source": str(source), "limits": limits}


def _run(job: dict, seconds: int) -> dict:
    """The child's answer. Raises _Failed where it crashed or was stopped, Busy where it never ran."""
    if not _PLACES.acquire(timeout=seconds):
        raise Busy(LATER)
    try:
        done = subprocess.run(
            [sys.executable, "-I", os.fspath(_CHILD)],
            input=json.dumps(job).encode(),
            capture_output=True,
            timeout=seconds,
            check=True,
            # More threads would each ask for address space, which is bounded.
            env={"RAYON_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "2"},
        )
        return json.loads(done.stdout)
    except OSError as error:
        raise Busy(LATER) from error
    except (subprocess.SubprocessError, ValueError) as error:
        raise _Failed from error
    finally:
        _PLACES.release()


def _has_index(upload: Any) -> bool:
    """Whether a PDF says where its index is. One that does not would have to be guessed at: it is not started upon."""
    upload.seek(max(0, upload.size - _TAIL))
    tail = upload.read(_TAIL)
    upload.seek(0)
    return b"startxref" in tail


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="copy-", dir=settings.FILE_UPLOAD_TEMP_DIR) as name:
        yield Path(name)


@contextmanager
def _on_disk(file: Any, folder: Path) -> Iterator[Path]:
    """The file under a path: its own where it has one, else written out."""
    own = getattr(file, "temporary_file_path", None)
    try:
        path = own() if own else file.path
    except (AttributeError, NotImplementedError):
        path = None
    if path and Path(path).is_file():
        yield Path(path)
        return
    written = folder / "source"
    file.open("rb")
    with written.open("wb") as target:
        for piece in file.chunks():
            target.write(piece)
    file.seek(0)
    yield written
