"""Files as they come in and go out: judged by content, hashed while they stream, never held in memory."""

import hashlib
import re
import struct
import unicodedata
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.conf import settings
from django.core.files.base import File

from portal.errors import Invalid
from portal.submissions import watermarks

CHUNK = 256 * 1024
_HEAD = 8192
_ZIP_TYPES = {
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "eval": "application/x-inspect-eval",
    "zip": "application/zip",
}
_ENDINGS = {kind: ending for ending, kind in _ZIP_TYPES.items()} | {
    "application/pdf": "pdf",
    "image/png": "png",
    "image/jpeg": "jpg",
    "application/json": "json",
    "text/markdown": "md",
    "text/csv": "csv",
    "text/plain": "txt",
}
# How a type begins, and what must stand near the end of a whole file.
_MAGIC = {
    b"%PDF-": ("application/pdf", b"%%EOF"),
    b"\x89PNG\r\n\x1a\n": ("image/png", b"IEND"),
    b"\xff\xd8\xff": ("image/jpeg", b"\xff\xd9"),
}
# The last record of a zip archive, as far as it is read: signature, number of entries, bytes of their list.
_ZIP_END = struct.Struct("<4s6xHI6x")
_ZIP64_LOCATOR = 20
_ZIP_DIRECTORY = 16 * 2**20
_PROGRAMS = (b"MZ", b"\x7fELF", b"#!", b"\xca\xfe\xba\xbe", b"\xfe\xed\xfa", b"\xcf\xfa\xed\xfe")


@dataclass(frozen=True, slots=True)
class Checked:
    """A file that may be stored: its tidy name, its type as its content says, and what stands against copies that carry a name
    (as ``watermarks`` says it).
    """

    file: File
    name: str
    content_type: str
    watermark_problem: str


def check(upload) -> Checked:
    """Judge an upload. Raises Invalid on field ``file`` for none, an empty, too large, truncated, hostile or unknown one."""
    if upload is None:
        raise Invalid("Choose a file.", field="file")
    limit = settings.PORTAL_MAX_UPLOAD_BYTES
    if not upload.size:
        raise Invalid("The file is empty.", field="file")
    if upload.size > limit:
        raise Invalid(f"The file is larger than {limit // 2**20} MB.", field="file")
    # A door that knows the name as it was sent gives it: Django has made a harmless one of it already.
    name = tidy_name(getattr(upload, "sent_name", upload.name))
    content_type = content_type_of(upload, name)
    return Checked(upload, name, content_type, watermarks.trial(upload, content_type))


