"""Disclosure notices on the workbench: given from the case, decided by the agency that gave them, and whom they do not meet."""

import pytest
from django.urls import reverse

from portal.accounts.models import Membership, Role
from portal.ledger.models import Event
from portal.submissions import actions
from portal.submissions.actions import disclosures
from portal.submissions.models import DisclosureNotice, Document
from tests import factories as make
from tests import factories_reviews as reviewing
from tests.admin.desk import CASE, Desk, words
from tests.api.calls import counted
from tests.factories_disclosures import (
    GROUNDS,
    REASONS,
    REFERENCE,
    WORDS,
    document,
    notified,
    objected,
    to_be_disclosed,
)

pytestmark = pytest.mark.django_db
NOW, DAY = make.NOW, make.DAY
LIST, PAGE = "submissions_disclosurenotice_changelist", "submissions_disclosurenotice_change"
ADD = "submissions_disclosurenotice_add"


@pytest.fixture
def case():
    return reviewing.Reviewed()


def step(verb: str) -> str:
    return f"submissions_disclosurenotice_{verb}"


def rows(desk: Desk, **query) -> list:
    return list(desk.get(LIST, **query).context["cl"].result_list)


def buttons(desk: Desk, notice) -> list[str]:
    return [offer.step.verb for offer in desk.get(PAGE, notice.pk).context["offers"]]


def given(case, **data) -> dict:
    return {"submission": case.submission.case_number, "reference": REFERENCE, "text": WORDS} | data


def test_a_coordinator_gives_notice_from_the_page_of_the_case(case):
    card, _ = document(case), document(case, "Other", at=NOW + DAY / 24)
    desk = Desk(case.coordinator)
    page = desk.get(CASE, case.submission.pk)
    add = f"{reverse(f'admin:{ADD}')}?submission={case.submission.case_number}"
    assert add in page.content.decode()
    assert "No notice has been given." in words(page)
    form = desk.client.get(add).context["form"]
    assert [label for _, label in form.fields["documents"].choices] == [
        f"Card ({card.marking})",
        f"Other ({card.marking})",
    ]
    data = given(case, documents=[str(card.pk)])
    done = desk.post(ADD, **data)
    made = DisclosureNotice.objects.get()
    assert (done.status_code, done["Location"]) == (303, reverse(f"admin:{PAGE}", args=[made.pk]))
    assert (made.agency, made.given_by, made.text, list(made.documents.all())) == (
        make.programme_office(),
        case.coordinator,
        WORDS,
        [card],
    )
    assert "Disclosure notice 1" in desk.text(CASE, case.submission.pk)
    twice = desk.post(ADD, **data)
    assert twice.status_code == 303
    assert "The lab has this notice already: disclosure notice 1." in words(
        desk.client.get(twice["Location"])
    )


def test_the_form_that_names_documents_is_a_look_at_them(case):
    document(case)
    desk = Desk(case.coordinator)
    add = reverse(f"admin:{ADD}")
    desk.client.get(add)
    assert not Event.objects.filter(kind="look", actor=case.coordinator).exists()
    desk.client.get(f"{add}?submission={case.submission.case_number}")
    look = Event.objects.get(kind="look", actor=case.coordinator)
    assert (look.verb, look.case_id) == ("viewed_documents", case.submission.pk)


def test_a_title_is_not_shown_when_the_document_is_closed(case, time_machine):
    notice = to_be_disclosed(case, objected(case, notified(case, documents=[document(case)])))
    actions.release(actor=case.contributor, submission=case.again(), at=NOW)
    time_machine.move_to(NOW + 15 * DAY, tick=False)
    form = Desk(case.coordinator).get(step("record_disclosure"), notice.pk).context["form"]
    assert [label for _, label in form.fields["unmarked"].choices] == ["Document 1 of the notice"]


