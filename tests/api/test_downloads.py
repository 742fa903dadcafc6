"""Files on their way out by the API: to whom they are open, in pieces, cut off when access ends."""

import hashlib
import tracemalloc

import pytest
import time_machine
from django.core.files.base import ContentFile, File

from portal.accounts.models import Membership
from portal.submissions import actions, files
from portal.submissions.models import Document
from tests import factories as make
from tests import factories_partners as partnered
from tests import factories_reviews as reviewed
from tests.api.calls import NOT_FOUND, NOWHERE, Caller, refused
from tests.factories import DAY, NOW

pytestmark = pytest.mark.django_db

MEGABYTE = 2**20


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


@pytest.mark.parametrize(
    ("name", "content", "sent_as"),
    [
        ("notes.txt", "Übersicht", "text/plain; charset=utf-8"),
        ("page.html", "<p>Übersicht</p>", "text/plain; charset=utf-8"),
        ("scores.csv", "Größe,1", "text/csv; charset=utf-8"),
        ("card.md", "# Übersicht", "text/markdown; charset=utf-8"),
        # UTF-8 by its own standard, which knows no such parameter.
        ("log.json", '{"Übersicht": 1}', "application/json"),
    ],
)
def test_a_text_says_in_what_it_is_written(name, content, sent_as):
    case = make.Case(make.submitted)
    document = actions.add_document(
        actor=case.contributor,
        submission=case.submission,
        kind="system_card",
        title="Card",
        upload=ContentFile(content.encode(), name=name),
    )
    answer = Caller(case.contributor).get(f"documents/{document.pk}/content/")
    assert (answer["Content-Type"], body(answer).decode()) == (sent_as, content)


def test_documents_open_to_a_reviewer_with_the_seat_and_close_with_the_window():
    case = reviewed.Reviewed()
    document = added(case)
    caller = Caller(case.reviewer)
    assert b"marzipan" in body(caller.get(f"documents/{document.pk}/content/"))
    auditor = Caller(reviewed.auditor())
    refused(auditor.get(f"documents/{document.pk}/content/"), NOT_FOUND)
    with time_machine.travel(NOW + 41 * DAY, tick=False):
        refused(caller.get(f"documents/{document.pk}/"), NOT_FOUND)
        refused(caller.get(f"documents/{document.pk}/content/"), NOT_FOUND)
        assert caller.results("documents/") == []
        assert b"marzipan" in body(Caller(case.contributor).get(f"documents/{document.pk}/content/"))


def test_a_partner_reads_the_documents_in_scope_while_the_grant_is_active_and_no_others():
    case = partnered.GrantCase()
    case.agree()
    caller = Caller(case.partner.member)
    assert caller.results("documents/") == []
    with time_machine.travel(NOW + 21 * DAY, tick=False):
        assert [row["id"] for row in caller.results("documents/")] == [str(case.document.pk)]
        assert b"the marzipan card" in body(caller.get(f"documents/{case.document.pk}/content/"))
        refused(caller.get(f"documents/{case.other_document.pk}/content/"), NOT_FOUND)
        assert caller.results("submissions/") == []


def _large(case, megabytes=10):
    return actions.add_document(
        actor=case.contributor,
        submission=case.submission,
        kind="other",
        title="Log",
        upload=ContentFile(b"nougat\n" * (megabytes * MEGABYTE // 7), name="log.txt"),
    )


@pytest.mark.parametrize("how", ["withdrawn", "membership ended", "account closed", "conflict"])
def test_a_download_under_way_breaks_off_when_access_ends(how):
    case = make.Case(make.submitted)
    document = _large(case)
    size = document.versions.get().size
    answer = Caller(case.coordinator).get(f"documents/{document.pk}/content/")
    assert answer["Content-Length"] == str(size)
    pieces = iter(answer.streaming_content)
    got = len(next(pieces))
    if how == "withdrawn":
        actions.withdraw(actor=case.contributor, submission=case.submission)
    elif how == "membership ended":
        Membership.objects.filter(user=case.coordinator).update(ended_at=NOW)
    elif how == "account closed":
        type(case.coordinator).objects.filter(pk=case.coordinator.pk).update(is_active=False)
    else:
        actions.declare_conflict(actor=case.coordinator, user=case.coordinator, organisation=case.lab)
    received = []
    with pytest.raises(ConnectionResetError):
        received.extend(pieces)
    assert got + sum(map(len, received)) == 4 * MEGABYTE < size


def test_files_pass_through_in_pieces_and_are_never_held_whole(tmp_path):
    case = make.Case(make.submitted)
    path = tmp_path / "log.txt"
    with path.open("wb") as file:
        for _ in range(64):
            file.write(b"nougat-\n" * (MEGABYTE // 8))
    tracemalloc.start()
    with path.open("rb") as file:
        document = actions.add_document(
            actor=case.contributor,
            submission=case.submission,
            kind="other",
            title="Log",
            upload=File(file, "log.txt"),
        )
    answer = Caller(case.coordinator).get(f"documents/{document.pk}/content/")
    longest, digest = 0, hashlib.sha256()
    for piece in answer.streaming_content:
        longest = max(longest, len(piece))
        digest.update(piece)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert longest <= files.CHUNK
    assert digest.hexdigest() == document.versions.get().sha256
    assert peak < 8 * MEGABYTE


def test_a_client_that_takes_only_pdf_gets_it_and_a_problem_as_json():
    case = make.Case(make.submitted)
    document = added(case)
    caller = Caller(case.contributor)
    caller.headers["Accept"] = "application/pdf"
    assert body(caller.get(f"documents/{document.pk}/content/")).startswith(b"%PDF")
    refused(caller.get(f"documents/{NOWHERE}/content/"), NOT_FOUND)
