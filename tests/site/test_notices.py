"""The notices page: one's own messages, what is due, one query count."""

import pytest
import time_machine
from django.conf import settings
from django.test import Client

from portal.accounts.models import Role, User
from portal.deadlines import actions
from portal.deadlines.models import Deadline, Message
from tests import factories
from tests.accounts.test_pages import queries

pytestmark = pytest.mark.django_db
NOW, DAY = factories.NOW, factories.DAY


def client_of(user) -> Client:
    client = Client()
    client.force_login(user, backend=settings.AUTHENTICATION_BACKENDS[0])
    return client


def tell(user, number: int = 1, kind: str = "submit") -> None:
    for _ in range(number):
        about = factories.person(second_factor=False).pk
        actions.tell(
            recipients=[user.pk], kind=kind, case_id=None, case_number="FM-ABCD-1234", about=about, at=NOW
        )


@pytest.fixture
def ada():
    return factories.member(factories.lab(), Role.CONTRIBUTOR)


def test_only_ones_own(ada):
    other = factories.person()
    tell(ada)
    tell(other)
    page = client_of(ada).get("/notices/")
    assert [m.recipient for m in page.context["page"]] == [ada]
    theirs = Message.objects.get(recipient=other)
    assert client_of(ada).get(f"/notices/{theirs.pk}/").status_code == 404
    client_of(ada).post("/notices/read/")
    assert Message.objects.get(recipient=other).read_at is None


def test_a_dropped_message_is_not_shown(ada):
    tell(ada)
    Message.objects.update(state="dropped")
    assert not client_of(ada).get("/notices/").context["page"].object_list


def test_opening_marks_it_read_and_leads_to_the_case(ada):
    tell(ada, 2)
    first, second = Message.objects.all()
    assert client_of(ada).get(f"/notices/{first.pk}/")["Location"] == "/case/FM-ABCD-1234/"
    assert [Message.objects.get(pk=m.pk).read_at is not None for m in (first, second)] == [True, False]
    assert [m.pk for m in client_of(ada).get("/notices/?show=unread").context["page"]] == [second.pk]


def test_marking_all_read(ada):
    tell(ada, 3)
    assert client_of(ada).post("/notices/read/")["Location"] == "/notices/"
    assert not Message.objects.unread().exists()


@pytest.mark.parametrize(("number", "shown"), [(0, None), (3, "3"), (99, "99"), (100, "99+")])
def test_the_badge_counts_no_further_than_it_shows(ada, number, shown):
    tell(ada, number)
    text = client_of(ada).get("/account/profile/").content.decode()
    assert ("portal-badge" in text) is (shown is not None)
    if shown:
        assert f'<span class="portal-badge">{shown}<' in text


def test_one_and_thirty_notices_cost_the_same(ada):
    client = client_of(ada)
    tell(ada)
    few = queries(client, "/notices/")
    tell(ada, 29)
    # Session, person, whether away, page with its count, what is due, badge.
    assert (few, queries(client, "/notices/")) == (6, 6)


@time_machine.travel(NOW, tick=False)
def test_what_is_due_is_what_this_person_should_do():
    case = factories.Case(factories.submitted)
    lab_page = client_of(case.contributor).get("/notices/")
    assert [d.kind for d in lab_page.context["due"]] == ["provide_access"]
    office_page = client_of(case.coordinator).get("/notices/")
    assert [d.kind for d in office_page.context["due"]] == ["acknowledge"]
    stranger = client_of(factories.member(factories.lab(), Role.ADMIN)).get("/notices/")
    assert stranger.context["due"] == []


def test_a_reminder_to_acknowledge_and_word_that_it_was_done_read_differently():
    case = factories.Case(factories.submitted)
    submission = case.submission
    deadline = Deadline.objects.get(kind="acknowledge", subject_id=submission.pk)
    reminder = Message(kind="acknowledge", recipient=case.coordinator, deadline=deadline, offset=0)
    word = Message(kind="acknowledge", recipient=case.contributor)
    assert (reminder.wording, word.wording) == (
        "A submission waits for its acknowledgement.",
        "Your submission was acknowledged.",
    )


@time_machine.travel(NOW + 10 * DAY, tick=False)
def test_what_the_government_is_late_with_is_flagged_to_it_and_to_nobody_else():
    case = factories.Case(factories.submitted)
    office = client_of(case.coordinator).get("/notices/")
    assert [(d.kind, d.state) for d in office.context["due"]] == [("acknowledge", "overdue")]
    assert "Overdue" in office.content.decode()


@time_machine.travel(NOW + 30 * DAY, tick=False)
def test_a_lab_is_never_late():
    case = factories.Case(factories.submitted)
    page = client_of(case.contributor).get("/notices/")
    assert "Overdue" not in page.content.decode()


@time_machine.travel(NOW, tick=False)
def test_the_next_dates_are_the_first_of_all_that_a_person_sees():
    cases = [factories.Case(factories.submitted), factories.Case(factories.with_access)]
    people = [case.contributor for case in cases] + [case.viewer for case in cases] + [cases[0].coordinator]
    people += [factories.member(factories.agency(), Role.COORDINATOR), factories.person(is_superuser=True)]
    Deadline.objects.filter(kind="acknowledge").update(person=people[-1])
    shown = {}
    for user in User.objects.filter(pk__in=[person.pk for person in people]):
        everything = Deadline.objects.visible_to(user).still_open().order_by("due_at", "id")
        some = Deadline.objects.next_for(user, limit=2, narrow=lambda rows: rows)
        assert list(some) == list(everything[:2])
        shown[user.pk] = len(everything)
    assert [shown[user.pk] for user in people[:2]] != [0, 0]
    assert shown[people[-1].pk] == 1
