"""The lab's pages: what it reads, what it never reads, and the text that is kept when a form is refused."""

import pytest
import time_machine
from django.conf import settings
from django.test import Client
from django.urls import reverse

from portal.accounts.models import Role
from portal.ledger.models import Event
from reviews import actions
from reviews.models import Assessment, Inquiry
from tests import factories as make
from tests import factories_reviews as desk
from tests.api.calls import counted

pytestmark = pytest.mark.django_db
NOW, DAY = make.NOW, make.DAY


@pytest.fixture(autouse=True)
def _at_now():
    with time_machine.travel(NOW, tick=False):
        yield


def browser(user) -> Client:
    client = Client()
    client.force_login(user, backend=settings.AUTHENTICATION_BACKENDS[0])
    return client


def text(answer) -> str:
    return answer.content.decode()


class Shared:
    """A case with one shared assessment and one draft, and addresses of both."""

    def __init__(self):
        self.case = desk.Reviewed()
        self.shared = desk.shared(self.case)
        self.draft = desk.draft(self.case, findings="A draft of praline.")
        self.number = self.case.submission.case_number
        self.list = reverse("lab_reviews:assessments", args=[self.number])
        self.page = reverse("lab_reviews:assessment", args=[self.number, self.shared.pk])
        self.hidden = reverse("lab_reviews:assessment", args=[self.number, self.draft.pk])


@pytest.fixture
def shared():
    return Shared()


def test_the_lab_reads_what_was_shared_and_no_draft(shared):
    client = browser(shared.case.viewer)
    listed, read = client.get(shared.list), client.get(shared.page)
    assert (listed.status_code, read.status_code, client.get(shared.hidden).status_code) == (200, 200, 404)
    assert "nougat-finding-1" in text(read)
    case_page = client.get(reverse("lab:case", args=[shared.number]))
    for answer in (listed, read, case_page):
        assert "praline" not in text(answer)
        assert shared.case.reviewer.name not in text(answer)
        assert str(shared.draft.pk) not in text(answer)
    alias = f"{shared.case.agency.short_name} reviewer 1"
    assert alias in text(listed)
    assert alias in text(read)
    assert shared.page in text(case_page)


def test_each_reading_is_a_look(shared):
    browser(shared.case.viewer).get(shared.page)
    look = Event.objects.filter(kind="look", actor=shared.case.viewer).get()
    assert (look.verb, look.capacity, look.case_id) == (
        "viewed_assessments",
        "lab_viewer",
        shared.case.submission.pk,
    )


def test_strangers_get_404(shared):
    strangers = [
        make.member(make.lab(), Role.ADMIN),
        make.member(make.partner_organisation(), Role.ADMIN),
        make.member(make.agency(), Role.REVIEWER),
        shared.case.coordinator,
        make.person(is_superuser=True),
    ]
    for user in strangers:
        client = browser(user)
        assert [client.get(url).status_code for url in (shared.list, shared.page)] == [404, 404]
        assert client.post(shared.page, {"response": "Mine."}).status_code == 404
    assert Client().get(shared.page).status_code == 302


def test_an_assessment_of_another_case_is_404_here(shared):
    other = desk.Reviewed()
    url = reverse("lab_reviews:assessment", args=[other.submission.case_number, shared.shared.pk])
    assert browser(other.contributor).get(url).status_code == 404


def test_the_lab_responds_once(shared):
    client = browser(shared.case.contributor)
    data = {"response": "We shut the pantry.", "revision": shared.shared.revision}
    answer = client.post(shared.page, data)
    assert (answer.status_code, answer["Location"]) == (303, shared.page)
    shared.shared.refresh_from_db()
    assert (shared.shared.state, shared.shared.response) == ("lab_responded", "We shut the pantry.")
    # The double click lands where the first one did.
    assert client.post(shared.page, data).status_code == 303
    assert Event.objects.filter(subject_id=shared.shared.pk, verb="respond").count() == 1
    assert "We shut the pantry." in text(client.get(shared.page))


def test_an_empty_response_is_refused_beside_the_field(shared):
    answer = browser(shared.case.contributor).post(
        shared.page, {"response": " ", "revision": shared.shared.revision}
    )
    assert answer.status_code == 200
    assert answer.context["form"].errors == {"response": ["Write your response."]}


def test_a_stale_response_is_refused_and_its_text_stays(shared):
    client = browser(shared.case.contributor)
    answer = client.post(shared.page, {"response": "We shut the pantry.", "revision": 1})
    assert answer.status_code == 409
    assert "We shut the pantry." in text(answer)
    assert "Shared the assessment with the lab" in str(answer.context["form"].non_field_errors())
    shared.shared.refresh_from_db()
    assert shared.shared.state == "shared"


