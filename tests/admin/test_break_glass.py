"""Break-glass access on the workbench and on the lab's pages: who finds what, and what each page says."""

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from portal.accounts.models import Role
from portal.ledger.models import Event
from portal.submissions import actions
from portal.submissions.actions import break_glass
from portal.submissions.models import BreakGlass
from portal.submissions.people import public_names
from tests import factories as make
from tests.admin.desk import CASE, Desk, words
from tests.api.calls import counted
from tests.factories_break_glass import AT, WHY, Guarded
from tests.lab.visitor import Visitor

pytestmark = pytest.mark.django_db
LIST_QUERIES = 5
LIST, PAGE, ADD = (f"submissions_breakglass_{page}" for page in ("changelist", "change", "add"))
CONCUR, TURN_DOWN, END, TAKE_BACK = (
    f"submissions_breakglass_{verb}" for verb in ("concur", "turn_down", "end", "take_back")
)


@pytest.fixture
def case():
    with time_machine.travel(AT, tick=False):
        yield Guarded()


def asked(case, desk, **said):
    form = {
        "submission": case.submission.case_number,
        "scopes": ["facts", "documents"],
        "hours": 4,
        "reason": WHY,
    }
    return desk.post(ADD, **form | said)


def test_from_asking_to_the_file_and_to_the_end(case):
    officer, second = Desk(case.officer), Desk(case.colleague)
    assert officer.get(CASE, case.submission.pk).status_code == 404
    asked_for = asked(case, officer)
    access = BreakGlass.objects.get()
    assert (asked_for.status_code, asked_for["Location"]) == (303, reverse(f"admin:{PAGE}", args=[access.pk]))
    assert officer.get(CASE, case.submission.pk).status_code == 404
    assert "Break-glass access to answer" in words(second.client.get(reverse("admin:index")))
    page = second.text(PAGE, access.pk)
    for said in (WHY, case.submission.case_number, "Facts about the model, Documents", str(case.officer)):
        assert said in page
    assert second.post(CONCUR, access.pk).status_code == 303
    shown = officer.text(CASE, case.submission.pk)
    assert "Praline card" in shown
    version = case.document.versions.get()
    content = reverse("admin:submissions_document_content", args=[version.pk])
    assert officer.client.get(content).status_code == 200
    assert second.get(CASE, case.submission.pk).status_code == 404
    assert second.client.get(content).status_code == 404
    assert set(
        Event.objects.looks().filter(actor=case.officer, case_id=case.submission.pk).values_list("capacity")
    ) == {("break_glass",)}
    assert officer.post(END, access.pk).status_code == 303
    assert officer.get(CASE, case.submission.pk).status_code == 404
    assert officer.client.get(content).status_code == 404
    history = officer.text("submissions_breakglass_history", access.pk)
    for said in ("Asked for break-glass access", "Opened break-glass access", "Ended break-glass access"):
        assert said in history


@pytest.mark.parametrize("step", [ADD, CONCUR])
def test_asking_and_concurring_want_the_second_factor_once_more(case, step, settings):
    access = case.ask(case.colleague)
    desk = Desk(case.officer)
    settings.PORTAL_STEP_UP_MINUTES = 0
    args = [] if step == ADD else [access.pk]
    assert desk.get(step, *args).status_code in (302, 303)
    refused = asked(case, desk) if step == ADD else desk.post(step, *args)
    assert (refused.status_code, "use your second factor once more" in refused.content.decode()) == (
        403,
        True,
    )
    assert [row.stored_state for row in BreakGlass.objects.all()] == ["asked"]


def test_a_number_that_is_none_and_one_that_is_hidden_get_the_same_page(case):
    hidden, draft, none = (
        case.submission.case_number,
        make.Case(make.draft).submission.case_number,
        "FM-0000-0000",
    )
    desk = Desk(make.member(case.agency, Role.SECURITY))
    actions.declare_conflict(actor=desk.user, user=desk.user, submission=case.submission)
    pages = {
        words(asked(case, desk, submission=number)).replace(number, "N") for number in (hidden, draft, none)
    }
    (page,) = pages
    assert break_glass.NO_CASE in page
    assert not BreakGlass.objects.exists()


