"""Copies of PDFs with their reader's name: what is on them, for whom they are made, and what a hostile PDF gets done."""

import gc
import hashlib
import os
import threading
import time

import pikepdf
import pytest
import time_machine
from django.conf import settings as portal_settings
from django.core.signals import request_finished
from django.db import close_old_connections

from portal.ledger.models import Event
from portal.submissions import actions, watermarks
from portal.submissions.models import Document, DocumentVersion
from tests import factories as make
from tests.admin.desk import Desk
from tests.api.calls import Caller
from tests.factories_partners import GrantCase
from tests.lab.pdfs import changed, pages, words
from tests.lab.uploads import PDF, upload
from tests.lab.visitor import Visitor

pytestmark = pytest.mark.django_db
AT = make.NOW + 21 * make.DAY


def added(case, content: bytes, **values) -> Document:
    return actions.add_document(
        actor=case.contributor, submission=case.submission, kind="other", title="Card",
        upload=make.ContentFile(content, name="card.pdf"), at=make.NOW, **values,
    )  # fmt: skip


def body(answer) -> bytes:
    content = b"".join(answer.streaming_content)
    assert answer.headers["Content-Length"] == str(len(content))
    return content


def closed(answer) -> None:
    """Close an answer as a server does, without what Django then does to the connection of this test."""
    request_finished.disconnect(close_old_connections)
    try:
        answer.close()
    finally:
        request_finished.connect(close_old_connections)


def looked() -> tuple:
    """Of the last look at a file: whether it was watermarked, the hash of what was given, and that of the original."""
    data = Event.objects.filter(verb="downloaded_document").latest("seq").data
    return data["watermarked"], data["given_sha256"], data["sha256"]


# --- What is on a copy ----------------------------------------------------------------------------------------------


def test_every_page_of_a_copy_carries_marking_reader_organisation_instant_and_case():
    case = make.Case(make.submitted)
    original = pages(3)
    document = added(case, original, cui="CUI//SP-PROPIN//NOFORN")
    reader = case.coordinator
    reader.name = "Rhéa *Ω* #strong[x]"
    reader.save()
    with time_machine.travel(AT, tick=False):
        copy = body(Desk(reader).get("submissions_document_content", document.current.pk))
    line = (
        f"Copy for Rhéa *Ω* #strong[x], {reader.email}, Invented Programme Office · 05 Oct 2026 14:00:00 UTC"
        f" · {case.submission.case_number}"
    )
    squeezed = [text.replace(" ", "") for text in words(copy)]
    assert len(squeezed) == 3
    for text in squeezed:
        assert text.startswith("marzipan")
        assert text.count(document.marking.replace(" ", "")) == 2
        assert line.replace(" ", "") in text
    sha256 = hashlib.sha256(copy).hexdigest()
    assert looked() == (True, sha256, hashlib.sha256(original).hexdigest())
    seen = Visitor(case.contributor).text("who", case.submission)
    assert f"card.pdf, version 1, a copy with its reader's name on every page, SHA-256 {sha256}" in seen


def test_two_readers_get_two_copies_and_the_original_stays():
    case = GrantCase()
    document = added(case, pages())
    case.agree(documents=[document])
    with time_machine.travel(AT, tick=False):
        one = body(Desk(case.coordinator).get("submissions_document_content", document.current.pk))
        other = body(Visitor(case.partner.member).get(f"/partner/documents/{document.current.pk}/content/"))
        by_api = body(Caller(case.partner.member).get(f"documents/{document.pk}/content/"))
    named = [case.coordinator.email, case.partner.member.email, case.partner.member.email]
    for copy, email in zip([one, other, by_api], named, strict=True):
        assert [email in text for text in words(copy)] == [True, True]
    assert case.partner.organisation.name.replace(" ", "") in words(other)[0].replace(" ", "")
    version = document.current
    with version.file.open("rb") as original:
        assert hashlib.sha256(original.read()).hexdigest() == version.sha256


