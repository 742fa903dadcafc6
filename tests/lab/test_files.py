"""Files in and out by the lab's pages: taken by content, listed with their SHA-256, refused beside the field, streamed back."""

import hashlib

import pytest
from django.core.files.storage import default_storage

from portal.ledger.models import Event
from portal.submissions import actions
from portal.submissions.models import Document, DocumentVersion
from tests import factories as make
from tests.lab.test_draft import NOTHING, TYPED, begun, edit
from tests.lab.uploads import PDF, archive, multipart, sample, upload
from tests.lab.visitor import Visitor, address, errors_beside, stored_rows, words

pytestmark = pytest.mark.django_db


def files_in(stored) -> int:
    return sum(1 for path in stored.rglob("*") if path.is_file()) if stored.exists() else 0


def with_document(make_case=make.draft):
    """A case with one document, and its contributor's session."""
    case = make.Case(make.draft)
    document = actions.add_document(
        actor=case.contributor,
        submission=case.submission,
        kind="system_card",
        title="Card",
        upload=make.pdf(),
    )
    if make_case is make.submitted:
        actions.submit(actor=case.contributor, submission=case.again())
    return case, document, Visitor(case.contributor)


# --- Adding ---------------------------------------------------------------------------------------------------------

REAL = {
    "model_cards/llama4.md": ("system_card", "text/markdown"),
    "inspect/2025-05-12T20-28-26-04-00_security-guide.json": ("inspect_log", "application/json"),
    "inspect/2025-02-11T15-17-00-05-00_popularity_dPiJifoWeEQBrfWsAopzWr.eval": (
        "inspect_log",
        "application/x-inspect-eval",
    ),
    "inspect/log_with_nan.txt": ("inspect_log", "application/json"),
}


@pytest.mark.parametrize("name", REAL)
def test_real_files_are_taken_as_they_are(name):
    path, (kind, content_type) = sample(name), REAL[name]
    content = path.read_bytes()
    visitor, case = begun()
    answer = edit(visitor, case, kind=kind, file=upload(content, path.name), do="document")
    assert answer.headers["Location"].endswith("/edit/#documents")
    version = DocumentVersion.objects.get()
    sha256 = hashlib.sha256(content).hexdigest()
    assert (version.name, version.content_type, version.size, version.sha256, version.document.title) == (
        path.name,
        content_type,
        len(content),
        sha256,
        path.name,
    )
    assert f"{path.name} Version 1" in visitor.text("edit", case)
    assert f"SHA-256 {sha256}" in visitor.text("edit", case)
    back = visitor.get("content", version.pk)
    assert b"".join(back.streaming_content) == content


def test_an_upload_is_listed_with_its_marking_and_saves_the_draft():
    visitor, case = begun()
    answer = edit(
        visitor,
        case,
        summary=TYPED,
        title="Our card",
        tlp="TLP:RED",
        confidential_commercial="",
        file=upload(),
        do="document",
    )
    text = visitor.follow(answer)
    assert "Our card Draft system card TLP:RED card.pdf" in text
    assert TYPED in text
    document = Document.objects.get()
    assert (document.title, document.tlp, document.confidential_commercial) == ("Our card", "TLP:RED", False)


def test_a_file_comes_along_whatever_button_is_pressed():
    visitor, case = begun()
    edit(visitor, case, file=upload(), do="review")
    assert Document.objects.get().title == "card.pdf"


def test_a_refused_file_loses_nothing_of_the_draft(stored):
    visitor, case = begun()
    answer = edit(visitor, case, summary=TYPED, title="Our card", file=upload(b""), do="document")
    assert answer.status_code == 200
    assert errors_beside(answer, "file") == ["The file is empty."]
    page = answer.content.decode()
    assert TYPED in page
    assert 'value="Our card"' in page
    case.facts.refresh_from_db()
    assert (case.facts.summary, files_in(stored)) == (TYPED, 0)


# --- Refusing -------------------------------------------------------------------------------------------------------

BAD = {
    "none": (None, "", "Choose a file."),
    "empty": (b"", "card.pdf", "The file is empty."),
    "a truncated PDF": (b"%PDF-1.7\nmarzi", "card.pdf", "The file is truncated: its end is missing."),
    "a truncated PNG": (
        b"\x89PNG\r\n\x1a\n" + b"x" * 99,
        "a.png",
        "The file is truncated: its end is missing.",
    ),
    "a truncated archive": (archive("header.json")[:-30], "log.eval", "The archive is truncated or damaged."),
    "a truncated log": (b'{"eval": {"task": "mar', "log.json", "The file is truncated: its end is missing."),
    "a truncated text": (
        "marzipan é".encode()[:-1],
        "card.md",
        "The file is of a kind the portal does not take, or a truncated text.",
    ),
    "a program": (b"\x7fELF" + b"\x00" * 64, "card.pdf", "Programs are not taken."),
    "a script": (b"#!/bin/sh\nrm -rf /\n", "card.txt", "Programs are not taken."),
    "something foreign": (
        b"\x00\x01\x02binary",
        "card.md",
        "The file is of a kind the portal does not take.",
    ),
    "too long a name": (PDF, "x" * 197 + ".pdf", "The file's name is longer than 200 characters."),
}


