"""The page on which a person reads what is on record of their conflicts and ties, and confirms that it is complete."""

import re

import pytest

from portal.accounts import actions as accounts
from portal.accounts.models import Role
from portal.submissions import actions
from portal.submissions.models import ConflictStatement
from tests import factories as make
from tests import factories_reviews as reviewed
from tests.admin.desk import Desk, words
from tests.api.calls import counted

NOW, DAY = make.NOW, make.DAY
PAGE = "submissions_conflict_confirm"
pytestmark = pytest.mark.django_db


def shown(desk: Desk) -> dict[str, str]:
    """What the page's form sends back."""
    return dict(re.findall(r'name="(seen|said)" value="(\w*[\w-]*)"', desk.get(PAGE).content.decode()))


def record(person, lab, name: str) -> None:
    """One thing of each sort about a person."""
    mine = {"actor": person, "user": person, "at": NOW}
    actions.declare_conflict(**mine, organisation=lab)
    accounts.record_affiliation(**mine, organisation=lab, until=NOW.date() - 400 * DAY)
    accounts.record_address(**mine, email=f"{name}@kestrel.example")


def test_it_says_what_is_on_record_about_the_person_and_of_nobody_else():
    coordinator, lab, other = make.coordinator(), make.lab("Kestrel Labs"), make.lab("Osprey Labs")
    person, rival = reviewed.reviewer(make.agency()), reviewed.reviewer(make.agency())
    accounts.record_domain(actor=coordinator, organisation=lab, domain="kestrel.example", at=NOW)
    record(person, lab, "own")
    record(rival, other, "rival")
    text = Desk(person).text(PAGE)
    assert "Last confirmed Not yet To be confirmed by No date yet" in text
    assert "Declared conflicts Kestrel Labs" in text
    assert "Kestrel Labs : address at kestrel.example" in text
    assert "Kestrel Labs : works or worked there, until" in text
    assert "Other addresses own@kestrel.example" in text
    assert ("Osprey" in text, "rival" in text) == (False, False)
    # Nor does who looks after everybody's read others' there.
    for name in ("Kestrel", "Osprey", "rival", "own@"):
        assert name not in Desk(coordinator).text(PAGE)


def test_where_nothing_is_on_record_it_says_so():
    text = Desk(reviewed.reviewer(make.agency())).text(PAGE)
    assert "None is declared." in text
    assert "No present or past employer, role or mail domain is on record." in text
    assert "No address beside the one of your account is on record." in text


def test_the_button_confirms_and_a_second_tab_says_that_it_was_done():
    desk = Desk(reviewed.reviewer(make.agency()))
    form = shown(desk)
    answer = desk.post(PAGE, **form)
    assert (answer.status_code, answer["Location"]) == (303, "/admin/submissions/conflict/confirm/")
    page = words(desk.get(PAGE))
    assert "You confirmed what is on record about you." in page
    assert "Not yet" not in page
    desk.post(PAGE, **form)
    assert "You confirmed this already, on another page." in words(desk.get(PAGE))
    assert ConflictStatement.objects.count() == 1


def test_what_came_to_the_record_meanwhile_is_read_first():
    person = reviewed.reviewer(make.agency())
    desk = Desk(person)
    form = shown(desk)
    actions.declare_conflict(actor=person, user=person, organisation=make.lab("Kestrel Labs"), at=NOW)
    desk.post(PAGE, **form)
    page = words(desk.get(PAGE))
    assert "What is on record about you has changed since you saw it. Read it again." in page
    assert ("Kestrel Labs" in page, ConflictStatement.objects.exists()) == (True, False)
    # A form that names nothing of what was shown confirms nothing.
    desk.post(PAGE)
    assert not ConflictStatement.objects.exists()


def test_others_read_or_are_kept_out():
    office = make.programme_office()
    for role in (Role.AUDITOR, Role.LIAISON, Role.SECURITY):
        desk = Desk(make.member(office, role))
        assert "you are not asked to" in desk.text(PAGE)
        assert "These are complete" not in desk.text(PAGE)
        assert desk.post(PAGE).status_code == 403
    for person in (make.person(is_superuser=True), make.member(make.lab(), Role.ADMIN)):
        assert [Desk(person).get(PAGE).status_code, Desk(person).post(PAGE).status_code] == [404, 404]
    assert not ConflictStatement.objects.exists()


def test_the_list_of_conflicts_leads_there():
    answer = Desk(reviewed.reviewer(make.agency())).get("submissions_conflict_changelist")
    assert 'href="/admin/submissions/conflict/confirm/"' in answer.content.decode()


@pytest.mark.parametrize("rows", [1, 30])
def test_the_page_costs_the_same_whatever_is_on_record(rows):
    person = reviewed.reviewer(make.agency())
    actions.confirm_conflicts(actor=person, at=NOW)
    for number in range(rows):
        record(person, make.lab(), f"own{number}")
    desk = Desk(person)
    desk.get(PAGE)
    with counted(9):
        assert desk.get(PAGE).status_code == 200
