"""A case's contacts: named, read by readers of the facts, taken off, and never somebody who could not be reached."""

import pytest

from portal.accounts.models import Role
from portal.ledger.models import Event
from portal.submissions import actions
from portal.submissions.models import Contact
from tests import factories as make
from tests import factories_reviews as reviewed
from tests.api.calls import NOT_FOUND, NOT_YOURS_TO_CHANGE, Caller, counted, refused
from tests.lab.visitor import Visitor, errors_beside, stored_rows, words

pytestmark = pytest.mark.django_db
ADA = {"purpose": "security", "name": "Ada Marzipan", "email": "ada@marzipan.example", "phone": "+1 555 0100"}


def test_a_contact_is_named_and_read_by_lab_and_reviewers():
    case = reviewed.Reviewed()
    visitor = Visitor(case.contributor)
    assert "The contact was added." in visitor.follow(visitor.post("contacts", case.submission, **ADA))
    text = Visitor(case.viewer).text("contacts", case.submission)
    assert "Ada Marzipan Security incidents ada@marzipan.example +1 555 0100" in text
    assert "Take off" not in text
    told = Caller(case.reviewer).results("contacts/")
    assert [(row["name"], row["state"]) for row in told] == [("Ada Marzipan", "current")]
    assert Event.objects.filter(kind="look", verb="viewed_facts", actor=case.reviewer).count() == 1


@pytest.mark.parametrize(
    ("changed", "field", "told"),
    [
        ({"email": "", "phone": ""}, "email", "Give an e-mail address or a phone number."),
        ({"email": "ada"}, "email", "Write an e-mail address, such as name@example.org."),
        ({"name": " "}, "name", "Give the contact's name."),
        ({"name": "x" * 201}, "name", "Ensure this value has at most 200 characters (it has 201)."),
        ({"name": "A\x00da"}, "name", "Null characters are not allowed."),
        (
            {"purpose": "press"},
            "purpose",
            "Select a valid choice. press is not one of the available choices.",
        ),
    ],
)
def test_who_cannot_be_reached_is_told_beside_the_field(changed, field, told):
    case = make.Case(make.submitted)
    before = stored_rows()
    answer = Visitor(case.contributor).post("contacts", case.submission, **(ADA | changed))
    assert (errors_beside(answer, field), stored_rows()) == ([told], before)
    if "name" not in changed:
        assert "Ada Marzipan" in answer.content.decode()


def test_a_double_click_names_one_and_no_case_has_hundreds():
    case = make.Case(make.draft)
    visitor = Visitor(case.contributor)
    for _ in range(2):
        visitor.follow(visitor.post("contacts", case.submission, **ADA))
    assert Contact.objects.count() == 1
    for number in range(19):
        visitor.post("contacts", case.submission, **(ADA | {"name": f"Ada {number}"}))
    answer = visitor.post("contacts", case.submission, **(ADA | {"name": "One more"}))
    assert errors_beside(answer, "name") == ["A case has at most 20 contacts."]
    assert Contact.objects.count() == 20


def test_a_contact_is_taken_off_and_stays_on_record():
    case = make.Case(make.submitted)
    contact = actions.add_contact(actor=case.contributor, submission=case.submission, **ADA)
    visitor = Visitor(case.contributor)
    where = f"/lab/cases/{case.submission.case_number}/contacts/{contact.pk}/take_off/"
    assert "The contact was taken off." in visitor.follow(visitor.client.post(where))
    assert "already" in visitor.follow(visitor.client.post(where))
    assert "No contacts named yet." in visitor.text("contacts", case.submission)
    contact.refresh_from_db()
    assert contact.taken_off_at is not None
    # And may be named again.
    actions.add_contact(actor=case.contributor, submission=case.submission, **ADA)


def test_a_draft_shows_them_in_its_step_and_a_case_that_is_over_takes_none():
    case = make.Case(make.draft)
    actions.add_contact(actor=case.contributor, submission=case.submission, **ADA)
    visitor = Visitor(case.contributor)
    step = visitor.client.get(f"/lab/cases/{case.submission.case_number}/edit/contacts/")
    assert "Ada Marzipan" in words(step)
    actions.withdraw(actor=case.contributor, submission=case.again())
    assert "Add this contact" not in visitor.text("contacts", case.submission)
    answer = visitor.post("contacts", case.submission, **(ADA | {"name": "Bea"}))
    assert "Contacts can be named until the case is over." in words(answer)
    assert Contact.objects.count() == 1


def test_nobody_else_reads_or_writes_them():
    case, other = reviewed.Reviewed(), reviewed.Reviewed()
    contact = actions.add_contact(actor=case.contributor, submission=case.submission, **ADA)
    for stranger in (
        other.contributor,
        other.reviewer,
        make.member(make.partner_organisation(), Role.ADMIN),
    ):
        caller = Caller(stranger)
        assert caller.results("contacts/") == []
        refused(caller.get(f"contacts/{contact.pk}/"), NOT_FOUND)
        refused(caller.post("contacts/", ADA | {"submission": str(case.submission.pk)}), NOT_FOUND)
        assert Visitor(stranger).get("contacts", case.submission).status_code == 404
    refused(Caller(case.reviewer).post(f"contacts/{contact.pk}/take_off/"), NOT_YOURS_TO_CHANGE)
    assert Visitor(case.viewer).post("contacts", case.submission, **ADA).status_code == 403
    assert Contact.objects.filter(taken_off_at=None).count() == 1


@pytest.mark.parametrize("rows", [1, 20])
def test_a_list_costs_the_same_with_one_and_with_many(rows):
    case = make.Case(make.submitted)
    for number in range(rows):
        actions.add_contact(
            actor=case.contributor, submission=case.submission, **(ADA | {"name": f"Ada {number}"})
        )
    caller = Caller(case.contributor)
    caller.get("contacts/")
    with counted(4):
        assert len(caller.get("contacts/", page_size=100).json()["results"]) == rows
