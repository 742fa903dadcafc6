"""Who is taken off a case while a page of it is open finds nothing there any more, and keeps the words they had typed."""

import pytest
import time_machine
from django.test import Client

from portal.accounts.models import User
from reviews import actions
from reviews.models import Assessment
from tests import factories as make
from tests import factories_reviews as desk
from tests.admin.desk import Desk

pytestmark = pytest.mark.django_db
NOTES = "The marzipan range gave way after forty tries.\nSee <b>task 7</b>."


@pytest.fixture(autouse=True)
def _at_now():
    with time_machine.travel(make.NOW, tick=False):
        yield


@pytest.fixture
def case():
    return desk.Reviewed()


def test_a_reviewer_who_was_taken_off_gets_404_and_their_text_back(case):
    draft = desk.draft(case)
    page = Desk(case.reviewer)
    assert page.get("reviews_assessment_save_assessment", draft.pk).status_code == 200
    actions.revoke(
        actor=case.coordinator, assignment=case.seat, reason="Somebody else takes over.", at=make.NOW
    )
    gone = Desk(User.objects.get(pk=case.reviewer.pk))
    for where in ("reviews_assessment_change", "reviews_assessment_save_assessment"):
        assert gone.get(where, draft.pk).status_code == 404
    assert gone.get("submissions_submission_change", case.submission.pk).status_code == 404
    answer = gone.post(
        "reviews_assessment_save_assessment", draft.pk, findings=NOTES, domain="cyber", revision="1"
    )
    assert answer.status_code == 404
    text = answer.content.decode()
    assert "The marzipan range gave way after forty tries.\nSee &lt;b&gt;task 7&lt;/b&gt;." in text
    # Nothing else of the case is there, and what was saved before stands.
    assert case.submission.case_number not in text
    assert desk.FINDINGS["findings"] not in text
    assert Assessment.objects.get(pk=draft.pk).findings == desk.FINDINGS["findings"]


def test_what_may_be_seen_but_not_done_gives_the_text_back_too(case):
    draft = desk.draft(case)
    answer = Desk(case.coordinator).post(
        "reviews_assessment_save_assessment", draft.pk, findings=NOTES, domain="cyber", revision="1"
    )
    assert answer.status_code == 403
    assert "The marzipan range gave way" in answer.content.decode()


def test_another_site_puts_no_words_on_our_page(case):
    """Without the token of one of our pages, or where there is no view, nothing is repeated."""
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(case.reviewer, backend="portal.accounts.backends.Backend")
    for address in ("/no/such/page/", f"/admin/reviews/assessment/{case.submission.pk}/save_assessment/"):
        answer = browser.post(address, {"findings": "Call this number at once"})
        assert answer.status_code in (403, 404)
        assert "Call this number" not in answer.content.decode()


def test_secrets_and_choices_are_not_repeated(case):
    answer = Desk(case.reviewer).post(
        "submissions_submission_acknowledge",
        make.Case().submission.pk,
        password="two words",
        reset_key="two words",
        choice="one",
        note="Two words",
    )
    text = answer.content.decode()
    assert answer.status_code == 404
    assert text.count("wo words") == 1
    assert "Note" in text
