"""The lab corrects the facts and gives access instructions."""

import pytest

from portal.ledger.models import Event
from portal.submissions import actions
from portal.submissions.models import AccessInstructions
from tests import factories as make
from tests.lab.opened import opened
from tests.lab.test_draft import TYPED
from tests.lab.visitor import Visitor, errors_beside, stored_rows, words

pytestmark = pytest.mark.django_db
SECRET = "Endpoint https://heron.invalid/v1, key nougat-key-7."


def facts(case, **changed):
    return make.FACTS | {"revision": case.again().revision} | changed


def test_a_correction_is_a_new_version_beside_the_old():
    case, visitor = opened(make.submitted)
    text = visitor.follow(
        visitor.post("correct_facts", case.submission, **facts(case, summary="The almond one."))
    )
    assert "The new version of the facts was saved." in text
    assert "Version 2, 14 Sep 2026, 10:00 a.m. EDT Model name" in text
    assert "The almond one." in text
    assert "A general model with a secret ingredient: marzipan." in text


@pytest.mark.parametrize("name", ["model_name", "checkpoint", "access_mode", "summary"])
def test_a_correction_leaves_nothing_needed_out(name):
    case, visitor = opened(make.submitted)
    before = stored_rows()
    answer = visitor.post("correct_facts", case.submission, **facts(case, **{name: "", "safeguards": TYPED}))
    assert len(errors_beside(answer, name)) == 1
    assert TYPED in words(answer)
    assert stored_rows() == before


def test_another_checkpoint_after_consent_is_another_submission():
    case, visitor = opened(make.agreed)
    before = stored_rows()
    answer = visitor.post("correct_facts", case.submission, **facts(case, checkpoint="rc2", safeguards=TYPED))
    assert errors_beside(answer, "checkpoint") == [
        "Consent was given for this checkpoint. A new checkpoint needs a new submission."
    ]
    assert TYPED in words(answer)
    assert stored_rows() == before


def test_a_stale_correction_keeps_its_text():
    case, visitor = opened(make.submitted)
    posted = facts(case, summary=TYPED)
    actions.acknowledge(actor=case.coordinator, submission=case.submission)
    before = stored_rows()
    answer = visitor.post("correct_facts", case.submission, **posted)
    assert answer.status_code == 409
    assert "Acknowledged the submission" in words(answer)
    assert TYPED in words(answer)
    assert stored_rows() == before


def test_a_correction_too_late_keeps_its_text():
    case, visitor = opened()
    posted = facts(case, summary=TYPED)
    actions.release(actor=case.contributor, submission=case.submission)
    answer = visitor.post("correct_facts", case.submission, **posted)
    assert answer.status_code == 409
    assert "Facts can be corrected from submission until the window ends." in words(answer)
    assert TYPED in words(answer)


def test_a_double_click_corrects_once():
    case, visitor = opened(make.submitted)
    posted = facts(case, summary=TYPED)
    visitor.post("correct_facts", case.submission, **posted)
    assert "nothing was done twice" in visitor.follow(
        visitor.post("correct_facts", case.submission, **posted)
    )
    assert case.submission.facts_versions.count() == 2


def test_instructions_are_given_sealed_and_revealed_by_a_post_that_is_recorded():
    case, visitor = opened(make.agreed)
    answer = visitor.post(
        "provide_access", case.submission, instructions=SECRET, revision=case.again().revision
    )
    text = visitor.follow(answer)
    assert "The access instructions were stored." in text
    assert "nougat" not in text
    stored = AccessInstructions.objects.get()
    assert b"nougat" not in bytes(stored.sealed)
    assert visitor.get("reveal", case.submission).status_code == 405
    revealed = visitor.post("reveal", case.submission)
    assert SECRET in words(revealed)
    assert "no-store" in revealed.headers["Cache-Control"]
    look = Event.objects.get(verb="revealed_instructions")
    assert (look.actor_id, look.capacity, look.data) == (case.contributor.pk, "lab", {"version": 1})
    for event in Event.objects.all():
        assert "nougat" not in str(event.data) + event.reason


def test_a_viewer_reveals_what_the_audience_shows_and_is_seen_doing_it():
    case, _ = opened()
    assert "marzipan-key-1" in words(Visitor(case.viewer).post("reveal", case.submission))
    assert Event.objects.get(verb="revealed_instructions").capacity == "lab_viewer"


def test_nothing_to_reveal_is_said():
    case, visitor = opened(make.agreed)
    answer = visitor.post("reveal", case.submission)
    assert "The lab has given no access instructions yet." in words(answer)
    assert not Event.objects.filter(verb="revealed_instructions").exists()


@pytest.mark.parametrize("text", ["", "  \n "])
def test_empty_instructions_are_refused_beside_the_field(text):
    case, visitor = opened(make.agreed)
    before = stored_rows()
    answer = visitor.post(
        "provide_access", case.submission, instructions=text, revision=case.again().revision
    )
    assert errors_beside(answer, "instructions") == ["Write how the government reaches the model."]
    assert stored_rows() == before


def test_too_long_instructions_come_back():
    case, visitor = opened(make.agreed)
    text = "x" * 20001
    answer = visitor.post(
        "provide_access", case.submission, instructions=text, revision=case.again().revision
    )
    assert errors_beside(answer, "instructions") == [
        "Ensure this value has at most 20000 characters (it has 20001)."
    ]
    assert text in answer.content.decode()


def test_instructions_are_replaced_and_the_window_stays():
    case, visitor = opened()
    window = case.again().opens_at, case.again().closes_at
    visitor.post("provide_access", case.submission, instructions=SECRET, revision=case.again().revision)
    assert (case.again().opens_at, case.again().closes_at) == window
    assert SECRET in words(visitor.post("reveal", case.submission))
    assert "Earlier versions Version 1, given" in visitor.text("case", case.submission)


def test_access_is_not_provided_before_the_terms_are_agreed():
    case, visitor = opened(make.submitted)
    assert "This case is submitted, so this step cannot be taken now." in visitor.follow(
        visitor.get("provide_access", case.submission)
    )
    answer = visitor.post(
        "provide_access", case.submission, instructions=SECRET, revision=case.again().revision
    )
    assert answer.status_code == 409
    assert SECRET in words(answer)
    assert not AccessInstructions.objects.exists()


def test_a_stale_form_of_instructions_keeps_them_and_a_double_click_gives_them_once():
    case, visitor = opened(make.agreed)
    posted = {"instructions": SECRET, "revision": case.again().revision}
    visitor.post("provide_access", case.submission, **posted)
    assert "nothing was done twice" in visitor.follow(
        visitor.post("provide_access", case.submission, **posted)
    )
    answer = visitor.post(
        "provide_access", case.submission, **(posted | {"instructions": SECRET + " Other."})
    )
    assert answer.status_code == 409
    assert SECRET + " Other." in words(answer)
    assert AccessInstructions.objects.count() == 1
