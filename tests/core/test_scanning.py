"""Malware scans against a real server that speaks clamd's INSTREAM: what it says, what becomes of it, and a clamd that fails."""

import socket
import socketserver
import struct
import threading
from contextlib import contextmanager

import pytest
from django.core.exceptions import ImproperlyConfigured

from portal import clamd, config
from portal.deadlines.models import Message
from portal.errors import Refused
from portal.ledger.models import Event
from portal.submissions import actions
from portal.submissions.models import DocumentVersion
from tests import factories as make
from tests.admin.desk import CASE, Desk
from tests.api.calls import Caller
from tests.lab.visitor import Visitor

pytestmark = pytest.mark.django_db
SIGNATURES = "Mon Sep 14 08:00:00 2026"
EVIL = b"marzipan with a worm in it"


class Clamd(socketserver.ThreadingTCPServer):
    """Stands for the scanner: finds ``Invented.Worm`` in what has a worm in it. ``mood`` makes it fail."""

    daemon_threads = allow_reuse_address = True
    mood = ""

    def __init__(self):
        self.received: list[bytes] = []
        self.wake, self.talking = threading.Event(), threading.Event()
        super().__init__(("127.0.0.1", 0), Talk)

    @property
    def url(self) -> str:
        return f"tcp://127.0.0.1:{self.server_address[1]}"


class Talk(socketserver.StreamRequestHandler):
    def handle(self):
        command = b""
        while not command.endswith(b"\0"):
            command += self.rfile.read(1)
        if command == b"zVERSION\0":
            self.wfile.write(f"ClamAV 1.4.2/27400/{SIGNATURES}\0".encode())
        elif command == b"zINSTREAM\0":
            self.stream()

    def stream(self):
        content = b""
        if self.server.mood == "hangs":
            self.server.talking.set()
            self.server.wake.wait(30)
            return
        while size := struct.unpack(">I", self.rfile.read(4))[0]:
            content += self.rfile.read(size)
            if self.server.mood == "small" and len(content) > 10:
                self.wfile.write(b"INSTREAM size limit exceeded. ERROR\0")
                return
        self.server.received.append(content)
        if self.server.mood == "waits":
            self.server.talking.set()
            self.server.wake.wait(30)
        words = {"broken": b"\xff\xfe", "drops": b"", "talks": b"x" * 100_000}.get(self.server.mood)
        if words is None:
            words = b"stream: Invented.Worm FOUND\0" if b"worm" in content else b"stream: OK\0"
        self.wfile.write(words)


@contextmanager
def running(server):
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.wake.set()
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def scanner(settings):
    with running(Clamd()) as server:
        settings.CLAMD_URL = server.url
        yield server


def added(case, content: bytes = b"marzipan", name="log.txt") -> DocumentVersion:
    document = actions.add_document(
        actor=case.contributor, submission=case.submission, kind="other", title=name,
        upload=make.ContentFile(content, name=name), at=make.NOW,
    )  # fmt: skip
    return document.versions.get()


def state(version) -> tuple:
    version.refresh_from_db()
    return version.scan_state, version.scan_detail, version.scanned_at


def test_without_a_scanner_each_file_says_that_it_was_not_scanned(settings):
    settings.CLAMD_URL = ""
    case = make.Case(make.submitted)
    version = added(case)
    assert actions.scan_waiting(at=make.NOW) == 0
    assert state(version) == ("not_scanned", "", None)
    assert "Not scanned for malware." in Visitor(case.contributor).text("case", case.submission)
    assert "Not scanned for malware." in Desk(case.coordinator).text(CASE, case.submission.pk)


def test_nothing_known_is_found_and_so_it_is_said(scanner):
    case = make.Case(make.submitted)
    version = added(case, b"marzipan " * 100_000)
    visitor = Visitor(case.contributor)
    assert "Waits to be scanned for malware." in visitor.text("case", case.submission)
    assert actions.scan_waiting(at=make.NOW) == 1
    assert actions.scan_waiting(at=make.NOW) == 0
    assert state(version) == ("nothing_found", SIGNATURES, make.NOW)
    assert scanner.received == [b"marzipan " * 100_000]
    words = f"No known malware found, by signatures of {SIGNATURES}."
    assert words in visitor.text("case", case.submission)
    events = Event.objects.filter(verb="scan_version")
    assert [(event.actor_id, event.capacity, event.what) for event in events] == [
        (None, "clock", "Scanned a file for malware")
    ]


