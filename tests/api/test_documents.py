"""Documents by the API: streamed in and out, judged by content, refused without a trace, cut off when access ends."""

import hashlib
import io
import zipfile
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from portal.accounts.models import Role
from portal.ledger.models import Event
from portal.submissions import actions
from portal.submissions.models import Document, DocumentVersion
from tests import factories as make
from tests.api.calls import NOT_FOUND, NOT_YOURS_TO_CHANGE, NOWHERE, Caller, problem, refused

pytestmark = pytest.mark.django_db

AT = "2026-09-14T14:00:00Z"
MEGABYTE = 2**20


def stored() -> list[str]:
    """Every file of the storage."""
    root = Path(default_storage.location)
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


def body(answer) -> bytes:
    return b"".join(answer.streaming_content)


def added(case, text="marzipan", name="card.pdf") -> Document:
    return actions.add_document(
        actor=case.contributor,
        submission=case.submission,
        kind="system_card",
        title="Card",
        upload=make.pdf(text, name),
    )


def test_a_file_goes_in_and_comes_out_as_it_was():
    case = make.Case(make.submitted)
    content = make.pdf("the marzipan card").read()
    lab = Caller(case.contributor)
    answer = lab.upload(
        "documents/",
        ContentFile(content, name="Systemkarte Übersicht.pdf"),
        submission=case.submission.case_number,
        kind="system_card",
        title="Draft card",
        tlp="TLP:RED",
        confidential_commercial="false",
    )
    assert answer.status_code == 201
    told = answer.json()
    version = DocumentVersion.objects.get()
    assert told == {
        "id": str(version.document_id),
        "state": "current",
        "submission": str(case.submission.pk),
        "case_number": case.submission.case_number,
        "kind": "system_card",
        "title": "Draft card",
        "tlp": "TLP:RED",
        "cui": "",
        "confidential_commercial": False,
        "marking": "TLP:RED",
        "created_at": AT,
        "versions": [
            {
                "id": str(version.pk),
                "number": 1,
                "name": "Systemkarte Übersicht.pdf",
                "content_type": "application/pdf",
                "size": len(content),
                "sha256": hashlib.sha256(content).hexdigest(),
                "watermark_problem": "damaged",
                "scan_state": "not_scanned",
                "uploaded_at": AT,
                "disposed_at": None,
            }
        ],
    }
    assert answer["Location"] == f"http://testserver/api/v1/documents/{told['id']}/"
    office = Caller(case.coordinator)
    # Which copies carry no name is for the lab to know, and for nobody who might look for one.
    untold = told | {"versions": [told["versions"][0] | {"watermark_problem": None}]}
    assert office.get(f"documents/{told['id']}/").json() == untold
    assert office.results("documents/", submission=case.submission.case_number) == [untold]
    assert Caller(case.viewer).get(f"documents/{told['id']}/").json() == told

    out = office.get(f"documents/{told['id']}/content/")
    assert body(out) == content
    assert {name: out[name] for name in _HEADERS} == _HEADERS | {"Content-Length": str(len(content))}
    # Neither the lab's nor any other name stands in the storage.
    assert "bersicht" not in version.file.name


_HEADERS = {
    "Content-Type": "application/pdf",
    "Content-Disposition": "attachment; filename*=utf-8''Systemkarte%20%C3%9Cbersicht.pdf",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox",
    "Cache-Control": "private, no-store",
    "Content-Length": "",
}


def test_a_new_version_leaves_the_old_one_as_it_was():
    case = make.Case(make.submitted)
    document = added(case)
    lab = Caller(case.contributor)
    answer = lab.upload(f"documents/{document.pk}/versions/", make.pdf("nougat"))
    assert (answer.status_code, [version["number"] for version in answer.json()["versions"]]) == (201, [2, 1])
    path = f"documents/{document.pk}"
    assert b"nougat" in body(lab.get(f"{path}/content/"))
    assert b"nougat" in body(lab.get(f"{path}/versions/2/content/"))
    assert b"marzipan" in body(lab.get(f"{path}/versions/1/content/"))
    for number in ("0", "3", "01", "x", "9" * 12):
        refused(lab.get(f"{path}/versions/{number}/content/"), NOT_FOUND)
    refused(
        lab.upload(f"documents/{document.pk}/versions/", make.pdf("nougat")),
        problem(409, "Conflict", "already_done", "This very file is the newest version already."),
    )