def tidy_name(name: str) -> str:
    """A file name safe to show and to offer for download; raises Invalid for one that tries to be a path or hides characters."""
    name = unicodedata.normalize("NFC", name or "").strip()
    if not name or name in (".", "..") or re.search(r"[/\\\x00]", name):
        raise Invalid("The file's name is not usable: rename it.", field="file")
    if any(unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co") for character in name):
        raise Invalid("The file's name has hidden characters: rename it.", field="file")
    if len(name) > 200:
        raise Invalid("The file's name is longer than 200 characters.", field="file")
    return name


def content_type_of(upload, name: str) -> str:
    """The type that the content shows, whatever the name or the browser says. Raises Invalid for one the portal does not take."""
    upload.seek(0)
    head = upload.read(_HEAD)
    upload.seek(0)
    for magic, (content_type, ending) in _MAGIC.items():
        if head.startswith(magic):
            _require_end(upload, ending)
            return content_type
    if head.startswith(b"PK"):
        return _zip_type(upload, name)
    if head.startswith(_PROGRAMS):
        raise Invalid("Programs are not taken.", field="file")
    return _text_type(upload, name)


def ending_of(content_type: str) -> str:
    """How the name of a file of this type ends; for a name that is to tell nothing of the sender's own."""
    return _ENDINGS[content_type]


def _require_end(upload, ending: bytes) -> None:
    upload.seek(max(0, upload.size - 2048))
    tail = upload.read(2048)
    upload.seek(0)
    if ending not in tail:
        raise Invalid("The file is truncated: its end is missing.", field="file")


def _zip_type(upload, name: str) -> str:
    _require_modest_directory(upload)
    try:
        with zipfile.ZipFile(upload) as archive:
            names = set(archive.namelist())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise Invalid("The archive is truncated or damaged.", field="file") from error
    finally:
        upload.seek(0)
    if "header.json" in names or "_journal/start.json" in names:
        return _ZIP_TYPES["eval"]
    if "[Content_Types].xml" in names:
        for folder, kind in (("word/", "docx"), ("xl/", "xlsx"), ("ppt/", "pptx")):
            if any(entry.startswith(folder) for entry in names):
                return _ZIP_TYPES[kind]
    return _ZIP_TYPES["zip"]


def _require_modest_directory(upload) -> None:
    """Raise Invalid for an archive whose list of entries alone would fill the memory: Python reads that list whole."""
    upload.seek(max(0, upload.size - 2**16 - _ZIP_END.size - _ZIP64_LOCATOR))
    tail = upload.read()
    upload.seek(0)
    found = tail.rfind(b"PK\x05\x06")
    if found < 0 or len(tail) < found + _ZIP_END.size:
        raise Invalid("The archive is truncated or damaged.", field="file")
    _, entries, length = _ZIP_END.unpack_from(tail, found)
    # A zip64 record, which no archive under the size limit needs, would overrule these numbers.
    is_zip64 = tail[max(0, found - _ZIP64_LOCATOR) : found].startswith(b"PK\x06\x07")
    if is_zip64 or entries == 0xFFFF or length > _ZIP_DIRECTORY:
        raise Invalid("The archive has too many entries.", field="file")


def _text_type(upload, name: str) -> str:
    """Text must be UTF-8 from start to end; read in pieces so that a large log is not held in memory."""
    import codecs

    decoder = codecs.getincrementaldecoder("utf-8")()
    first = last = ""
    upload.seek(0)
    try:
        while piece := upload.read(CHUNK):
            text = decoder.decode(piece)
            if "\x00" in text:
                raise Invalid("The file is of a kind the portal does not take.", field="file")
            first = first or text[:200].lstrip("\ufeff \r\n\t")
            last = text.rstrip()[-1:] or last
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        raise Invalid(
            "The file is of a kind the portal does not take, or a truncated text.", field="file"
        ) from error
    finally:
        upload.seek(0)
    closing = {"{": "}", "[": "]"}.get(first[:1], "")
    if closing and last == closing:
        return "application/json"
    if closing and name.lower().endswith(".json"):
        raise Invalid("The file is truncated: its end is missing.", field="file")
    if name.lower().endswith((".md", ".markdown")):
        return "text/markdown"
    if name.lower().endswith(".csv"):
        return "text/csv"
    return "text/plain"


def as_sent(content_type: str) -> str:
    """A kept content type as a download says it: of text also the charset, since none was taken that is not UTF-8."""
    return f"{content_type}; charset=utf-8" if content_type.startswith("text/") else content_type


class HashingFile(File):
    """A file that hashes and counts what is read from it, so the stored bytes and the hash cannot differ."""

    def __init__(self, file):
        super().__init__(file, getattr(file, "name", None))
        self.sha256 = hashlib.sha256()
        self.read_bytes = 0

    def chunks(self, chunk_size=None):
        self.file.seek(0)
        while piece := self.file.read(chunk_size or CHUNK):
            self.sha256.update(piece)
            self.read_bytes += len(piece)
            yield piece


@contextmanager
def removed_on_failure():
    """A list of stored files that are removed again when the block fails: nothing is kept of a refused upload."""
    stored: list = []
    try:
        yield stored
    except BaseException:
        for file in stored:
            file.delete(save=False)
        raise


def stream(given, *, still_allowed: Callable[[], bool], recheck_every: int = 4 * 2**20) -> Iterator[bytes]:
    """The bytes of what ``open_version`` gave, or of a version. The audience is asked again every ``recheck_every`` bytes: a
    download ends when access does.
    """
    since_check = 0
    with given.file.open("rb") as source:
        while piece := source.read(CHUNK):
            if since_check >= recheck_every:
                if not still_allowed():
                    return
                since_check = 0
            since_check += len(piece)
            yield piece