@pytest.mark.parametrize("who", ["contributor", "viewer"])
def test_the_labs_own_people_get_the_very_bytes(who):
    case = make.Case(make.submitted)
    original = pages()
    document = added(case, original)
    assert body(Visitor(getattr(case, who)).get("content", document.current.pk)) == original
    sha256 = hashlib.sha256(original).hexdigest()
    assert looked() == (False, sha256, sha256)


def test_what_is_no_pdf_goes_out_as_it_is():
    case = make.Case(make.submitted)
    document = actions.add_document(
        actor=case.contributor, submission=case.submission, kind="other", title="Log",
        upload=make.ContentFile(b"marzipan", name="log.txt"),
    )  # fmt: skip
    assert (
        body(Desk(case.coordinator).get("submissions_document_content", document.current.pk)) == b"marzipan"
    )
    assert looked()[0] is False


def _rotated(pdf):
    pdf.pages[0].rotate(90, relative=False)
    pdf.pages[1].cropbox = [50, 50, 120, 130]


def test_rotated_cropped_and_tiny_pages_are_stamped_too():
    case = make.Case(make.submitted)
    document = added(case, changed(pages(), _rotated))
    copy = body(Desk(case.coordinator).get("submissions_document_content", document.current.pk))
    assert [case.coordinator.email in text for text in words(copy)] == [True, True]


# --- What cannot be stamped -----------------------------------------------------------------------------------------


def _unseen(pdf):
    pdf.pages[0].mediabox = [0, 0, 0, 0]


def _many(pdf):
    for _ in range(watermarks.MOST_PAGES):
        pdf.add_blank_page(page_size=(100, 100))


def _circle(pdf):
    pdf.Root.Pages.Kids = pikepdf.Array([pdf.Root.Pages])


