"""Uploads by tus: begun, continued where they stopped, given up, expired; and what becomes of one that has arrived."""

import base64
import hashlib
import os
from pathlib import Path

import pytest
import time_machine

from portal.accounts.models import Role
from portal.ledger.models import Event
from portal.submissions import actions
from portal.submissions.actions import uploads
from portal.submissions.models import Document, DocumentVersion, Upload
from tests import factories as make
from tests.api.calls import NOT_FOUND, Caller, refused

pytestmark = pytest.mark.django_db
TUS = {"Tus-Resumable": "1.0.0"}
PIECE = "application/offset+octet-stream"
CONTENT = b"marzipan " * 50_000
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture(autouse=True)
def folder(settings, tmp_path) -> Path:
    settings.PORTAL_UNFINISHED_DIR = tmp_path / "unfinished"
    return settings.PORTAL_UNFINISHED_DIR


def named(name: str) -> str:
    return f"filename {base64.b64encode(name.encode()).decode()}"


class Sender(Caller):
    """A program that speaks tus."""

    def call(self, method: str, path: str, body: bytes = b"", content_type: str = PIECE, **headers):
        sent = self.headers | TUS | {name.replace("_", "-"): str(value) for name, value in headers.items()}
        return self.client.generic(
            method,
            path if path.startswith("/") else f"/api/v1/{path}",
            body,
            content_type=content_type,
            headers=sent,
        )

    def begin(self, content: bytes = CONTENT, name: str = "log.txt") -> str:
        answer = self.call("POST", "uploads/", Upload_Length=len(content), Upload_Metadata=named(name))
        assert answer.status_code == 201, answer.content
        return answer["Location"].removeprefix("http://testserver")

    def send(self, path: str, piece: bytes, offset: int, **headers):
        return self.call("PATCH", path, piece, Upload_Offset=offset, **headers)

    def offset(self, path: str) -> int:
        answer = self.call("HEAD", path)
        assert (answer.status_code, answer["Cache-Control"]) == (200, "no-store")
        return int(answer["Upload-Offset"])


@pytest.fixture
def case():
    return make.Case(make.submitted)


@pytest.fixture
def sender(case) -> Sender:
    return Sender(case.contributor)


def key(path: str) -> str:
    return path.rstrip("/").rpartition("/")[2]


def test_a_file_goes_in_by_pieces_and_becomes_a_document(case, sender, folder):
    path = sender.begin()
    assert sender.offset(path) == 0
    for start in range(0, len(CONTENT), 200_000):
        answer = sender.send(path, CONTENT[start : start + 200_000], start)
        assert answer.status_code == 204
        assert answer["Upload-Offset"] == str(min(start + 200_000, len(CONTENT)))
    told = sender.get("uploads/" + key(path) + "/").json()
    assert (told["name"], told["length"], told["offset"]) == ("log.txt", len(CONTENT), len(CONTENT))
    answer = sender.post(
        "documents/",
        {"submission": case.submission.case_number, "kind": "other", "upload": key(path), "sha256": SHA256},
    )
    assert answer.status_code == 415
    answer = sender.upload(
        "documents/",
        None,
        submission=case.submission.case_number,
        kind="other",
        upload=key(path),
        sha256=SHA256,
    )
    assert answer.status_code == 201, answer.content
    version = DocumentVersion.objects.get()
    assert (version.name, version.size, version.sha256) == ("log.txt", len(CONTENT), SHA256)
    assert (sender.call("HEAD", path).status_code, Upload.objects.count()) == (404, 0)


def test_the_pieces_are_gone_once_the_version_is_there(case, folder, django_capture_on_commit_callbacks):
    upload = _arrived(case)
    with django_capture_on_commit_callbacks(execute=True):
        document = actions.add_document(
            actor=case.contributor,
            submission=case.submission,
            kind="other",
            title="",
            upload=upload,
            sha256=SHA256,
        )
        assert len(list(folder.iterdir())) == 1
    assert list(folder.iterdir()) == []
    more = _arrived(case, CONTENT + b"!")
    with django_capture_on_commit_callbacks(execute=True):
        actions.add_version(
            actor=case.contributor,
            document=document,
            upload=more,
            sha256=hashlib.sha256(CONTENT + b"!").hexdigest(),
        )
    assert (list(folder.iterdir()), document.versions.count()) == ([], 2)


def _arrived(case, content: bytes = CONTENT) -> Upload:
    upload = actions.begin_upload(actor=case.contributor, name="log.txt", length=len(content))
    pieces = iter([content])
    actions.receive(actor=case.contributor, upload=upload, offset=0, read=lambda size: next(pieces, b""))
    return upload


