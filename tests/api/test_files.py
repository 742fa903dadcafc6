"""Files judged, hashed and streamed: ``portal.submissions.files`` by itself."""

import hashlib
import io
import zipfile
from types import SimpleNamespace

import pytest
from django.core.files.base import ContentFile, File

from portal.errors import Invalid
from portal.submissions import files

UNKNOWN = "The file is of a kind the portal does not take."
TEXT_CUT = "The file is of a kind the portal does not take, or a truncated text."
CUT = "The file is truncated: its end is missing."
DAMAGED = "The archive is truncated or damaged."
CROWDED = "The archive has too many entries."
PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 20 + b"IEND\xaeB`\x82"
JPEG = b"\xff\xd8\xff\xe0" + b"\x00" * 20 + b"\xff\xd9"


def _zip(*names: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in names:
            archive.writestr(name, "marzipan")
    return buffer.getvalue()


OFFICE = "application/vnd.openxmlformats-officedocument"


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("card.exe", b"%PDF-1.7\n%%EOF\n", "application/pdf"),
        ("card.pdf", PNG, "image/png"),
        ("card", JPEG, "image/jpeg"),
        ("log.zip", _zip("header.json", "samples/1.json"), "application/x-inspect-eval"),
        ("log.eval", _zip("_journal/start.json"), "application/x-inspect-eval"),
        ("a.bin", _zip("[Content_Types].xml", "word/document.xml"), f"{OFFICE}.wordprocessingml.document"),
        ("a.bin", _zip("[Content_Types].xml", "xl/workbook.xml"), f"{OFFICE}.spreadsheetml.sheet"),
        ("a.bin", _zip("[Content_Types].xml", "ppt/slides.xml"), f"{OFFICE}.presentationml.presentation"),
        ("a.bin", _zip("a.txt"), "application/zip"),
        ("log.json", b' \n{"version": 2}\n', "application/json"),
        ("log.txt", b"[1, 2]", "application/json"),
        ("card.md", "# Übersicht".encode(), "text/markdown"),
        ("scores.CSV", b"a,b\n1,2\n", "text/csv"),
        ("notes", b"{ not json", "text/plain"),
        ("page.html", b"<script>alert(1)</script>", "text/plain"),
        ("bom.txt", "\ufeffmarzipan".encode(), "text/plain"),
    ],
)
def test_the_content_says_what_a_file_is_whatever_its_name(name, content, expected):
    checked = files.check(ContentFile(content, name=name))
    assert (checked.name, checked.content_type) == (name, expected)
    assert checked.file.read() == content


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "The file is empty."),
        (b"%PDF-1.7\n", CUT),
        (PNG[:-8], CUT),
        (JPEG[:-2], CUT),
        (_zip("header.json")[:-1], DAMAGED),
        (b"PK\x03\x04", DAMAGED),
        (b"PK\x05\x06" + b"\x00" * 10, DAMAGED),
        (b"\x7fELF\x02", "Programs are not taken."),
        (b"\xcf\xfa\xed\xfe", "Programs are not taken."),
        (b"\x80\x02}q\x00.", TEXT_CUT),
        (b"GIF89a\x00", UNKNOWN),
        ("für".encode("latin-1"), TEXT_CUT),
        ("ü".encode()[:1], TEXT_CUT),
        (b"a" * files.CHUNK + b"\x00", UNKNOWN),
    ],
)
def test_what_cannot_be_taken_is_refused_with_a_reason(content, words):
    with pytest.raises(Invalid) as refusal:
        files.check(ContentFile(content, name="card.txt"))
    assert (refusal.value.message, refusal.value.field, refusal.value.status) == (words, "file", 400)


def test_a_json_file_cut_short_is_refused():
    with pytest.raises(Invalid, match="truncated"):
        files.check(ContentFile(b'{"samples": [1, 2', name="log.json"))


def test_a_letter_on_the_border_of_two_pieces_is_one_letter():
    content = b"a" * (files.CHUNK - 1) + "ü".encode()
    assert files.check(ContentFile(content, name="a.txt")).content_type == "text/plain"


def test_no_file_is_told_in_words():
    with pytest.raises(Invalid) as refusal:
        files.check(None)
    assert (refusal.value.message, refusal.value.field) == ("Choose a file.", "file")


def test_the_size_limit_is_a_setting(settings):
    settings.PORTAL_MAX_UPLOAD_BYTES = 2**20
    assert files.check(ContentFile(b"a" * 2**20, name="a.txt"))
    with pytest.raises(Invalid, match="larger than 1 MB"):
        files.check(ContentFile(b"a" * (2**20 + 1), name="a.txt"))


def test_an_archives_list_of_entries_is_bounded_before_it_is_read():
    plain = bytearray(_zip("a.txt"))
    end = plain.rfind(b"PK\x05\x06")
    crowded = plain[: end + 10] + b"\xff\xff" + plain[end + 12 :]
    endless = plain[: end + 12] + (17 * 2**20).to_bytes(4, "little") + plain[end + 16 :]
    overruled = plain[:end] + b"PK\x06\x07" + b"\x00" * 16 + plain[end:]
    for content in (crowded, endless, overruled):
        with pytest.raises(Invalid) as refusal:
            files.check(ContentFile(bytes(content), name="a.zip"))
        assert refusal.value.message == CROWDED


@pytest.mark.parametrize(
    "name",
    ["", " ", ".", "..", "a/b", "..\\b", "a\x00b", "a\nb", "a\u202eb", "a\u200bb", "\ud800", "x" * 201],
)
def test_a_hostile_name_is_refused(name):
    with pytest.raises(Invalid) as refusal:
        files.tidy_name(name)
    assert refusal.value.field == "file"


@pytest.mark.parametrize(
    ("name", "tidy"),
    [
        (" card.pdf ", "card.pdf"),
        ("Übersicht.pdf", "Übersicht.pdf"),
        ("u\u0308.pdf", "ü.pdf"),
        ("x" * 200, "x" * 200),
    ],
)
def test_a_name_is_kept_in_one_form(name, tidy):
    assert files.tidy_name(name) == tidy


def test_what_is_hashed_is_what_is_read():
    content = b"marzipan" * files.CHUNK
    hashing = files.HashingFile(File(io.BytesIO(content), name="a"))
    for _ in hashing.chunks():
        pass
    assert (hashing.sha256.hexdigest(), hashing.read_bytes) == (
        hashlib.sha256(content).hexdigest(),
        len(content),
    )


def test_stored_files_of_a_failed_block_are_removed_and_others_kept():
    removed = []
    stored_file = SimpleNamespace(delete=lambda *, save: removed.append(save))

    def fail():
        with files.removed_on_failure() as stored:
            stored.append(stored_file)
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    with files.removed_on_failure() as stored:
        stored.append(stored_file)
    assert removed == [False]


def _version(content: bytes):
    return SimpleNamespace(file=SimpleNamespace(open=lambda mode: io.BytesIO(content)))


def test_a_stream_asks_again_every_few_bytes_and_ends_when_access_does():
    content = b"a" * (10 * files.CHUNK + 5)
    asked = []

    def still_allowed():
        asked.append(True)
        return len(asked) < 3

    pieces = list(files.stream(_version(content), still_allowed=still_allowed, recheck_every=2 * files.CHUNK))
    assert (len(asked), len(b"".join(pieces))) == (3, 6 * files.CHUNK)
    whole = files.stream(_version(content), still_allowed=lambda: True, recheck_every=2 * files.CHUNK)
    assert b"".join(whole) == content
