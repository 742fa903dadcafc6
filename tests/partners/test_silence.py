"""The programme office's silence: what it is shown as, and that it changes nothing."""

import pytest

from partners import actions
from partners.models import Grant
from portal.deadlines.models import Deadline
from portal.submissions import actions as case_actions
from tests.factories import DAY, NOW
from tests.factories_partners import GrantCase
from tests.partners.test_pages import Browser, lab_page, text_of

pytestmark = pytest.mark.django_db
# Five business days after a Monday.
DUE = NOW + 7 * DAY


@pytest.fixture
def case():
    return GrantCase()


def dates(grant: Grant) -> list[tuple]:
    rows = Deadline.objects.filter(kind="grant_concur_due", subject_id=grant.pk)
    return list(rows.values_list("due_at", "met_at", "cancelled_at"))


def pages(case, at, time_machine) -> str:
    """The lab's page of the grant, and its list."""
    time_machine.move_to(at, tick=False)
    lab = Browser(case.contributor)
    return text_of(lab.get(lab_page(case)) + lab.get(lab_page(case, grant=False)))


def test_an_answer_to_a_labs_proposal_is_owed_and_met_by_concurring(case):
    grant = case.propose()
    assert dates(grant) == [(DUE, None, None)]
    actions.concur(actor=case.coordinator, grant=grant, at=NOW + DAY)
    assert dates(grant) == [(DUE, NOW + DAY, None)]


def test_declining_is_an_answer_too_and_the_offices_own_proposal_owes_none(case):
    grant = case.propose()
    actions.decline(actor=case.coordinator, grant=grant, reason_code="capacity", at=NOW + DAY)
    assert dates(grant) == [(DUE, None, NOW + DAY)]
    assert dates(case.propose(by=case.coordinator)) == []


def test_the_answer_stays_owed_when_the_lab_moves_its_dates_and_no_longer_than_the_case_lasts(case):
    grant = case.propose()
    release = case.submission.planned_public_release + DAY
    case_actions.move_dates(
        actor=case.contributor, submission=case.again(), planned_public_release=release, at=NOW + DAY
    )
    assert dates(grant) == [(DUE, None, None)]
    case_actions.withdraw(actor=case.contributor, submission=case.again(), at=NOW + 2 * DAY)
    assert dates(grant) == [(DUE, None, NOW + 2 * DAY)]


def test_silence_past_the_target_is_shown_as_silence_and_moves_no_date(case, time_machine):
    case.propose()
    before = case.again()
    assert "silent" not in pages(case, DUE - DAY, time_machine)
    shown = pages(case, DUE, time_machine)
    for words in ("The programme office is silent", "silent past 21 Sep 2026", "outside the programme"):
        assert words in shown, words
    after = case.again()
    assert (after.closes_at, after.planned_public_release) == (
        before.closes_at,
        before.planned_public_release,
    )
    grant = Grant.objects.get()
    assert (grant.state_at(DUE), grant.silent_since(DUE), grant.silent_since(DUE - DAY)) == (
        "proposed",
        DUE,
        None,
    )


def test_the_workbench_finds_what_it_has_not_answered(case):
    grant = case.propose()
    assert list(Grant.objects.unanswered(at=DUE)) == []
    assert list(Grant.objects.unanswered(at=DUE + DAY)) == [grant]
    actions.concur(actor=case.coordinator, grant=grant, at=DUE + DAY)
    assert list(Grant.objects.unanswered(at=DUE + DAY)) == []