def test_what_was_found_is_given_to_nobody_stays_listed_and_the_lab_is_told(scanner):
    case = make.Case(make.submitted)
    evil, good = added(case, EVIL), added(case, name="good.txt")
    assert actions.scan_waiting(at=make.NOW) == 2
    assert state(evil) == ("found", "Invented.Worm", make.NOW)
    assert state(good)[0] == "nothing_found"
    for person in (case.contributor, case.viewer, case.coordinator):
        with pytest.raises(Refused) as refusal:
            actions.open_version(actor=person, version=evil)
        assert refusal.value.code == "malware_found"
        answer = Caller(person).get(f"documents/{evil.document_id}/content/")
        assert (answer.status_code, answer.json()["code"]) == (409, "malware_found")
    assert not Event.objects.filter(verb="downloaded_document").exists()
    visitor = Visitor(case.contributor)
    page = visitor.get("case", case.submission).content.decode()
    assert "Malware found: Invented.Worm. This file is given to nobody." in page
    assert f"/lab/documents/{evil.pk}/content/" not in page
    assert f"/lab/documents/{good.pk}/content/" in page
    assert "Malware was found in this file" in visitor.follow(visitor.get("content", evil.pk))
    assert "The scanner found malware in a file" in visitor.text("changes", case.submission)
    told = Message.objects.filter(kind="malware_found").values_list("recipient", flat=True)
    assert list(told) == [case.contributor.pk]


MOODS = {
    "broken": "The scanner gave no verdict.",
    "drops": "The scanner gave no verdict.",
    "talks": "The scanner gave no verdict.",
    "hangs": "The scanner took too long.",
}


@pytest.mark.parametrize("mood", MOODS)
def test_a_scanner_that_fails_is_said_and_asked_again_later(scanner, mood, monkeypatch):
    monkeypatch.setattr(clamd.scan, "__kwdefaults__", {"seconds": 0.5})
    case = make.Case(make.submitted)
    version = added(case, b"marzipan " * 200_000)
    scanner.mood = mood
    assert actions.scan_waiting(at=make.NOW) == 1
    assert state(version) == ("failed", MOODS[mood], make.NOW)
    assert f"Could not be scanned for malware: {MOODS[mood]}" in Visitor(case.contributor).text(
        "case", case.submission
    )
    assert actions.scan_waiting(at=make.NOW) == 0
    scanner.mood = ""
    monkeypatch.setattr(clamd.scan, "__kwdefaults__", {"seconds": 30})
    assert actions.scan_waiting(at=make.NOW + actions.scanning.AGAIN_AFTER) == 1
    assert state(version)[0] == "nothing_found"


def states() -> list:
    """What the ledger says of scans, the oldest first."""
    return [event.data["state"] for event in Event.objects.filter(verb="scan_version").order_by("seq")]


def test_a_file_that_is_too_large_for_the_scanner_is_not_tried_again(scanner):
    case = make.Case(make.submitted)
    version = added(case, b"marzipan " * 200_000)
    scanner.mood = "small"
    assert actions.scan_waiting(at=make.NOW) == 1
    assert state(version) == ("given_up", "The file is larger than the scanner takes.", make.NOW)
    words = (
        "Could not be scanned for malware, and is not tried again: The file is larger than the scanner takes."
    )
    assert words in Visitor(case.contributor).text("case", case.submission)
    assert actions.scan_waiting(at=make.NOW + make.DAY / 2) == 0
    assert states() == ["given_up"]


def test_a_scanner_that_is_not_there_is_given_up_a_day_after_it_first_failed(settings):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        settings.CLAMD_URL = f"tcp://127.0.0.1:{probe.getsockname()[1]}"
    case = make.Case(make.submitted)
    version = added(case)
    # The worker was away for two days: what it then asks for the first time has a whole day.
    first = make.NOW + 2 * make.DAY
    for tried in (first, first + make.DAY / 24, first + make.DAY - actions.scanning.AGAIN_AFTER):
        assert actions.scan_waiting(at=tried) == 1
        assert state(version) == ("failed", "The scanner cannot be reached.", tried)
    assert states() == ["failed"]
    assert actions.scan_waiting(at=first + make.DAY) == 1
    assert actions.scan_waiting(at=first + 2 * make.DAY) == 0
    assert state(version) == ("given_up", "The scanner cannot be reached.", first + make.DAY)
    assert states() == ["failed", "given_up"]
    # It is still given out: nothing is known against it.
    actions.open_version(actor=case.contributor, version=version).close()


def test_a_run_that_died_is_followed_by_another(scanner):
    case = make.Case(make.submitted)
    version = added(case)
    DocumentVersion.objects.update(scan_begun_at=make.NOW)
    assert actions.scan_waiting(at=make.NOW + actions.scanning.BEGUN_FOR / 2) == 0
    assert actions.scan_waiting(at=make.NOW + actions.scanning.BEGUN_FOR) == 1
    assert (state(version)[0], states()) == ("nothing_found", ["nothing_found"])


def test_by_a_socket_of_the_machine(tmp_path):
    class Local(socketserver.ThreadingUnixStreamServer):
        daemon_threads = True
        mood, received, wake = "", [], threading.Event()

    path = tmp_path / "clamd.sock"
    with running(Local(str(path), Talk)):
        assert clamd.scan(f"unix://{path}", [b"a ", b"worm"]) == clamd.Verdict("Invented.Worm", SIGNATURES)


def test_another_kind_of_address_is_refused():
    with pytest.raises(ImproperlyConfigured):
        config.clamd("http://localhost:3310")