@pytest.mark.parametrize(
    "who", ["reviewer", "agency_coordinator", "foreign_security", "lab", "partner", "conflicted"]
)
def test_who_has_no_part_in_it_finds_none(case, who):
    access = case.opened()
    user = {
        "lab": case.contributor,
        "partner": make.member(make.partner_organisation(), Role.ADMIN),
        "conflicted": case.office_security,
    }.get(who) or getattr(case, who)
    if who == "conflicted":
        actions.declare_conflict(actor=user, user=user, organisation=case.lab)
    desk = Desk(user)
    for page in (PAGE, "submissions_breakglass_history", END, CONCUR):
        assert desk.get(page, access.pk).status_code == 404, page
        if page in (END, CONCUR):
            assert desk.post(page, access.pk).status_code == 404, page
    listed = desk.get(LIST)
    if listed.status_code == 200:
        assert list(listed.context["cl"].result_list) == []
        assert case.submission.case_number not in listed.content.decode()
    assert BreakGlass.objects.get().stored_state == "open"


def test_its_list_asks_few_questions(case):
    desk = Desk(case.coordinator)
    case.opened()
    desk.get(LIST)
    with counted(LIST_QUERIES):
        assert desk.get(LIST).status_code == 200
    for number in range(29):
        officer = make.member(case.agency, Role.SECURITY)
        case.opened(officer) if number % 2 else case.ask(officer)
    with counted(LIST_QUERIES):
        page = desk.get(LIST)
    assert len(page.context["cl"].result_list) == 30


def test_filters_say_where_each_stands(case):
    waiting = case.ask()
    opened = case.opened(case.office_security, by=case.coordinator)
    never = case.ask(case.colleague)
    break_glass.turn_down(actor=case.officer, access=never, reason="No need.")
    found = {
        name: {row.pk for row in Desk(case.coordinator).get(LIST, waits=name).context["cl"].result_list}
        for name in ("mine", "asked", "open", "over", "never")
    }
    assert found == {
        "mine": {waiting.pk}, "asked": {waiting.pk}, "open": {opened.pk}, "over": set(), "never": {never.pk},
    }  # fmt: skip
    mine = Desk(case.officer).get(LIST, waits="mine").context["cl"].result_list
    assert list(mine) == []


# --- the lab's pages ---------------------------------------------------------------------------------------------------------


def called(case) -> tuple[str, str]:
    """What the lab calls who asked and who concurred."""
    names = public_names(case.submission, [case.officer.pk, case.colleague.pk])
    stem = f"{case.agency.short_name} security officer"
    assert set(names.values()) == {f"{stem} 1", f"{stem} 2"}
    return names[case.officer.pk], names[case.colleague.pk]


@pytest.mark.parametrize("page", ["case", "who"])
def test_the_lab_reads_who_why_and_until_when_by_stable_names(case, page):
    lab = Visitor(case.contributor)
    number = case.submission.case_number
    address = reverse(f"lab:{page}", args=[number])
    before = lab.client.get(address).content.decode()
    assert "break-glass" not in before.lower()
    case.opened()
    case.ask(case.office_security, reason="Never opened.")
    shown = words(lab.client.get(address))
    officer, second = called(case)
    for said in (WHY, officer, f"opened by {second}", "Assessments"):
        assert said in shown
    for hidden in (case.officer.name, case.colleague.name, case.officer.email, "Never opened."):
        assert hidden not in shown
    stranger = Visitor(make.Case().contributor)
    assert stranger.client.get(address).status_code == 404


def test_the_lab_reads_it_in_the_record_it_takes_along(case):
    lab = Visitor(case.contributor)
    case.opened()
    told = lab.client.get(
        reverse("lab:export_record", args=[case.submission.case_number, "record.json"])
    ).json()
    officer, second = called(case)
    assert told["break_glass"] == [
        {
            "name": officer,
            "organisation": case.agency.name,
            "opened_by": second,
            "parts": ["Facts about the model", "Documents", "Assessments"],
            "reason": WHY,
            "since": "2026-09-25T14:00:00Z",
            "until": "2026-09-25T18:00:00Z",
        }
    ]
    assert {row["capacity"] for row in told["seats"]} >= {"Security officer, break-glass access"}


@pytest.mark.parametrize("page", ["case", "who"])
def test_the_labs_pages_ask_the_same_for_one_and_for_many(case, page):
    lab = Visitor(case.contributor)
    address = reverse(f"lab:{page}", args=[case.submission.case_number])
    case.opened()
    lab.client.get(address)
    with CaptureQueriesContext(connection) as one:
        lab.client.get(address)
    for _ in range(5):
        case.opened(make.member(case.agency, Role.SECURITY))
    lab.client.get(address)
    with CaptureQueriesContext(connection) as many:
        lab.client.get(address)
    assert len(one) == len(many)
