"""The list of a lab's cases: what it says, whom it is for, and what it costs."""

import pytest

from portal.accounts.models import Role
from portal.ledger.models import Event
from portal.submissions import actions
from portal.submissions.models import Submission
from tests import factories as make
from tests.lab.visitor import Visitor, words

pytestmark = pytest.mark.django_db


def test_an_empty_list_says_how_to_begin():
    lab = make.lab()
    text = Visitor(make.member(lab, Role.CONTRIBUTOR)).text("cases")
    assert "No cases yet Begin with a draft. Only your lab sees it" in text
    assert text.endswith("Begin a submission")


def test_an_empty_list_asks_nothing_of_a_viewer():
    lab = make.lab()
    text = Visitor(make.member(lab, Role.VIEWER)).text("cases")
    assert "Its administrators and contributors begin them; you will see them here." in text
    assert "Begin a submission" not in text


def test_each_row_tells_state_window_and_what_comes_next():
    case = make.Case(make.submitted)
    make.draft(actor=case.contributor, lab=case.lab, model_name="", at=make.NOW - make.DAY)
    rows = Visitor(case.contributor).get("cases").context["rows"]
    told = [(row["case"].model_name, row["state"], row["next"].by, row["next"].due_at) for row in rows]
    assert told == [
        ("Kestrel 5", "submitted", "The programme office", make.NOW + 2 * make.DAY),
        ("", "draft", "The lab", None),
    ]
    text = Visitor(case.contributor).text("cases")
    assert "Model not named yet" in text
    assert "Shut until access is provided closes 24 Oct 2026, 10:00 a.m. EDT at the latest" in text
    assert "acknowledges that it has received the submission. Target: 16 Sep 2026, 10:00 a.m. EDT" in text


def test_unread_notices_are_counted_for_the_reader_alone():
    case = make.Case()
    assert f"2 unread notices about {case.submission.case_number}" in Visitor(case.contributor).text("cases")
    assert "unread notice" not in Visitor(case.viewer).text("cases")


def test_a_list_is_a_look_at_every_case_on_it():
    case = make.Case()
    other = make.draft(actor=case.contributor, lab=case.lab)
    Visitor(case.viewer).get("cases")
    seen = Event.objects.filter(verb="listed").values_list("actor_id", "case_id", "capacity")
    assert sorted(seen) == sorted(
        [
            (case.viewer.pk, case.submission.pk, "lab_viewer"),
            (case.viewer.pk, other.pk, "lab_viewer"),
        ]
    )


def test_other_labs_cases_are_not_there():
    mine, theirs = make.Case(), make.Case(make.submitted, model_name="Secretive 1")
    answer = Visitor(mine.contributor).get("cases")
    assert [row["case"] for row in answer.context["rows"]] == [mine.submission]
    assert "Secretive" not in words(answer)
    assert theirs.submission.case_number not in answer.content.decode()


@pytest.mark.parametrize("who", ["coordinator", "partner", "nobody"])
def test_who_has_no_seat_in_a_lab_has_no_such_page(who):
    case = make.Case()
    people = {
        "coordinator": case.coordinator,
        "partner": make.member(make.partner_organisation(), Role.ADMIN),
        "nobody": make.person(),
    }
    assert Visitor(people[who]).get("cases").status_code == 404
    assert Visitor(people[who]).get("case", case.submission).status_code == 404


def test_a_stranger_is_sent_to_sign_in():
    answer = Visitor().get("cases")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/account/login/?next=/lab/")


def test_one_query_count_whatever_the_number_of_rows():
    case = make.Case(make.submitted)
    visitor = Visitor(case.contributor)
    few = visitor.queries("cases")
    for number in range(29):
        make.submitted(actor=case.contributor, lab=case.lab, checkpoint=f"rc{number}")
    assert (few, visitor.queries("cases")) == (7, 7)


def test_a_long_list_has_pages():
    case = make.Case(make.draft)
    for number in range(25):
        make.draft(actor=case.contributor, lab=case.lab, model_name=f"Finch {number}")
    visitor = Visitor(case.contributor)
    assert "Page 1 of 2" in visitor.text("cases")
    assert "Page 2 of 2" in visitor.text("cases", page=2)
    shown = Event.objects.filter(verb="listed").count()
    assert shown == Submission.objects.count() == 26


def test_a_withdrawn_draft_opens_as_a_case_and_not_for_editing():
    case = make.Case(make.draft)
    actions.withdraw(actor=case.contributor, submission=case.submission)
    page = Visitor(case.contributor).get("cases").content.decode()
    assert f"/lab/cases/{case.submission.case_number}/edit/" not in page
