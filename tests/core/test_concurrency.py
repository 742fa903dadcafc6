"""Several people on one verb at once: one effect, one event, the others a clear refusal (invariant 19 for people)."""

import functools
import hashlib
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection

from portal.errors import Refused
from portal.ledger.models import Event
from portal.submissions import actions
from portal.submissions.models import Document, InformationRequest, Submission, Upload
from tests import factories as make
from tests import factories_reviews as reviewing
from tests.factories_questions import Asked, asked

pytestmark = pytest.mark.committed_db
THREADS = 20


def at_once(calls: list) -> list:
    """Run the calls at the same moment on as many connections; each answers ``done`` or its refusal's code."""
    barrier = Barrier(len(calls))

    def run(call):
        try:
            barrier.wait(timeout=30)
            call()
        except Refused as refused:
            return refused.code
        else:
            return "done"
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as pool:
        return sorted(pool.map(run, calls))


def events(case, verb: str) -> int:
    return Event.objects.filter(case_id=case.submission.pk, verb=verb).count()


def test_twenty_threads_submit_once():
    case = make.Case(make.draft)
    answers = at_once(
        [lambda: actions.submit(actor=case.contributor, submission=case.submission, at=make.NOW)] * THREADS
    )
    assert answers == ["already_done"] * (THREADS - 1) + ["done"]
    assert events(case, "submit") == 1


def test_two_coordinators_acknowledge_once():
    case = make.Case(make.submitted)
    people = [case.coordinator, make.coordinator()]
    answers = at_once(
        [
            lambda actor=actor: actions.acknowledge(actor=actor, submission=case.submission, at=make.NOW)
            for actor in people
        ]
    )
    assert answers == ["already_done", "done"]
    assert (events(case, "acknowledge"), case.again().terms.count()) == (1, 1)


def test_both_sides_accept_at_once_and_agree():
    case = make.Case(make.submitted)
    actions.acknowledge(actor=case.coordinator, submission=case.submission, at=make.NOW)
    people = [case.contributor, case.coordinator] * 5
    answers = at_once(
        [
            lambda actor=actor: actions.accept_terms(actor=actor, submission=case.submission, at=make.NOW)
            for actor in people
        ]
    )
    assert answers == ["already_done"] * 8 + ["done"] * 2
    assert case.again().stored_state == "agreed"


def test_two_tabs_save_one_draft_and_one_is_told():
    case = make.Case(make.draft)
    revision = case.submission.revision
    answers = at_once(
        [
            lambda text=text: actions.save_draft(
                actor=case.contributor,
                submission=case.submission,
                facts={"summary": text},
                expected_revision=revision,
                at=make.NOW,
            )
            for text in ("one", "two")
        ]
    )
    assert answers == ["done", "stale"]
    assert events(case, "save_draft") == 1


def test_twenty_threads_withdraw_once_while_others_move_dates():
    case = make.Case(make.with_access)

    def withdraw():
        actions.withdraw(actor=case.contributor, submission=case.submission, at=make.NOW)

    def move(days):
        actions.move_dates(
            actor=case.contributor,
            submission=case.submission,
            planned_public_release=make.NOW + days * make.DAY,
            at=make.NOW,
        )

    answers = at_once([withdraw] * 10 + [lambda days=days: move(70 + days) for days in range(10)])
    assert answers.count("already_done") == 9
    assert (events(case, "withdraw"), case.again().stored_state) == (1, "withdrawn")
    assert answers.count("done") == 1 + events(case, "move_dates")


def test_the_30_days_of_a_checkpoint_hold_when_two_cases_open_at_once():
    first = make.Case(make.agreed)
    second = make.agreed(actor=first.contributor, lab=first.lab, by=first.coordinator)
    answers = at_once(
        [
            lambda case=case: actions.provide_access(
                actor=first.contributor, submission=case, instructions="x", at=make.NOW
            )
            for case in (first.submission, second)
        ]
    )
    assert answers == ["done", "done"]
    windows = list(Submission.objects.filter(opens_at__isnull=False))
    assert sum(((w.closes_at - w.opens_at).days for w in windows), 0) == 30


def test_the_clocks_job_beside_itself_records_once():
    case = make.Case(make.with_access)
    at_once([lambda: actions.record_clock(at=case.submission.closes_at)] * 8)
    assert (events(case, "open"), events(case, "end")) == (1, 1)


def test_questions_asked_at_once_have_numbers_of_their_own_and_the_same_one_is_asked_once():
    case = reviewing.Reviewed()
    people = [case.coordinator, case.lead, case.reviewer, case.peer, case.agency_coordinator]
    answers = at_once([lambda actor=actor: asked(case, actor) for actor in people])
    # Two agencies: each asks these words once, whoever of it was first.
    assert answers == ["already_done"] * 3 + ["done"] * 2
    at_once([lambda n=n: asked(case, text=f"Number {n}?") for n in range(6)])
    numbers = InformationRequest.objects.filter(submission=case.submission).values_list("number", flat=True)
    assert sorted(numbers) == list(range(1, 9))


def test_two_questions_merged_into_each_other_at_once_leave_one():
    case = Asked()
    pair = [(case.first, case.second), (case.second, case.first)]
    answers = at_once(
        [
            lambda one=one, other=other: actions.questions.merge(
                actor=case.coordinator, question=one, into=other, at=make.NOW
            )
            for one, other in pair
        ]
    )
    assert answers == ["done", "invalid"]
    assert sorted(InformationRequest.objects.values_list("stored_state", flat=True)) == ["asked", "merged"]


def test_two_of_a_lab_who_read_the_same_page_answer_once():
    case = Asked()
    answers = at_once(
        [
            lambda n=n: actions.questions.answer(
                actor=case.contributor, question=case.first, text=f"{n}", expected_revision=1, at=make.NOW
            )
            for n in range(5)
        ]
    )
    assert answers == ["done"] + ["stale"] * 4
    assert events(case, "answer") == 1


def test_twins_that_finish_one_upload_at_the_same_instant_make_one_document(settings, tmp_path):
    settings.PORTAL_UNFINISHED_DIR = tmp_path
    case = make.Case(make.submitted)
    for number in range(5):
        content = b"marzipan %d" % number
        upload = actions.begin_upload(actor=case.contributor, name="log.txt", length=len(content))
        pieces = [b"", content]
        actions.receive(actor=case.contributor, upload=upload, offset=0, read=lambda size, p=pieces: p.pop())
        finish = functools.partial(
            actions.add_document, actor=case.contributor, submission=case.submission, kind="other", title="",
            upload=upload, sha256=hashlib.sha256(content).hexdigest(),
        )  # fmt: skip
        answers = at_once([finish] * 6)
        assert answers.count("done") == 1
        assert set(answers) <= {"done", "already_done", "invalid"}
    assert (Document.objects.count(), Upload.objects.count(), list(tmp_path.iterdir())) == (5, 0, [])
