"""Forms whose file has come already, as the pages' script sends them; without the script they send the file as ever."""

import hashlib

import pytest

from portal.errors import Missing
from portal.submissions import actions
from portal.submissions.models import Document, DocumentVersion, Upload
from tests import factories as make
from tests.lab.test_draft import begun, edit
from tests.lab.test_files import files_in
from tests.lab.uploads import PDF, upload
from tests.lab.visitor import Visitor, errors_beside, stored_rows, words

pytestmark = pytest.mark.django_db
CONTENT = b"marzipan " * 1000
SHA256 = hashlib.sha256(CONTENT).hexdigest()
TYPED = {"kind": "other", "title": "Our log", "tlp": "TLP:RED"}


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.PORTAL_UNFINISHED_DIR = tmp_path / "unfinished"
    return settings.PORTAL_UNFINISHED_DIR


def arrived(person, content: bytes = CONTENT, *, length: int = 0) -> Upload:
    made = actions.begin_upload(actor=person, name="log.txt", length=length or len(content))
    pieces = [content]
    actions.receive(actor=person, upload=made, offset=0, read=lambda size: pieces.pop() if pieces else b"")
    return made


def test_a_document_and_a_version_from_what_has_come():
    case = make.Case(make.submitted)
    visitor = Visitor(case.contributor)
    came = arrived(case.contributor)
    typed = TYPED | {"upload": str(came.pk), "sha256": SHA256}
    text = visitor.follow(visitor.post("add_document", case.submission, **typed))
    assert (
        f"log.txt Version 1, 9.0 kB, 14 Sep 2026, 10:00 a.m. EDT Not scanned for malware. SHA-256 {SHA256}"
        in text
    )
    document, more = Document.objects.get(), arrived(case.contributor, CONTENT + b"!")
    typed = {"upload": str(more.pk), "sha256": hashlib.sha256(CONTENT + b"!").hexdigest()}
    answer = visitor.post("new_version", case.submission, document.pk, **typed)
    assert "log.txt Version 2" in visitor.follow(answer)
    assert Upload.objects.count() == 0


def test_twice_by_two_clicks_is_once():
    case = make.Case(make.submitted)
    visitor = Visitor(case.contributor)
    typed = TYPED | {"upload": str(arrived(case.contributor).pk), "sha256": SHA256}
    visitor.post("add_document", case.submission, **typed)
    before = stored_rows()
    assert "nothing was done twice" in visitor.follow(visitor.post("add_document", case.submission, **typed))
    assert stored_rows() == before


def test_an_upload_of_what_is_there_already_is_given_up(folder, django_capture_on_commit_callbacks):
    case = make.Case(make.submitted)
    visitor = Visitor(case.contributor)
    for _ in range(2):
        typed = TYPED | {"upload": str(arrived(case.contributor).pk), "sha256": SHA256}
        with django_capture_on_commit_callbacks(execute=True):
            answer = visitor.post("add_document", case.submission, **typed)
    assert "nothing was stored twice" in visitor.follow(answer)
    assert (Document.objects.count(), Upload.objects.count(), list(folder.iterdir())) == (1, 0, [])


def test_without_its_hash_it_is_refused_and_the_page_says_so(stored):
    case = make.Case(make.submitted)
    came = arrived(case.contributor)
    answer = Visitor(case.contributor).post("add_document", case.submission, **TYPED, upload=str(came.pk))
    assert "Say the SHA-256 of what you uploaded." in words(answer)
    assert (Document.objects.count(), files_in(stored), Upload.objects.count()) == (0, 0, 1)
    with pytest.raises(Missing) as refusal:
        actions.add_document(
            actor=case.contributor, submission=case.submission, kind="other", title="", upload=came
        )
    assert refusal.value.field == "sha256"


def test_a_draft_takes_it_too_whatever_button_is_pressed():
    visitor, case = begun()
    edit(visitor, case, upload=str(arrived(visitor.user).pk), sha256=SHA256, do="review")
    assert DocumentVersion.objects.get().sha256 == SHA256


def test_what_else_is_wrong_leaves_the_upload_for_the_next_try(stored):
    case = make.Case(make.submitted)
    visitor, came = Visitor(case.contributor), arrived(case.contributor)
    typed = TYPED | {"upload": str(came.pk), "sha256": SHA256}
    answer = visitor.post("add_document", case.submission, **typed | {"cui": "SECRET"})
    assert errors_beside(answer, "cui") == ["A CUI banner begins with CUI, such as CUI//SP-PROPIN."]
    assert f'name="upload" value="{came.pk}"' in answer.content.decode()
    assert files_in(stored) == 0
    visitor.post("add_document", case.submission, **typed)
    assert DocumentVersion.objects.get().sha256 == SHA256


@pytest.mark.parametrize("what", ["half", "another person's", "gone", "another hash"])
def test_what_has_not_come_whole_as_it_was_sent_is_refused_beside_the_field(what, stored):
    case = make.Case(make.submitted)
    came = arrived(
        case.contributor if what != "another person's" else make.Case().contributor,
        length=9001 if what == "half" else 0,
    )
    if what == "gone":
        actions.end_upload(actor=case.contributor, upload=came)
    sha256 = hashlib.sha256(b"nougat").hexdigest() if what == "another hash" else SHA256
    before = stored_rows()
    typed = TYPED | {"upload": str(came.pk), "sha256": sha256}
    answer = Visitor(case.contributor).post("add_document", case.submission, **typed)
    gone = "This upload was used already, or has ended. Choose the file again."
    assert errors_beside(answer, "file") == [
        {
            "half": "The file has not arrived whole. Choose it again, and the upload goes on.",
            "another hash": f"The file changed on its way: SHA-256 {SHA256} arrived, and {sha256} was sent. Choose it again.",
        }.get(what, gone)
    ]
    assert (stored_rows(), files_in(stored)) == (before, 0)


def test_a_file_that_comes_along_is_held_to_its_hash():
    case = make.Case(make.submitted)
    visitor = Visitor(case.contributor)
    wrong = visitor.post("add_document", case.submission, **TYPED, file=upload(), sha256=SHA256)
    assert errors_beside(wrong, "file")[0].startswith("The file changed on its way")
    right = hashlib.sha256(PDF).hexdigest()
    visitor.post("add_document", case.submission, **TYPED, file=upload(), sha256=right)
    assert DocumentVersion.objects.get().sha256 == right


def test_neither_file_nor_upload_asks_for_a_file():
    case = make.Case(make.submitted)
    answer = Visitor(case.contributor).post("add_document", case.submission, **TYPED)
    assert errors_beside(answer, "file") == ["Choose a file."]