@pytest.mark.parametrize(
    ("data", "errors"),
    [
        ({"text": ""}, {"text": ["Write what is asked for."]}),
        ({"reference": ""}, {"reference": ["Write the request's number."]}),
        ({"submission": "FM-0000-0000"}, {"submission": ["No case that you see has this number."]}),
        (
            {"text": "x" * 10_001},
            {"text": ["Ensure this value has at most 10000 characters (it has 10001)."]},
        ),
    ],
)
def test_what_is_no_notice_is_said_beside_the_field(case, data, errors):
    answer = Desk(case.coordinator).post(ADD, **given(case, **data))
    assert answer.context["form"].errors == errors
    assert not DisclosureNotice.objects.exists()


def test_documents_of_another_case_are_not_offered_and_not_taken(case):
    foreign = document(make.Case(), "Foreign")
    document(case)
    desk = Desk(case.coordinator)
    answer = desk.post(ADD, **given(case, documents=[str(foreign.pk)]))
    assert set(answer.context["form"].errors) == {"documents"}
    assert "Foreign" not in words(answer)


def test_who_coordinates_for_two_agencies_says_for_which(case):
    Membership.objects.create(
        user=case.agency_coordinator,
        organisation=make.programme_office(),
        role=Role.COORDINATOR,
        since=NOW - DAY,
    )
    desk = Desk(case.agency_coordinator)
    unsaid = desk.post(ADD, **given(case))
    assert unsaid.context["form"].errors == {"agency": ["Say for which of your agencies you act."]}
    assert desk.post(ADD, **given(case, agency=str(case.agency.pk))).status_code == 303
    assert DisclosureNotice.objects.get().agency == case.agency


def test_the_way_of_a_notice_to_its_disclosure(case):
    card = document(case)
    notice = notified(case, documents=[card])
    desk = Desk(case.coordinator)
    assert buttons(desk, notice) == ["decide_not_to_disclose", "drop"]
    assert "Nothing is decided before it has answered" in desk.text(PAGE, notice.pk)
    objected(case, notice)
    assert buttons(desk, notice) == ["decide_to_disclose", "decide_not_to_disclose", "drop"]
    assert f"{case.lab.name}, {case.contributor.name}: Objected to the disclosure" in desk.text(
        PAGE, notice.pk
    )
    assert GROUNDS in desk.text(PAGE, notice.pk)
    early = desk.post(
        step("decide_to_disclose"), notice.pk, revision=2, reason=REASONS, disclose_at="2026-09-20T10:00"
    )
    assert early.context["form"].errors == {
        "disclose_at": ["The lab has to be told before: name 28 Sep 2026, 10:00 a.m. EDT or a later time."]
    }
    assert desk.post(step("decide_to_disclose"), notice.pk, revision=2, reason=REASONS).status_code == 303
    assert buttons(desk, notice) == ["decide_not_to_disclose", "report_suit", "drop"]
    # Before its date there is no page to record it on, and no post does.
    assert desk.get(step("record_disclosure"), notice.pk).status_code == 409
    assert desk.post(step("record_disclosure"), notice.pk, revision=3).status_code == 409
    assert DisclosureNotice.objects.get().stored_state == "to_disclose"


def test_a_disclosure_is_recorded_when_its_date_has_come_and_only_named_documents_lose_their_mark(
    case, time_machine
):
    card, other = document(case), document(case, "Other")
    notice = to_be_disclosed(case, objected(case, notified(case, documents=[card])))
    time_machine.move_to(NOW + 15 * DAY, tick=False)
    desk = Desk(case.coordinator)
    assert "record_disclosure" in buttons(desk, notice)
    form = desk.get(step("record_disclosure"), notice.pk).context["form"]
    assert form.fields["unmarked"].choices == [(str(card.pk), "Card")]
    wrong = desk.post(step("record_disclosure"), notice.pk, revision=3, unmarked=[str(other.pk)])
    assert set(wrong.context["form"].errors) == {"unmarked"}
    done = desk.post(step("record_disclosure"), notice.pk, revision=3, unmarked=[str(card.pk)])
    assert done.status_code == 303
    marks = dict(Document.objects.values_list("title", "confidential_commercial"))
    assert marks == {"Card": False, "Other": True}
    assert "Disclosed" in desk.text(PAGE, notice.pk)