def test_each_reading_is_a_look_by_name_of_the_document_and_not_of_the_file():
    case = make.Case(make.submitted)
    document = added(case, name="secret-name.pdf")
    version = document.versions.get()
    office = Caller(case.coordinator)
    office.get("documents/")
    office.get(f"documents/{document.pk}/")
    body(office.get(f"documents/{document.pk}/content/"))
    looks = Event.objects.filter(kind="look", actor=case.coordinator).order_by("seq")
    assert [(look.verb, look.subject_id, look.data) for look in looks] == [
        ("viewed_documents", case.submission.pk, {}),
        ("viewed_documents", document.pk, {}),
        (
            "downloaded_document",
            version.pk,
            {
                "document": str(document.pk),
                "version": 1,
                "sha256": version.sha256,
                "watermarked": False,
                "given_sha256": version.sha256,
            },
        ),
    ]


def _zip(*names: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in names:
            archive.writestr(name, "nougat" * 50)
    return buffer.getvalue()


PDF = make.pdf("marzipan" * 100).read()
HIDDEN = "The file's name has hidden characters: rename it."
UNUSABLE = "The file's name is not usable: rename it."
UNKNOWN = "The file is of a kind the portal does not take."
REFUSED = {
    "empty": ("card.pdf", b"", "The file is empty."),
    "truncated PDF": ("card.pdf", PDF[:-7], "The file is truncated: its end is missing."),
    "truncated archive": ("log.eval", _zip("header.json")[:-30], "The archive is truncated or damaged."),
    "program": ("card.pdf", b"MZ" + b"\x00" * 100, "Programs are not taken."),
    "script": ("card.txt", b"#!/bin/sh\nrm", "Programs are not taken."),
    "unknown": ("card.txt", b"\x00\x01\x02", UNKNOWN),
    "truncated text": ("card.txt", "ü".encode()[:1], f"{UNKNOWN[:-1]}, or a truncated text."),
    "path": ("../../etc/passwd", PDF, UNUSABLE),
    "backslashes": ("C:\\cards\\card.pdf", PDF, UNUSABLE),
    "right to left": ("card\u202efdp.exe", PDF, HIDDEN),
    "no width": ("ca\u200brd.pdf", PDF, HIDDEN),
    "long": ("x" * 197 + ".pdf", PDF, "The file's name is longer than 200 characters."),
}


@pytest.mark.parametrize("what", REFUSED)
def test_a_bad_file_is_refused_with_a_reason_and_nothing_is_stored(what):
    name, content, words = REFUSED[what]
    case = make.Case(make.submitted)
    document = added(case)
    before, revision = stored(), case.again().revision
    lab = Caller(case.contributor)
    expected = problem(400, "Bad Request", "invalid", words, errors={"file": [words]})
    upload = _Named(content, name)
    refused(lab.upload("documents/", upload, submission=str(case.submission.pk), kind="other"), expected)
    refused(lab.upload(f"documents/{document.pk}/versions/", _Named(content, name)), expected)
    assert stored() == before
    assert (Document.objects.count(), DocumentVersion.objects.count()) == (1, 1)
    assert case.again().revision == revision


class _Named(io.BytesIO):
    """A file whose name is sent as it is."""

    def __init__(self, content: bytes, name: str):
        super().__init__(content)
        self.name = name


@pytest.fixture(autouse=True)
def _names_sent_as_they_are(monkeypatch):
    """Django's test client shortens a path to its last part; a hostile client does not."""
    from django.test import client

    class Whole:
        @staticmethod
        def basename(name):
            return name

    fake = type("os", (), {"path": Whole, "SEEK_END": 2})
    monkeypatch.setattr(client, "os", fake)


def test_a_file_over_the_limit_is_refused_before_and_after_it_is_read(settings):
    case = make.Case(make.submitted)
    lab = Caller(case.contributor)
    before = stored()
    settings.PORTAL_MAX_UPLOAD_BYTES = MEGABYTE
    words = "The file is larger than 1 MB."
    fields = {"submission": str(case.submission.pk), "kind": "other"}
    barely = ContentFile(b"a" * (MEGABYTE + 1), name="a.txt")
    refused(
        lab.upload("documents/", barely, **fields),
        problem(400, "Bad Request", "invalid", words, errors={"file": [words]}),
    )
    far = ContentFile(b"a" * (3 * MEGABYTE), name="a.txt")
    answer = lab.upload("documents/", far, **fields)
    assert (answer.status_code, answer.json()["code"], answer.json()["errors"]) == (
        413,
        "too_large",
        {"file": [words]},
    )
    assert stored() == before


@pytest.mark.parametrize(
    ("fields", "errors"),
    [
        ({"kind": "weights"}, {"kind": ['"weights" is not a valid choice.']}),
        ({"kind": "other", "tlp": "TLP:WHITE"}, {"tlp": ['"TLP:WHITE" is not a valid choice.']}),
        (
            {"kind": "other", "title": "x" * 201},
            {"title": ["Ensure this field has no more than 200 characters."]},
        ),
        ({"kind": "other", "colour": "red"}, {"colour": ["There is no such field."]}),
        ({}, {"kind": ["This field is required."]}),
    ],
)
def test_wrong_fields_of_an_upload_are_named_and_nothing_is_stored(fields, errors):
    case = make.Case(make.submitted)
    before = stored()
    answer = Caller(case.contributor).upload(
        "documents/", make.pdf(), submission=str(case.submission.pk), **fields
    )
    refused(
        answer, problem(400, "Bad Request", "invalid", "Some of the values are not right.", errors=errors)
    )
    assert stored() == before


def test_an_upload_without_a_file_without_a_case_or_not_as_a_form_is_400():
    case = make.Case(make.submitted)
    lab = Caller(case.contributor)
    answer = lab.upload("documents/", None, submission=str(case.submission.pk), kind="other")
    assert (answer.status_code, answer.json()["errors"]) == (
        400,
        {"file": ["Send a file, or name an upload."]},
    )
    answer = lab.upload("documents/", make.pdf(), kind="other")
    assert (answer.status_code, set(answer.json()["errors"])) == (400, {"submission"})
    answer = lab.post("documents/", {"kind": "other"})
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")
    answer = lab.post("documents/", b"--x\r\nnonsense", content_type="multipart/form-data")
    assert (answer.status_code, answer.json()["code"]) == (400, "parse_error")


def test_who_may_not_add_a_document_gets_403_or_404():
    case = make.Case(make.submitted)
    document = added(case)
    stranger = Caller(make.member(make.lab(), Role.ADMIN))
    before = stored()
    words = problem(
        403, "Forbidden", "not_allowed", "Only administrators and contributors of the lab add documents."
    )
    for user in (case.viewer, case.coordinator):
        caller = Caller(user)
        refused(caller.upload("documents/", make.pdf(), submission=str(case.submission.pk)), words)
        refused(caller.upload(f"documents/{document.pk}/versions/", make.pdf("b")), NOT_YOURS_TO_CHANGE)
        refused(caller.post(f"documents/{document.pk}/remove/"), NOT_YOURS_TO_CHANGE)
    for named in (str(case.submission.pk), case.submission.case_number, NOWHERE, "FM-0000-0000"):
        refused(stranger.upload("documents/", make.pdf(), submission=named, kind="other"), NOT_FOUND)
    for path in ("", "content/", "versions/1/content/"):
        refused(stranger.get(f"documents/{document.pk}/{path}"), NOT_FOUND)
    refused(stranger.upload(f"documents/{document.pk}/versions/", make.pdf("b")), NOT_FOUND)
    refused(stranger.post(f"documents/{document.pk}/remove/"), NOT_FOUND)
    assert stored() == before


def test_a_document_is_taken_out_of_a_draft_and_not_of_a_submitted_case():
    case = make.Case(make.draft)
    document = added(case)
    lab = Caller(case.contributor)
    assert lab.post(f"documents/{document.pk}/remove/").status_code == 204
    refused(lab.get(f"documents/{document.pk}/"), NOT_FOUND)
    second = added(case)
    actions.submit(actor=case.contributor, submission=case.submission)
    words = "After submission a document is corrected by a new version, not taken out."
    refused(lab.post(f"documents/{second.pk}/remove/"), problem(409, "Conflict", "wrong_state", words))


def test_documents_are_narrowed_by_case_and_kind():
    case = make.Case(make.submitted)
    document = added(case)
    caller = Caller(case.contributor)
    for named in (str(case.submission.pk), case.submission.case_number, case.submission.case_number.lower()):
        assert [row["id"] for row in caller.results("documents/", submission=named)] == [str(document.pk)]
    assert caller.results("documents/", submission=NOWHERE) == []
    assert caller.results("documents/", kind="other") == []
    answer = caller.get("documents/", kind="weights")
    assert (answer.status_code, set(answer.json()["errors"])) == (400, {"kind"})