LOCKED = pikepdf.Encryption(owner="marzipan", user="")
HOSTILE = {
    "locked": (
        lambda: changed(pages(), lambda pdf: None, encryption=pikepdf.Encryption("a", "b")),
        "encrypted",
    ),
    "restricted": (lambda: changed(pages(), lambda pdf: None, encryption=LOCKED), "encrypted"),
    "no index": (lambda: PDF, "damaged"),
    "a wrong index": (lambda: b"%PDF-1.7\nmarzipan\nstartxref\n7\n%%EOF\n", "damaged"),
    "no area": (lambda: changed(pages(), _unseen), "damaged"),
    "pages without end": (lambda: changed(pages(1), _circle), "damaged"),
    "many pages": (lambda: changed(pages(), _many), "too_many_pages"),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_what_cannot_be_stamped_is_told_to_the_lab_and_given_as_it_is(what):
    make_content, problem = HOSTILE[what]
    content = make_content()
    case = make.Case(make.submitted)
    visitor = Visitor(case.contributor)
    typed = {"kind": "other", "title": "Card", "tlp": "TLP:RED", "file": upload(content)}
    told = visitor.follow(visitor.post("add_document", case.submission, **typed))
    assert f"without their name on its pages, because {watermarks.PROBLEMS[problem]}." in told
    version = DocumentVersion.objects.get()
    assert version.watermark_problem == problem
    assert body(Desk(case.coordinator).get("submissions_document_content", version.pk)) == content
    assert looked() == (False, version.sha256, version.sha256)
    assert "card.pdf, version 1, as uploaded, without its reader's name" in visitor.text(
        "who", case.submission
    )


def test_a_pdf_over_the_size_is_not_opened(settings):
    settings.PORTAL_WATERMARK_MAX_BYTES = 1000
    case = make.Case(make.submitted)
    assert added(case, pages()).current.watermark_problem == "too_large"


@pytest.mark.parametrize(("bound", "value"), [("MEMORY", 48 * 2**20), ("TRIAL_SECONDS", 0.001)])
def test_a_pdf_that_takes_more_than_its_bounds_ends_its_own_process_alone(bound, value, monkeypatch):
    monkeypatch.setattr(watermarks, bound, value)
    case = make.Case(make.submitted)
    assert added(case, pages()).current.watermark_problem == "too_heavy"


# --- When the machine is busy ---------------------------------------------------------------------------------------


def test_a_busy_machine_gives_no_copy_without_a_name(monkeypatch):
    case = make.Case(make.submitted)
    document = added(case, pages())
    monkeypatch.setattr(watermarks, "SECONDS", 0.001)
    before = Event.objects.count()
    answer = Caller(case.coordinator).get(f"documents/{document.pk}/content/")
    assert (answer.status_code, answer.json()["code"]) == (503, "busy")
    desk = Desk(case.coordinator)
    back = desk.get("submissions_document_content", document.current.pk)
    assert back.status_code == 303
    assert "could not be made just now" in desk.client.get(back.headers["Location"]).content.decode()
    assert not Event.objects.filter(verb="downloaded_document").exists()
    assert Event.objects.count() > before


def test_of_an_older_version_the_copy_is_tried_at_its_download():
    case = make.Case(make.submitted)
    for content, is_watermarked in ((pages(), True), (PDF, False)):
        document = added(case, content)
        DocumentVersion.objects.filter(document=document).update(watermark_problem=None)
        body(Desk(case.coordinator).get("submissions_document_content", document.current.pk))
        assert looked()[0] is is_watermarked


def test_no_more_than_two_are_made_at_once_and_the_others_wait_their_turn():
    case = make.Case(make.submitted)
    version = added(case, pages(400)).current
    line = {"marking": "TLP:RED", "reader": "r", "copy": "c"}
    most, copies, watching = [], [], threading.Event()

    def watch():
        while not watching.is_set():
            most.append(2 - watermarks._PLACES._value)
            time.sleep(0.002)

    watcher = threading.Thread(target=watch)
    makers = [
        threading.Thread(target=lambda: copies.append(watermarks.stamped(version, line))) for _ in range(4)
    ]
    watcher.start()
    for maker in makers:
        maker.start()
    for maker in makers:
        maker.join()
    watching.set()
    watcher.join()
    assert [len(words(copy.open().read())) for copy in copies] == [400] * 4
    for copy in copies:
        copy.close()
    assert max(most) == 2


# --- On its way -----------------------------------------------------------------------------------------------------


def _heavy(pdf):
    pdf.attachments["noise"] = pikepdf.AttachedFileSpec(pdf, os.urandom(6 * 2**20), filename="noise")


def test_a_copy_under_way_breaks_off_when_access_ends_and_leaves_nothing_behind(tmp_path, settings):
    settings.FILE_UPLOAD_TEMP_DIR = str(tmp_path)
    case = make.Case(make.submitted)
    document = added(case, changed(pages(), _heavy))
    answer = Caller(case.coordinator).get(f"documents/{document.pk}/content/")
    assert list(tmp_path.glob("copy-*")) == []
    pieces = iter(answer.streaming_content)
    got = len(next(pieces))
    actions.withdraw(actor=case.contributor, submission=case.submission)
    with pytest.raises(ConnectionResetError):
        got += sum(len(piece) for piece in pieces)
    assert 0 < got < int(answer.headers["Content-Length"])
    closed(answer)


def test_an_answer_that_nobody_reads_closes_its_copy():
    case = make.Case(make.submitted)
    document = added(case, pages())
    answer = Caller(case.coordinator).get(f"documents/{document.pk}/content/")
    closed(answer)
    # Were the copy open still, its end would be a warning, and a warning fails the tests.
    gc.collect()


def test_the_process_that_opens_pdfs_knows_nothing_of_the_portal():
    child = (portal_settings.BASE_DIR / "portal" / "submissions" / "watermarks" / "child.py").read_text()
    assert "django" not in child
    assert "from portal" not in child
