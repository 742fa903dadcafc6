"""The pages of the programme's settings: who finds them, nothing saved unseen, and no case shown to whom it is none."""

import html
import re

import pytest
import time_machine

from portal.accounts.models import Role
from portal.deadlines.calendar import add_business_days
from portal.deadlines.models import Deadline
from portal.ledger.models import Event
from portal.programme import schema
from portal.programme.models import Version
from portal.submissions import actions as cases
from tests import factories as make
from tests import factories_reviews as reviewing
from tests.accounts.test_pages import queries
from tests.admin.desk import Desk, words
from tests.programme.changing import saved

pytestmark = pytest.mark.django_db
NOW, DAY = make.NOW, make.DAY
INDEX, TARGETS, DIFFERENCES = (
    "/admin/programme/",
    "/admin/programme/targets/change/",
    "/admin/programme/differences/",
)


@pytest.fixture(autouse=True)
def _now():
    with time_machine.travel(NOW, tick=False):
        yield


def typed(group: str, **changes: str) -> dict[str, str]:
    """A group's form as a browser sends it, with these fields typed over."""
    rows = {row.key: row.typed(row.default()) for row in schema.of_group(group)}
    return rows | {name.replace("__", ":"): text for name, text in changes.items()} | {"reason": "A trial."}


def carried(answer) -> dict[str, str]:
    """The hidden fields of an effect page."""
    found = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', answer.content.decode())
    return {name: html.unescape(value) for name, value in found if name != "csrfmiddlewaretoken"}


def test_a_change_is_shown_first_and_then_saved_as_it_was_shown():
    case = make.Case(make.submitted)
    desk = Desk(case.coordinator)
    shown = desk.post(TARGETS, **typed("targets", target__acknowledge_business_days="4"))
    text = words(shown)
    assert "1 open date would move." in text
    assert "Before 2 business days After 4 business days" in text
    assert case.submission.case_number in text
    assert not Version.objects.exists()
    answer = desk.post(TARGETS, step="save", **carried(shown))
    assert (answer.status_code, answer["Location"]) == (303, INDEX)
    version = Version.objects.get()
    assert (version.values, version.reason, version.made_by) == (
        {"target:acknowledge_business_days": 4},
        "A trial.",
        case.coordinator,
    )
    assert Deadline.objects.get(kind="acknowledge").due_at == add_business_days(NOW, 4)
    assert "Version 1 holds." in desk.text(INDEX)


def test_what_came_in_between_is_shown_and_the_second_yes_saves():
    case = make.Case(make.submitted)
    desk = Desk(case.coordinator)
    shown = desk.post(TARGETS, **typed("targets", target__acknowledge_business_days="4"))
    make.Case(make.submitted)
    saved(make.person("Sasha Sysadmin", is_superuser=True), name="Marzipan Access", reason="A nicer name.")
    again = desk.post(TARGETS, step="save", **carried(shown))
    text = words(again)
    assert again.status_code == 409
    assert "Version 1 was saved by Sasha Sysadmin: A nicer name." in text
    assert "Acknowledge the submission: 2 open dates (before: 1), of which 2 move (before: 1)." in text
    assert Version.objects.count() == 1
    assert desk.post(TARGETS, step="save", **carried(again)).status_code == 303
    assert Version.objects.newest().values == {
        "name": "Marzipan Access",
        "target:acknowledge_business_days": 4,
    }


def test_a_superuser_sees_numbers_and_no_case():
    case = make.Case(make.submitted)
    desk = Desk(make.person(is_superuser=True))
    shown = desk.post(TARGETS, **typed("targets", target__acknowledge_business_days="4"))
    assert "1 open date would move." in words(shown)
    assert case.submission.case_number not in shown.content.decode()
    assert desk.post(TARGETS, step="save", **carried(shown)).status_code == 303


def test_a_conflict_keeps_its_case_out_of_the_table():
    case, other = make.Case(make.submitted), make.Case(make.submitted)
    cases.declare_conflict(actor=case.coordinator, user=case.coordinator, organisation=other.lab, at=NOW)
    desk = Desk(case.coordinator)
    shown = desk.post(TARGETS, **typed("targets", target__acknowledge_business_days="4")).content.decode()
    assert case.submission.case_number in shown
    assert other.submission.case_number not in shown