@pytest.mark.parametrize("what", BAD)
def test_a_bad_file_is_refused_beside_the_field_and_the_draft_is_saved(what, stored):
    content, name, message = BAD[what]
    visitor, case = begun()
    file = {} if content is None else {"file": upload(content, name)}
    answer = edit(visitor, case, summary=TYPED, title="Our card", do="document", **file)
    assert answer.status_code == 200
    assert errors_beside(answer, "file") == [message]
    page = answer.content.decode()
    assert TYPED in page
    assert 'value="Our card"' in page
    assert "The draft is saved." in words(answer)
    case.refresh_from_db()
    case.facts.refresh_from_db()
    assert (case.facts.summary, Document.objects.count(), files_in(stored)) == (TYPED, 0, 0)
    assert answer.context["revision"] == case.revision


@pytest.mark.parametrize(
    "name",
    [
        "../../etc/passwd.pdf",
        "/etc/card.pdf",
        "..\\\\..\\\\card.pdf",
        "&#47;etc&#47;card.pdf",
        "a/../card.pdf",
    ],
)
def test_a_name_that_is_a_path_is_refused(name, stored):
    case = make.Case(make.submitted)
    visitor = Visitor(case.contributor)
    before = stored_rows()
    fields = {key: NOTHING[key] for key in ("kind", "title", "tlp")}
    answer = visitor.client.post(address("add_document", case.submission), **multipart(fields, name=name))
    assert errors_beside(answer, "file") == ["The file's name is not usable: rename it."]
    assert (stored_rows(), files_in(stored)) == (before, 0)


@pytest.mark.parametrize("name", ["card\u202efdp.exe", "card\x07.pdf", "card\u200b.pdf"])
def test_a_name_with_hidden_characters_is_refused(name, stored):
    case = make.Case(make.submitted)
    fields = {key: NOTHING[key] for key in ("kind", "title", "tlp")}
    answer = Visitor(case.contributor).client.post(
        address("add_document", case.submission), **multipart(fields, name=name)
    )
    assert errors_beside(answer, "file") == ["The file's name has hidden characters: rename it."]
    assert files_in(stored) == 0


def test_too_large_a_file_is_refused_and_not_written_out(settings, stored):
    settings.PORTAL_MAX_UPLOAD_BYTES = 2**20
    visitor, case = begun()
    answer = edit(visitor, case, file=upload(PDF + b"x" * 2**20), do="document")
    assert errors_beside(answer, "file") == ["The file is larger than 1 MB."]
    assert files_in(stored) == 0


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("kind", "poem", "Select a valid choice. poem is not one of the available choices."),
        ("tlp", "TLP:PINK", "Select a valid choice. TLP:PINK is not one of the available choices."),
        ("title", "x" * 201, "Ensure this value has at most 200 characters (it has 201)."),
    ],
)
def test_wrong_words_about_a_file_are_told_beside_them(field, value, message, stored):
    case = make.Case(make.submitted)
    before = stored_rows()
    typed = {"kind": "other", "title": "Our card", "tlp": "TLP:RED", "file": upload()} | {field: value}
    answer = Visitor(case.contributor).post("add_document", case.submission, **typed)
    assert errors_beside(answer, field) == [message]
    assert (stored_rows(), files_in(stored)) == (before, 0)


# --- Again, and versions --------------------------------------------------------------------------------------------


def test_the_same_file_twice_is_one_document(stored):
    case = make.Case(make.submitted)
    visitor = Visitor(case.contributor)
    typed = {"kind": "other", "title": "Our card", "tlp": "TLP:RED"}
    assert "The document was added." in visitor.follow(
        visitor.post("add_document", case.submission, **typed, file=upload())
    )
    before = stored_rows()
    text = visitor.follow(visitor.post("add_document", case.submission, **typed, file=upload()))
    assert "nothing was done twice" in text
    assert (stored_rows(), files_in(stored)) == (before, 1)


def test_a_new_version_stands_beside_the_earlier_one():
    case, document, visitor = with_document(make.submitted)
    answer = visitor.post("new_version", case.submission, document.pk, file=upload(PDF + b"\n", "card-2.pdf"))
    assert answer.headers["Location"] == f"/lab/cases/{case.submission.case_number}/#documents"
    text = visitor.follow(answer)
    assert "card-2.pdf Version 2" in text
    assert "Earlier versions of Card card.pdf , version 1" in text
    for version in document.versions.all():
        assert visitor.get("content", version.pk).status_code == 200