def test_the_list_asks_whom_each_notice_waits_for(case):
    waits = notified(case)
    decide = objected(case, notified(case, reference="B"))
    date = to_be_disclosed(case, objected(case, notified(case, reference="C")))
    over = notified(case, reference="D")
    disclosures.drop(actor=case.coordinator, notice=over, at=NOW)
    theirs = objected(case, notified(case, case.agency_coordinator))
    desk = Desk(case.coordinator)
    found = {name: set(rows(desk, waits=name)) for name in ("lab", "decide", "date", "nothing")}
    assert found == {"lab": {waits}, "decide": {decide}, "date": {date}, "nothing": {over}}
    assert set(rows(Desk(case.agency_coordinator))) == {theirs}
    assert rows(desk, q="c") == [date]


def test_another_agencys_notice_is_read_by_the_office_and_decided_by_its_own(case):
    notice = objected(case, notified(case, case.agency_coordinator))
    office, own = Desk(case.coordinator), Desk(case.agency_coordinator)
    assert (buttons(office, notice), buttons(own, notice)) == (
        [],
        ["decide_to_disclose", "decide_not_to_disclose", "drop"],
    )
    refused = office.post(step("drop"), notice.pk, revision=2)
    assert refused.status_code == 403
    auditor = Desk(reviewing.auditor())
    assert buttons(auditor, notice) == []
    third = make.member(make.agency(), Role.COORDINATOR)
    for person in (case.lead, case.reviewer, reviewing.designator(), third, make.person(is_superuser=True)):
        assert Desk(person).get(PAGE, notice.pk).status_code in (403, 404)
        assert "praline" not in Desk(person).get(LIST).content.decode()
    assert DisclosureNotice.objects.get().stored_state == "objected"


def test_of_ones_own_lab_a_notice_is_no_part_of_the_workbench(case):
    notice = notified(case)
    both = make.member(case.lab, Role.VIEWER)
    Membership.objects.create(
        user=both, organisation=make.programme_office(), role=Role.COORDINATOR, since=NOW - DAY
    )
    assert Desk(both).get(PAGE, notice.pk).status_code == 404
    assert rows(Desk(both)) == []


def test_looks_are_recorded_and_shown_to_the_lab(case):
    notice = notified(case)
    desk = Desk(case.coordinator)
    desk.get(LIST)
    desk.get(PAGE, notice.pk)
    looks = Event.objects.filter(kind="look", actor=case.coordinator, verb__endswith="_disclosures")
    assert list(looks.order_by("seq").values_list("verb", "capacity")) == [
        ("listed_disclosures", "coordinator"),
        ("viewed_disclosures", "coordinator"),
    ]


def test_a_coordinator_whose_case_was_withdrawn_gives_notice_in_words_alone(case):
    document(case)
    actions.withdraw(actor=case.contributor, submission=case.again(), at=NOW)
    desk = Desk(case.coordinator)
    add = f"{reverse(f'admin:{ADD}')}?submission={case.submission.case_number}"
    form = desk.client.get(add).context["form"]
    assert "documents" not in form.fields
    assert desk.post(ADD, **given(case)).status_code == 303


@pytest.mark.parametrize("count", [1, 30])
def test_the_list_and_a_notice_cost_the_same_with_one_row_and_with_thirty(count):
    case = reviewing.Reviewed()
    for number in range(count):
        notice = notified(case, reference=f"FOIA-{number}", text=f"{'x' * 9000} {number}")
    for number in range(count):
        disclosures.object_to(actor=case.contributor, notice=notice, reason=f"Because {number}.", at=NOW)
    desk = Desk(case.coordinator)
    desk.get(LIST)
    desk.get(PAGE, notice.pk)
    with counted(6):
        desk.get(LIST)
    with counted(10):
        desk.get(PAGE, notice.pk)