def test_auditors_read_versions_and_differences_and_change_nothing():
    office, auditor = make.coordinator(), Desk(reviewing.auditor())
    saved(office, name="Marzipan Access", reason="A nicer name.")
    saved(office, target__attest_business_days="3", reason="More time.")
    text = auditor.text(INDEX)
    assert "Version 2 holds." in text
    assert list(
        Event.objects.visible_to(auditor.user)
        .filter(verb="changed_settings")
        .values_list("reason", flat=True)
    ) == [
        "More time.",
        "A nicer name.",
    ]
    assert "A nicer name." in text
    assert "More time." in text
    page = auditor.get(INDEX).content.decode()
    assert "/change/" not in page.partition("<main")[2]
    both = auditor.text(DIFFERENCES, old="0", new="2")
    assert "As delivered and version 2" in both
    assert "After Marzipan Access" in both
    assert "Before 2 business days After 3 business days" in both
    one = auditor.text(DIFFERENCES, old="1", new="2")
    assert "Marzipan" not in one
    assert f"By {office}" in one
    assert Version.objects.newest().digest in one
    assert auditor.text(DIFFERENCES) == one
    for group in schema.GROUPS:
        assert auditor.get(f"/admin/programme/{group}/change/").status_code == 404
        assert auditor.post(f"/admin/programme/{group}/change/", **typed(group)).status_code == 404
    for old, new in (("0", "3"), ("x", "1"), ("0", "x"), ("-1", "2"), ("1", "99999999999")):
        assert auditor.get(DIFFERENCES, old=old, new=new).status_code == 404


def test_nobody_else_finds_any_of_it():
    saved(make.coordinator(), name="Marzipan Access")
    for person in (
        make.member(make.agency(), Role.COORDINATOR),
        make.member(make.programme_office(), Role.REVIEWER),
        reviewing.designator(),
        make.member(make.lab(), Role.ADMIN),
        make.member(make.partner_organisation(), Role.ADMIN),
    ):
        desk = Desk(person)
        for page in (INDEX, TARGETS, f"{DIFFERENCES}?old=0&new=1"):
            assert desk.get(page).status_code == 404
        assert desk.post(TARGETS, **typed("targets", target__attest_business_days="3")).status_code == 404
        assert desk.post(TARGETS, step="save", typed="{}").status_code == 404
        if person.is_staff:
            assert INDEX not in desk.get("/admin/").content.decode()


@pytest.mark.parametrize(
    "forged", [{}, {"typed": "[1]"}, {"typed": '{"name": 1}'}, {"number": "x"}, {"counts": "forged"}]
)
def test_a_forged_confirmation_saves_nothing(forged):
    desk = Desk(make.coordinator())
    shown = carried(desk.post(TARGETS, **typed("targets", target__attest_business_days="3")))
    kept = shown | {"digest": "0" * 64} | forged if forged else {}
    assert desk.post(TARGETS, step="save", **kept).status_code in (404, 409)
    assert not Version.objects.exists()


def test_the_form_keeps_what_was_typed_and_says_what_is_wrong_beside_it():
    desk = Desk(make.coordinator())
    wrong = desk.post(TARGETS, **typed("targets", target__attest_business_days="99"))
    assert wrong.status_code == 200
    assert "Attest a seat : Between 1 and 20 business days." in words(wrong)
    assert 'value="99"' in wrong.content.decode()
    same = desk.post(TARGETS, **typed("targets"))
    assert "Nothing is different from what holds now." in words(same)
    shown = desk.post(TARGETS, **typed("targets", target__attest_business_days="3"))
    back = desk.post(TARGETS, step="edit", **carried(shown)).content.decode()
    assert 'name="target:attest_business_days" value="3"' in back


def test_the_pages_cost_the_same_for_one_case_and_many():
    office = make.coordinator()
    for number in range(2):
        saved(office, target__attest_business_days=str(number + 3))
    desk = Desk(office)
    desk.get(INDEX)
    before = queries(desk.client, INDEX)
    for number in range(10):
        saved(office, target__attest_business_days=str(number + 5))
    desk.get(INDEX)
    assert queries(desk.client, INDEX) == before