def test_an_unchanged_new_version_is_none():
    case, document, visitor = with_document(make.submitted)
    before = stored_rows()
    answer = visitor.post(
        "new_version", case.submission, document.pk, file=upload(make.pdf().read(), "same.pdf")
    )
    assert "This very file is the newest version already." in visitor.follow(answer)
    assert stored_rows() == before


def test_a_bad_new_version_is_refused_beside_the_field(stored):
    case, document, visitor = with_document(make.submitted)
    before = stored_rows(), files_in(stored)
    answer = visitor.post("new_version", case.submission, document.pk, file=upload(b"%PDF-1.7 mar"))
    assert errors_beside(answer, "file") == ["The file is truncated: its end is missing."]
    assert (stored_rows(), files_in(stored)) == before


def test_a_document_is_taken_out_of_a_draft():
    case, document, visitor = with_document()
    answer = edit(visitor, case.submission, summary=TYPED, do=f"remove:{document.pk}")
    text = visitor.follow(answer)
    assert "No documents yet." in text
    assert TYPED in text
    assert visitor.get("content", document.versions.get().pk).status_code == 404


def test_a_document_is_not_taken_out_after_submission():
    case, document, visitor = with_document(make.submitted)
    revision = case.again().revision
    before = stored_rows()
    answer = visitor.post(
        "edit", case.submission, **(NOTHING | {"revision": revision, "do": f"remove:{document.pk}"})
    )
    assert answer.status_code == 409
    assert stored_rows() == before


def test_nothing_is_added_once_the_window_has_ended():
    case = make.Case()
    actions.release(actor=case.contributor, submission=case.submission)
    visitor = Visitor(case.contributor)
    assert "this step cannot be taken now" in visitor.follow(visitor.get("add_document", case.submission))
    typed = {"kind": "other", "title": "Our card", "tlp": "TLP:RED", "file": upload()}
    answer = visitor.post("add_document", case.submission, **typed)
    assert answer.status_code == 409
    assert "Our card" in answer.content.decode()
    assert Document.objects.count() == 0


# --- Reading --------------------------------------------------------------------------------------------------------


def test_a_download_is_an_attachment_that_no_browser_runs_or_keeps():
    _, document, visitor = with_document()
    version = document.versions.get()
    answer = visitor.get("content", version.pk)
    assert b"".join(answer.streaming_content) == make.pdf().read()
    wanted = {
        "Content-Type": "application/pdf",
        "Content-Length": str(version.size),
        "Content-Disposition": 'attachment; filename="card.pdf"',
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox",
        "Cache-Control": "private, no-store",
    }
    assert {name: answer.headers[name] for name in wanted} == wanted


def test_a_download_is_a_look_with_its_version():
    case, document, visitor = with_document()
    version = document.versions.get()
    visitor.get("content", version.pk)
    event = Event.objects.get(verb="downloaded_document")
    assert (event.actor_id, event.case_id, event.subject_id, event.data) == (
        case.contributor.pk,
        case.submission.pk,
        version.pk,
        {
            "document": str(document.pk),
            "version": 1,
            "sha256": version.sha256,
            "watermarked": False,
            "given_sha256": version.sha256,
        },
    )


def test_a_name_in_other_letters_is_offered_as_it_is():
    visitor, case = begun()
    edit(visitor, case, file=upload(PDF, "Modellkarte für Ω.pdf"), do="document")
    answer = visitor.get("content", DocumentVersion.objects.get().pk)
    assert (
        answer.headers["Content-Disposition"]
        == "attachment; filename*=utf-8''Modellkarte%20f%C3%BCr%20%CE%A9.pdf"
    )


def test_who_may_not_read_a_document_finds_none():
    case, document, _ = with_document()
    version, other = document.versions.get(), make.Case()
    for stranger in (other.contributor, case.coordinator, make.person()):
        assert Visitor(stranger).get("content", version.pk).status_code == 404
    assert Visitor().get("content", version.pk).status_code == 302
    assert not Event.objects.filter(verb="downloaded_document").exists()


def test_a_document_is_found_under_its_own_case_alone():
    case, document, visitor = with_document(make.submitted)
    second = make.submitted(actor=case.contributor, lab=case.lab, checkpoint="rc2")
    assert visitor.get("new_version", second, document.pk).status_code == 404
    assert (
        Visitor(make.Case().contributor).get("new_version", case.submission, document.pk).status_code == 404
    )


def test_a_viewer_reads_files_and_adds_none():
    case, document, _ = with_document(make.submitted)
    visitor = Visitor(case.viewer)
    assert visitor.get("content", document.versions.get().pk).status_code == 200
    before = stored_rows()
    assert visitor.get("add_document", case.submission).status_code == 403
    typed = {"kind": "other", "title": "", "tlp": "TLP:RED", "file": upload()}
    assert visitor.post("add_document", case.submission, **typed).status_code == 403
    assert (
        visitor.post("new_version", case.submission, document.pk, file=upload(PDF + b" ")).status_code == 403
    )
    assert stored_rows() == before
    assert default_storage.exists(document.versions.get().file.name)
