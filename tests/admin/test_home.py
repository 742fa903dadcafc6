"""The workbench's first page: what waits, which windows there are, and who has how much to do; conflicts hide even counts."""

from datetime import timedelta

import pytest

from portal.accounts.models import Role
from portal.submissions import actions
from portal.submissions.admin import windows
from tests import factories as make
from tests import factories_reviews as reviewing
from tests.admin.desk import Desk, words
from tests.api.calls import counted
from tests.factories_disclosures import notified, objected

pytestmark = pytest.mark.django_db
NOW, DAY = make.NOW, make.DAY
HOME = "/admin/"


def bars(person, at=NOW) -> list[tuple]:
    return [(bar.number, bar.case.pk, bar.state) for bar in drawn(person, at=at).bars]


def drawn(person, at=NOW) -> windows.Picture:
    return windows.picture(windows.closing_next(person, at=at), at=at)


def test_the_windows_stand_in_the_order_in_which_they_close_with_a_table_that_says_so():
    first, second = make.Case(at=NOW - 20 * DAY), make.Case()
    make.Case(make.agreed)
    left = make.Case()
    actions.withdraw(actor=left.contributor, submission=left.submission, at=NOW)
    found = bars(first.coordinator)
    assert [pk for _, pk, _ in found] == [
        case.submission.pk for case in sorted((first, second), key=lambda case: case.again().closes_at)
    ]
    text = Desk(first.coordinator).text(HOME)
    for case in (first, second):
        assert f"{case.submission.case_number} {case.lab.name}" in text


def test_a_bar_lies_where_its_dates_are_and_within_the_picture():
    case = make.Case()
    case.again()
    picture = drawn(case.coordinator)
    bar = picture.bars[0]
    closes = case.again().closes_at
    share = (closes - (NOW - windows.BEHIND)) / (windows.BEHIND + windows.AHEAD)
    expected = windows.LEFT + (windows.RIGHT - windows.LEFT) * min(share, 1)
    assert bar.x + bar.width == pytest.approx(expected, abs=0.02)
    assert windows.LEFT <= picture.now_x < picture.weeks[0][0] < picture.weeks[-1][0] <= windows.RIGHT


def test_no_more_windows_than_fit_and_the_rest_is_said():
    cases = [make.Case() for _ in range(windows.SHOWN + 1)]
    picture = drawn(cases[0].coordinator)
    assert (len(picture.bars), picture.more) == (windows.SHOWN, True)
    assert "All open windows" in Desk(cases[0].coordinator).text(HOME)


def test_a_conflict_hides_a_window_and_its_seats_from_the_numbers():
    case, other = reviewing.Reviewed(), reviewing.Reviewed()
    desk = Desk(case.coordinator)
    row = f"{case.lead.name} {make.programme_office().name}"
    assert f"{other.lead.name} {make.programme_office().name} 1 0" in desk.text(HOME)
    assert f"All of the agency {make.programme_office().name} 2 0" in desk.text(HOME)
    actions.declare_conflict(actor=case.coordinator, user=case.coordinator, organisation=other.lab, at=NOW)
    text = desk.text(HOME)
    assert f"All of the agency {make.programme_office().name} 1 0" in text
    assert row in text
    assert other.agency.name not in text
    assert other.submission.case_number not in text
    assert bars(case.coordinator) == [(1, case.submission.pk, case.again().state_at(NOW))]


def test_who_reads_whose_load():
    case = reviewing.Reviewed()
    reviewing.proposed(case, reviewing.reviewer(case.agency, "Nadia New"), agency=case.agency)
    own = Desk(case.agency_coordinator).text(HOME)
    assert f"All of the agency {case.agency.name} 2 1" in own
    assert f"Nadia New {case.agency.name} 0 1" in own
    assert case.lead.name not in own
    assert "Seats by agency and reviewer" in Desk(reviewing.auditor()).text(HOME)
    for person in (case.reviewer, reviewing.designator(), make.member(case.agency, Role.LIAISON)):
        assert "Seats by agency and reviewer" not in Desk(person).text(HOME)
    stranger = Desk(make.member(make.agency(), Role.COORDINATOR)).text(HOME)
    assert "Nobody has a seat at present." in stranger
    assert "No window is open" in stranger


def test_a_seat_that_lapsed_counts_no_more():
    case = reviewing.Reviewed()
    actions.withdraw(actor=case.contributor, submission=case.again(), at=NOW)
    assert "Nobody has a seat at present." in Desk(case.coordinator).text(HOME)


def test_a_disclosure_to_decide_waits_on_the_agency_that_gave_the_notice():
    case = reviewing.Reviewed()
    objected(case, notified(case, case.agency_coordinator))
    notified(case)
    assert "1 Disclosures to decide" in Desk(case.agency_coordinator).text(HOME)
    assert "0 Disclosures to decide" in Desk(case.coordinator).text(HOME)
    assert "Disclosures to decide" not in Desk(case.reviewer).text(HOME)


def test_a_superuser_finds_accounts_and_no_window():
    case = make.Case()
    text = words(Desk(make.person(is_superuser=True)).get(HOME))
    assert "Access windows" not in text
    assert case.submission.case_number not in text


# Clock, session, person, what waits, what is late, the windows, the seats, and the notices' badge.
@pytest.mark.parametrize("rows", [1, 12])
def test_the_page_costs_the_same_with_one_case_and_with_twelve(rows):
    cases = [reviewing.Reviewed(at=NOW - timedelta(hours=number)) for number in range(rows)]
    desk = Desk(cases[0].coordinator)
    desk.get(HOME)
    with counted(8):
        desk.get(HOME)