def test_another_hash_than_was_said_is_refused_and_nothing_is_stored(case, sender):
    path = sender.begin()
    sender.send(path, CONTENT, 0)
    other = hashlib.sha256(b"nougat").hexdigest()
    fields = {"submission": case.submission.case_number, "kind": "other"}
    answer = sender.upload("documents/", None, **fields, upload=key(path), sha256=other)
    words = f"The file changed on its way: SHA-256 {SHA256} arrived, and {other} was sent. Choose it again."
    assert (answer.status_code, answer.json()["errors"]) == (400, {"file": [words]})
    assert Document.objects.count() == 0
    # A file that comes along is held to its hash as well.
    answer = sender.upload("documents/", make.pdf(), **fields, sha256=other)
    assert (answer.status_code, Document.objects.count()) == (400, 0)
    assert sender.offset(path) == len(CONTENT)


def test_the_body_says_which_file_is_wrong(case, sender):
    fields = {"submission": case.submission.case_number, "kind": "other"}
    path = sender.begin()
    for more, field in (
        ({}, "file"),
        ({"upload": key(path)}, "sha256"),
        ({"upload": key(path), "sha256": "x"}, "sha256"),
        ({"upload": key(path), "sha256": SHA256}, "file"),
        ({"upload": make.NOW.strftime("00000000-0000-4000-8000-%Y%m%d0000"), "sha256": SHA256}, "upload"),
    ):
        answer = sender.upload("documents/", None, **fields, **more)
        assert (answer.status_code, list(answer.json()["errors"])) == (400, [field]), more
    assert Document.objects.count() == 0


def test_an_upload_is_used_once(case, sender):
    upload = _arrived(case)
    values = {
        "actor": case.contributor,
        "submission": case.submission,
        "kind": "other",
        "sha256": SHA256,
    }
    actions.add_document(**values, title="One", upload=upload)
    with pytest.raises(uploads.Invalid, match="used already"):
        actions.add_document(**values, title="Two", upload=upload)
    assert [document.title for document in Document.objects.all()] == ["One"]


def test_an_upload_of_what_is_there_already_is_given_up(
    case, sender, folder, django_capture_on_commit_callbacks
):
    fields = {"submission": case.submission.case_number, "kind": "other", "sha256": SHA256}
    answers = []
    for _ in range(2):
        with django_capture_on_commit_callbacks(execute=True):
            answers.append(sender.upload("documents/", None, **fields, upload=str(_arrived(case).pk)))
    assert [answer.status_code for answer in answers] == [201, 409]
    assert answers[1].json()["code"] == "already_done"
    assert (Document.objects.count(), Upload.objects.count(), list(folder.iterdir())) == (1, 0, [])


def test_nobody_else_meets_an_upload(case, sender):
    path = sender.begin()
    for stranger in (
        case.viewer,
        case.coordinator,
        make.member(case.lab, Role.ADMIN),
        make.Case().contributor,
    ):
        other = Sender(stranger)
        for method in ("HEAD", "PATCH", "DELETE"):
            assert other.call(method, path, b"x", Upload_Offset=0).status_code == 404
        assert other.results("uploads/") == []
    upload = _arrived(case)
    with pytest.raises(uploads.Invalid):
        actions.add_document(
            actor=make.member(case.lab, Role.ADMIN),
            submission=case.submission,
            kind="other",
            title="",
            upload=upload,
            sha256=SHA256,
        )
    assert {row["id"] for row in sender.results("uploads/")} == {str(upload.pk), key(path)}


@pytest.mark.parametrize("who", ["viewer", "coordinator"])
def test_who_writes_for_no_lab_begins_none(case, who):
    answer = Sender(getattr(case, who)).call(
        "POST", "uploads/", Upload_Length=5, Upload_Metadata=named("a.txt")
    )
    assert answer.status_code == 403


# --- The protocol ---------------------------------------------------------------------------------------------------


def test_what_is_spoken(sender):
    answer = sender.client.options("/api/v1/uploads/", headers=sender.headers)
    assert answer.status_code == 204
    assert {name: answer[name] for name in ("Tus-Version", "Tus-Extension", "Tus-Checksum-Algorithm")} == {
        "Tus-Version": "1.0.0",
        "Tus-Extension": "creation,termination,checksum,expiration",
        "Tus-Checksum-Algorithm": "sha256",
    }


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Tus_Resumable": "0.2.2"}, 412),
        ({"Upload_Length": "many"}, 400),
        ({"Upload_Length": "-1"}, 400),
        ({"Upload_Length": "0"}, 400),
        ({"Upload_Length": 2**40}, 413),
        ({"Upload_Metadata": ""}, 400),
        ({"Upload_Metadata": "filename !!!"}, 400),
        ({"Upload_Metadata": named("../../etc/passwd")}, 400),
        ({"Upload_Metadata": "filename " + "A" * 5000}, 400),
    ],
)
def test_a_beginning_that_cannot_be(sender, headers, status):
    given = {"Upload_Length": 10, "Upload_Metadata": named("a.txt")} | headers
    answer = sender.call("POST", "uploads/", **given)
    assert (answer.status_code, Upload.objects.count(), answer["Tus-Version"]) == (status, 0, "1.0.0")


