"""A case's page: each scope shows its part and no other, secrets open only to whom the window admits, every look is written."""

import hashlib

import pytest
import time_machine

from portal.accounts.models import Role
from portal.ledger.models import Event
from portal.submissions import actions
from tests import factories as make
from tests import factories_reviews as reviews
from tests.admin.desk import CASE, Desk, words

pytestmark = pytest.mark.django_db

# With the usual dates the window opens ten days after NOW and is open for thirty.
OPEN = make.NOW + 15 * make.DAY
OVER = make.NOW + 45 * make.DAY
HISTORY, REVEAL = "submissions_submission_history", "submissions_submission_reveal_instructions"
CONTENT = "submissions_document_content"


def _with_document(case):
    document = actions.add_document(
        actor=case.contributor, submission=case.submission, kind="system_card", title="Card of marzipan",
        upload=make.pdf("nougat"), tlp="TLP:RED",
    )  # fmt: skip
    case.submission = case.again()
    return document


def _looks(case, actor):
    events = Event.objects.looks().filter(case_id=case.submission.pk, actor=actor).order_by("seq")
    return list(events.values_list("verb", flat=True))


def test_a_coordinator_reads_facts_documents_and_terms_and_each_is_a_look():
    case = reviews.Reviewed()
    _with_document(case)
    text = Desk(case.coordinator).text(CASE, case.submission.pk)
    for part in (
        "Terms agreed", "Invented lab", "Kestrel 5", "A general model with a secret ingredient: marzipan.",
        "TLP:RED · confidential commercial information", "Card of marzipan", "card.pdf",
        hashlib.sha256(b"%PDF-1.7\nnougat\n%%EOF\n").hexdigest(),
        "Newest version 1", "The clock opens the access window.", "Window opens 24 Sep 2026, 10:00 a.m. EDT",
    ):  # fmt: skip
        assert part in text
    assert "marzipan-key-1" not in text
    assert _looks(case, case.coordinator) == ["viewed_facts", "viewed_documents"]


def test_what_a_scope_does_not_open_is_said_and_not_shown():
    case = reviews.Reviewed()
    _with_document(case)
    auditor = reviews.auditor()
    text = Desk(auditor).text(CASE, case.submission.pk)
    assert "Kestrel 5" in text
    assert "The lab's documents are not open to you now." in text
    assert "Card of marzipan" not in text
    assert "card.pdf" not in text
    assert _looks(case, auditor) == ["viewed_facts"]


def test_after_withdrawal_the_record_is_all_that_is_left():
    case = reviews.Reviewed()
    _with_document(case)
    actions.withdraw(actor=case.contributor, submission=case.submission)
    text = Desk(case.coordinator).text(CASE, case.submission.pk)
    assert "Withdrawn" in text
    for secret in ("Kestrel", "marzipan", "card.pdf", "sha256", "Newest version"):
        assert secret not in text
    assert _looks(case, case.coordinator) == []
    assert Desk(case.reviewer).get(CASE, case.submission.pk).status_code == 404


def test_a_reviewer_before_attesting_finds_no_case():
    case = reviews.Reviewed()
    waiting = reviews.reviewer(case.agency)
    reviews.proposed(case, waiting)
    assert Desk(waiting).get(CASE, case.submission.pk).status_code == 404
    assert Desk(waiting).get(HISTORY, case.submission.pk).status_code == 404


def test_instructions_open_by_a_post_while_the_window_is_open_and_only_to_reviewers():
    case = reviews.Reviewed()
    expected = {make.NOW: False, OPEN: True, OVER: False}
    for at, is_open in expected.items():
        with time_machine.travel(at, tick=False):
            desk = Desk(case.reviewer)
            assert ("Show the access instructions" in desk.text(CASE, case.submission.pk)) == is_open
            assert "marzipan-key-1" not in desk.text(CASE, case.submission.pk)
            assert desk.get(REVEAL, case.submission.pk).status_code == 302
            answer = desk.post(REVEAL, case.submission.pk)
            assert answer.status_code == (200 if is_open else 303)
            assert (make.INSTRUCTIONS in words(answer)) == is_open
            if is_open:
                assert answer["Cache-Control"].startswith("max-age=0, no-cache, no-store")
            for other in (case.coordinator, case.agency_coordinator):
                refused = Desk(other).client.post(
                    f"/admin/submissions/submission/{case.submission.pk}/reveal_instructions/"
                )
                assert refused.status_code == 303
    looks = Event.objects.looks().filter(verb="revealed_instructions")
    assert list(looks.values_list("actor_id", "at")) == [(case.reviewer.pk, OPEN)]


def test_a_download_is_a_look_and_nothing_a_browser_runs():
    case = reviews.Reviewed()
    version = _with_document(case).current
    answer = Desk(case.reviewer).get(CONTENT, version.pk)
    assert b"".join(answer.streaming_content) == b"%PDF-1.7\nnougat\n%%EOF\n"
    assert answer["Content-Disposition"] == 'attachment; filename="card.pdf"'
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer["Content-Security-Policy"]
    assert "no-store" in answer["Cache-Control"]
    event = Event.objects.looks().get(verb="downloaded_document")
    assert (event.actor, event.subject_id, event.data["sha256"]) == (
        case.reviewer,
        version.pk,
        version.sha256,
    )


def test_a_file_is_not_found_by_whom_the_documents_are_closed_to():
    case, other = reviews.Reviewed(), reviews.Reviewed()
    version = _with_document(case).current
    closed = [case.contributor, other.reviewer, reviews.auditor(), make.person(is_superuser=True)]
    for person in closed:
        assert Desk(person).get(CONTENT, version.pk).status_code == 404
    with time_machine.travel(OVER, tick=False):
        assert Desk(case.reviewer).get(CONTENT, version.pk).status_code == 404
    assert Event.objects.looks().filter(verb="downloaded_document").count() == 0
    assert Desk(case.coordinator).post(CONTENT, version.pk).status_code == 405


def test_a_file_of_another_case_does_not_open_by_a_seat_on_this_one():
    mine, other = reviews.Reviewed(), reviews.Reviewed()
    version = _with_document(other).current
    assert Desk(mine.reviewer).get(CONTENT, version.pk).status_code == 404


def test_history_shows_changes_to_all_and_looks_to_those_who_audit():
    case = reviews.Reviewed()
    Desk(case.lead).get(CASE, case.submission.pk)
    for person, sees_looks in ((case.reviewer, False), (case.coordinator, True), (reviews.auditor(), True)):
        text = Desk(person).text(HISTORY, case.submission.pk)
        assert "Acknowledged the submission" in text
        assert ("Look: Read the facts Lena Lead" in text) == sees_looks
        assert ("The reviewer attested for the seat Rita Reviewer" in text) == sees_looks


def test_the_names_that_a_lab_reads_are_resolved_for_those_who_audit():
    case = reviews.Reviewed()
    label = case.submission.aliases.get(user=case.reviewer).label
    for person, resolves in ((reviews.auditor(), True), (case.coordinator, True), (case.lead, False)):
        assert (f"{label} Rita Reviewer" in Desk(person).text(CASE, case.submission.pk)) == resolves


def test_an_agency_that_was_not_invited_finds_nothing():
    case = reviews.Reviewed()
    stranger = make.member(make.agency(), Role.COORDINATOR)
    assert Desk(stranger).get(CASE, case.submission.pk).status_code == 404