def test_who_only_reads_is_offered_no_form(shared):
    client = browser(shared.case.viewer)
    assert "<textarea" not in text(client.get(shared.page))
    assert client.post(shared.page, {"response": "Mine.", "revision": 5}).status_code == 403
    assert Assessment.objects.get(pk=shared.shared.pk).state == "shared"


def test_the_case_page_tells_agencies_and_counts(shared):
    page = text(browser(shared.case.viewer).get(reverse("lab:case", args=[shared.number])))
    assert f"{shared.case.agency.name}: 2 active reviewers" in page
    assert "Invented Programme Office: 1 active reviewer<" in page


# --- inquiries --------------------------------------------------------------------------------------------------------


@pytest.fixture
def writer():
    return make.member(make.lab(), Role.CONTRIBUTOR)


def lab_of(user):
    return user.memberships.get().organisation


def test_from_an_empty_list_to_a_submitted_inquiry(writer):
    client = browser(writer)
    assert "No inquiries yet" in text(client.get(reverse("lab_reviews:inquiries")))
    form = client.get(reverse("lab_reviews:new_inquiry"))
    data = {"key": str(form.context["key"]), "model_name": "Kestrel 6", "question": ""}
    answer = client.post(reverse("lab_reviews:new_inquiry"), data)
    made = Inquiry.objects.get()
    page = reverse("lab_reviews:inquiry", args=[made.number])
    assert (answer.status_code, answer["Location"]) == (303, page)
    client.post(reverse("lab_reviews:new_inquiry"), data)
    assert Inquiry.objects.count() == 1
    submit = reverse("lab_reviews:submit_inquiry", args=[made.number])
    refused = client.post(submit, {"revision": 1}, follow=True)
    assert "Write your question and describe the model." in text(refused)
    edit = reverse("lab_reviews:edit_inquiry", args=[made.number])
    saved = client.post(edit, {"revision": 1, "model_name": "Kestrel 6", "question": "Is it covered?"})
    assert saved.status_code == 303
    done = client.post(submit, {"revision": 2}, follow=True)
    assert "The inquiry was submitted." in text(done)
    made.refresh_from_db()
    assert (made.state, made.question) == ("submitted", "Is it covered?")
    assert client.post(edit, {"revision": 3, "model_name": "K", "question": "Late?"}).status_code == 409


def test_a_stale_draft_is_refused_and_its_text_stays(writer):
    made = desk.inquiry(writer, lab_of(writer))
    actions.save_inquiry(actor=writer, inquiry=made, values={"question": "First?"}, at=NOW)
    edit = reverse("lab_reviews:edit_inquiry", args=[made.number])
    answer = browser(writer).post(
        edit, {"revision": 1, "model_name": "Kestrel 6", "question": "Second, of fudge?"}
    )
    assert answer.status_code == 409
    assert "Second, of fudge?" in text(answer)
    assert answer.context["revision"] == 2
    made.refresh_from_db()
    assert made.question == "First?"


