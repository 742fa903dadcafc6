"""A conflict hides a case from its reviewer everywhere: every list of the workbench and the API, its pages, counts and messages.

The walk is over what there is, so that a list added later is in it.
"""

import re
from datetime import date

import pytest
from allauth.account.models import EmailAddress
from django.urls import reverse

from portal.accounts import actions as accounts
from portal.accounts.models import Affiliation, OtherAddress, Role, User
from portal.deadlines.models import Message
from portal.site.admin import site
from portal.submissions import actions as cases
from reviews.models import Designation, Inquiry
from reviews.policies import conflicts
from tests import factories as make
from tests import factories_questions as questions
from tests import factories_reviews as desk
from tests.admin.desk import Desk
from tests.api.calls import Caller

pytestmark = pytest.mark.django_db
NOW = make.NOW
HOW = ("unverified alias", "other address", "past employer", "declared", "on the case")


class Kept:
    """A reviewer at work on a case of a lab that has inquiries, questions, assessments; and a case of another lab beside it."""

    def __init__(self):
        self.case = desk.Reviewed()
        self.reviewer = self.case.reviewer
        desk.checked(self.case)
        questions.asked(self.case, self.reviewer, text="Which nougat is it?")
        accounts.record_domain(
            actor=self.case.coordinator, organisation=self.case.lab, domain="lab.example", at=NOW
        )
        self.other = desk.Reviewed()
        desk.active(self.other, self.reviewer, agency=self.case.agency)

    def words(self) -> set[str]:
        """What would give it away."""
        case = self.case.submission
        return {case.case_number, str(case.pk), str(case.lab_id), "nougat"}

    def bar(self, how: str) -> None:
        reviewer, lab = self.reviewer, self.case.lab
        if how == "unverified alias":
            EmailAddress.objects.create(
                user=reviewer, email="r@mail.lab.example", verified=False, primary=False
            )
        elif how == "other address":
            OtherAddress.objects.create(user=reviewer, email="r@lab.example", recorded_by=reviewer)
        elif how == "past employer":
            Affiliation.objects.create(
                user=reviewer, organisation=lab, since=date(2011, 1, 1), until=date(2013, 1, 1)
            )
        elif how == "declared":
            cases.declare_conflict(actor=reviewer, user=reviewer, organisation=lab, at=NOW)
        else:
            cases.declare_conflict(actor=reviewer, user=reviewer, submission=self.case.submission, at=NOW)

    def told(self) -> dict[str, str]:
        """Every page and list of the workbench and the API, as the reviewer gets it now."""
        person = User.objects.get(pk=self.reviewer.pk)
        browser, program = Desk(person).client, Caller(person)
        found = {}
        for model in site._registry:
            name = f"{model._meta.app_label}_{model._meta.model_name}"
            page = reverse(f"admin:{name}_changelist")
            found[page] = browser.get(page)
        for page in (reverse("admin:index"), "/", reverse("notices:list")):
            found[page] = browser.get(page)
        for path, operations in browser.get("/api/schema/").json()["paths"].items():
            if "get" in operations and path.count("/") == 4:
                found[path.split("/")[3]] = program.get(path.removeprefix("/api/v1/"), page_size=100)
        odd = {name: answer.status_code for name, answer in found.items()}
        assert {name: code for name, code in odd.items() if code not in (200, 302, 403, 404)} == {}
        return {name: answer.content.decode() for name, answer in found.items() if answer.status_code == 200}


@pytest.fixture
def kept():
    return Kept()


def giving_away(told: dict[str, str], words: set[str]) -> dict[str, set[str]]:
    found = {name: {word for word in words if word in body} for name, body in told.items()}
    return {name: there for name, there in found.items() if there}


@pytest.mark.parametrize("how", HOW)
def test_nothing_of_the_case_is_left_anywhere(kept, how):
    before = giving_away(kept.told(), kept.words())
    # Enough gives it away before, or the walk would prove nothing.
    assert {
        "submissions", "assignments", "assessments", "questions", "deadlines", "evaluations", "documents",
        "/admin/", "/admin/submissions/submission/", "/admin/reviews/assignment/", "/admin/reviews/assessment/",
    } - set(before) <= {"evaluations", "documents"}  # fmt: skip
    kept.bar(how)
    told = kept.told()
    # What the person declared of the one case stays readable to them, or nobody could look at what they declared.
    mine = {"/admin/submissions/conflict/"} if how == "on the case" else set()
    assert set(giving_away(told, kept.words())) - mine == set()
    # And the other case is there as before.
    assert kept.other.submission.case_number in told["/admin/submissions/submission/"]
    assert "1 case" in re.sub(r"\s+", " ", told["/admin/submissions/submission/"])


@pytest.mark.parametrize("how", HOW)
def test_its_pages_are_not_there_and_no_message_comes(kept, how):
    kept.bar(how)
    person = User.objects.get(pk=kept.reviewer.pk)
    case = kept.case.submission
    assert Desk(person).get("submissions_submission_change", case.pk).status_code == 404
    assert Caller(person).get(f"submissions/{case.pk}/").status_code == 404
    before = Message.objects.filter(recipient=person).count()
    cases.release(actor=kept.case.contributor, submission=case, at=NOW)
    assert Message.objects.filter(recipient=person).count() == before


@pytest.mark.parametrize("how", HOW[:4])
def test_the_labs_inquiries_and_designations_are_hidden_too(kept, how):
    designator = desk.designator()
    kept.reviewer = designator
    desk.submitted_inquiry(kept.case.contributor, kept.case.lab)
    desk.designation(desk.designator(), kept.case.lab)
    for rows in (Inquiry.objects, Designation.objects):
        assert rows.visible_to(designator).filter(lab=kept.case.lab).exists()
    kept.bar(how)
    person = User.objects.get(pk=designator.pk)
    for rows in (Inquiry.objects, Designation.objects):
        assert not rows.visible_to(person).filter(lab=kept.case.lab).exists()


def test_a_reviewer_of_another_agency_with_the_alias_is_no_candidate(kept):
    person = make.member(make.agency(), Role.REVIEWER)
    assert conflicts([person], [kept.case.submission]) == set()
    OtherAddress.objects.create(user=person, email="p@lab.example", recorded_by=person)
    assert conflicts([person], [kept.case.submission]) == {(person.pk, kept.case.submission.pk)}
    assert conflicts([person], [kept.other.submission]) == set()