def test_a_piece_that_does_not_fit_changes_nothing(sender):
    path = sender.begin(b"0123456789")
    sender.send(path, b"01234", 0)
    for piece, offset, headers, status in (
        (b"5", 4, {}, 409),
        (b"5", 6, {}, 409),
        (b"5", "x", {}, 400),
        (b"567890", 5, {}, 413),
        (b"5", 5, {"content_type": "text/plain"}, 415),
        (b"5", 5, {"Upload_Checksum": "md5 AAAA"}, 400),
        (b"5", 5, {"Upload_Checksum": "sha256 " + base64.b64encode(b"x" * 32).decode()}, 460),
    ):
        assert sender.send(path, piece, offset, **headers).status_code == status
        assert sender.offset(path) == 5
    good = base64.b64encode(hashlib.sha256(b"56789").digest()).decode()
    assert sender.send(path, b"56789", 5, Upload_Checksum=f"sha256 {good}").status_code == 204


def test_two_do_not_write_at_once(case, sender):
    path = sender.begin(b"0123456789")
    upload = Upload.objects.get()
    with _writing(upload):
        assert sender.send(path, b"01234", 0).status_code == 423
    assert sender.send(path, b"01234", 0).status_code == 204


def _writing(upload):
    upload.path.parent.mkdir(parents=True, exist_ok=True)
    return uploads._alone(upload.path)


def test_of_a_connection_that_breaks_off_what_came_stays(case):
    upload = actions.begin_upload(actor=case.contributor, name="log.txt", length=10)
    pieces = [b"0123", b"45"]

    def read(size: int) -> bytes:
        if not pieces:
            raise ConnectionResetError
        return pieces.pop(0)

    with pytest.raises(ConnectionResetError):
        actions.receive(actor=case.contributor, upload=upload, offset=0, read=read)
    assert upload.offset == 6


def test_given_up(sender, django_capture_on_commit_callbacks, folder):
    path = sender.begin()
    sender.send(path, b"marzipan", 0)
    with django_capture_on_commit_callbacks(execute=True):
        assert sender.call("DELETE", path).status_code == 204
    assert (list(folder.iterdir()), Upload.objects.count()) == ([], 0)
    refused(sender.call("DELETE", path), NOT_FOUND)
    assert [
        event.what for event in Event.objects.filter(subject_type="submissions.upload").order_by("seq")
    ] == [
        "Began to upload a file",
        "Gave up an upload",
    ]


def test_by_a_session_it_takes_the_forms_secret(case):
    from django.test import Client

    client = Client(enforce_csrf_checks=True)
    client.force_login(case.contributor, backend="portal.accounts.backends.Backend")
    sent = TUS | {"Upload-Length": "5", "Upload-Metadata": named("a.txt")}
    assert client.generic("POST", "/api/v1/uploads/", headers=sent).status_code == 403
    client.get(f"/lab/cases/{case.submission.case_number}/documents/new/")
    sent["X-CSRFToken"] = client.cookies["csrftoken"].value
    answer = client.generic("POST", "/api/v1/uploads/", headers=sent)
    assert answer.status_code == 201
    path = answer["Location"].removeprefix("http://testserver")
    piece = TUS | {"Upload-Offset": "0"}
    assert client.generic("PATCH", path, b"12345", PIECE, headers=piece).status_code == 403
    piece["X-CSRFToken"] = sent["X-CSRFToken"]
    assert client.generic("PATCH", path, b"12345", PIECE, headers=piece).status_code == 204


# --- Bounds ---------------------------------------------------------------------------------------------------------


def test_a_person_may_have_so_much_unfinished(case, sender, settings):
    settings.PORTAL_MAX_UNFINISHED_BYTES = 1000
    path = sender.begin(b"x" * 700)
    answer = sender.call("POST", "uploads/", Upload_Length=301, Upload_Metadata=named("a.txt"))
    assert (answer.status_code, answer.json()["code"]) == (409, "too_much_unfinished")
    assert Sender(make.member(case.lab, Role.ADMIN)).begin(b"x" * 700)
    sender.call("DELETE", path)
    assert sender.begin(b"x" * 301)


def test_an_upload_ends_a_day_after_it_began_and_its_pieces_go(case, sender, folder):
    path = sender.begin()
    sender.send(path, b"marzipan", 0)
    made = Upload.objects.get()
    assert actions.remove_expired() == 0
    with time_machine.travel(made.expires_at, tick=False):
        assert sender.call("HEAD", path).status_code == 404
        assert sender.results("uploads/") == []
        sender.begin()
        assert actions.remove_expired() == 1
        assert actions.remove_expired() == 0
    assert (list(folder.iterdir()), Upload.objects.count()) == ([], 1)


def test_pieces_that_no_upload_names_go_after_two_days(case, folder):
    folder.mkdir()
    kept = _arrived(case)
    stray, young, foreign = folder / ("a" * 32), folder / ("b" * 32), folder / "notes.txt"
    for file in (stray, young, foreign):
        file.write_bytes(b"x")
    for file in (stray, foreign, kept.path):
        os.utime(file, (1, 1))
    actions.remove_expired()
    assert {path.name for path in folder.iterdir()} == {young.name, foreign.name, kept.path.name}