def test_a_withdrawal_asks_and_is_done_once(writer):
    made = desk.submitted_inquiry(writer, lab_of(writer))
    url = reverse("lab_reviews:withdraw_inquiry", args=[made.number])
    client = browser(writer)
    assert "No reason is asked" in text(client.get(url))
    answers = [client.post(url, {"revision": 2}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [303, 303]
    made.refresh_from_db()
    assert made.state == "withdrawn"
    assert "The government no longer reads its text." in text(client.get(answers[0]["Location"]))


def test_the_lab_reads_who_looked_by_capacity_and_not_by_name(writer):
    made = desk.submitted_inquiry(writer, lab_of(writer))
    coordinator = make.coordinator()
    browser(writer)
    from reviews import looks

    looks.read_inquiries(actor=coordinator, inquiries=[made])
    page = text(browser(writer).get(reverse("lab_reviews:inquiry", args=[made.number])))
    assert "Coordinator" in page
    assert coordinator.name not in page


def test_inquiries_and_designations_of_others_are_404(writer):
    made = desk.submitted_inquiry(writer, lab_of(writer))
    first, second = desk.designator(), desk.designator()
    found = desk.designation(first, lab_of(writer), inquiry=made)
    actions.confirm(actor=second, designation=found, at=NOW)
    pages = [
        reverse(f"lab_reviews:{name}", args=[made.number])
        for name in ("inquiry", "edit_inquiry", "withdraw_inquiry")
    ]
    pages.append(reverse("lab_reviews:designation", args=[found.pk]))
    for user in (
        make.member(make.lab(), Role.ADMIN),
        first,
        make.coordinator(),
        make.person(is_superuser=True),
    ):
        client = browser(user)
        assert [client.get(url).status_code for url in pages] == [404] * 4
        assert client.post(reverse("lab_reviews:submit_inquiry", args=[made.number])).status_code == 404


def test_a_viewer_reads_and_is_offered_nothing(writer):
    made = desk.inquiry(writer, lab_of(writer))
    viewer = make.member(lab_of(writer), Role.VIEWER)
    client = browser(viewer)
    page = text(client.get(reverse("lab_reviews:inquiry", args=[made.number])))
    assert "nougat" in page
    assert "Submit the inquiry" not in page
    assert client.get(reverse("lab_reviews:edit_inquiry", args=[made.number])).status_code == 403
    assert client.get(reverse("lab_reviews:new_inquiry")).status_code == 403


def test_designations_are_read_once_confirmed_and_shared_without_names(writer):
    first, second = desk.designator(), desk.designator()
    lab = lab_of(writer)
    desk.designation(first, lab, subject="Only recorded")
    kept = desk.designation(first, lab, subject="Kept back", shared_with_lab=False)
    shared = desk.designation(first, lab, subject="Kestrel 6")
    for one in (kept, shared):
        actions.confirm(actor=second, designation=one, at=NOW)
    client = browser(writer)
    listed = text(client.get(reverse("lab_reviews:designations")))
    page = text(client.get(reverse("lab_reviews:designation", args=[shared.pk])))
    assert "Kestrel 6" in listed
    for hidden in ("Only recorded", "Kept back", first.name, second.name):
        assert hidden not in listed
        assert hidden not in page
    assert "Benchmarks of nougat." in page


# Clock, session, person, seats, what the list needs, the look where there is one, and the notices' badge.
COUNTS = {"assessments": 7, "inquiries": 6, "designations": 5}


@pytest.mark.parametrize("rows", [1, 30])
def test_a_list_costs_the_same_with_one_row_and_with_thirty(rows):
    case = desk.Reviewed()
    designators = desk.designator(), desk.designator()
    for n in range(rows):
        desk.shared(case)
        desk.submitted_inquiry(case.contributor, case.lab)
        made = desk.designation(designators[0], case.lab, subject=f"Kestrel {n}")
        actions.confirm(actor=designators[1], designation=made, at=NOW)
    client = browser(case.viewer)
    for name, number in COUNTS.items():
        args = [case.submission.case_number] if name == "assessments" else []
        url = reverse(f"lab_reviews:{name}", args=args)
        client.get(url)
        with counted(number):
            answer = client.get(url)
        assert len(answer.context["page"].object_list) == min(rows, 25)


def test_of_one_that_a_withheld_one_superseded_the_lab_reads_that_it_stands_no_more_and_nothing_else(writer):
    first, second = desk.designator(), desk.designator()
    lab = lab_of(writer)
    shared = desk.designation(first, lab)
    actions.confirm(actor=second, designation=shared, at=NOW)
    withheld = desk.designation(
        first,
        lab,
        supersedes=shared,
        outcome="not_covered",
        basis="Because of its toffee.",
        shared_with_lab=False,
    )
    client = browser(writer)
    address = reverse("lab_reviews:designation", args=[shared.pk])
    # Recorded, it changes nothing yet.
    assert "No longer in force" not in text(client.get(address))
    actions.confirm(actor=second, designation=withheld, at=NOW)
    page, listed = text(client.get(address)), text(client.get(reverse("lab_reviews:designations")))
    assert "No longer in force" in page
    assert "What took its place is not shared with your lab." in page
    assert "no longer in force" in listed
    for said in (client.get(address).content.decode(), listed):
        for hidden in ("Not a covered frontier model", "toffee", str(withheld.pk)):
            assert hidden not in said
    assert client.get(reverse("lab_reviews:designation", args=[withheld.pk])).status_code == 404
    # A shared one takes its place in turn: the lab reads that one, and of the first as before.
    third = desk.designation(first, lab, supersedes=withheld, basis="Because of its fudge.")
    actions.confirm(actor=second, designation=third, at=NOW)
    page = text(client.get(reverse("lab_reviews:designation", args=[third.pk])))
    assert "Because of its fudge." in page
    assert "No longer in force" not in page
    assert "No longer in force" in text(client.get(address))
    assert str(withheld.pk) not in client.get(address).content.decode()


def test_a_lab_never_reads_a_consultation(writer):
    lab = lab_of(writer)
    consulted = [
        {"office": "An invented science office", "consulted_on": NOW.date(), "words": "Agreed: praline."}
    ]
    made = desk.designation(desk.designator(), lab, consultations=consulted)
    actions.confirm(actor=desk.designator(), designation=made, at=NOW)
    client = browser(writer)
    for name, args in (("designation", [made.pk]), ("designations", [])):
        said = client.get(reverse(f"lab_reviews:{name}", args=args)).content.decode()
        assert "science office" not in said
        assert "praline" not in said
