"""How long a session lasts, kept by the server whatever the browser still holds; each session is listed, and ended at once."""

from datetime import datetime, timedelta

import pytest
import time_machine
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from portal import clock
from portal.accounts import actions
from portal.accounts.models import Role
from portal.errors import AlreadyDone, NotAllowed
from portal.ledger.models import Event
from tests import factories
from tests.accounts.doors import code, is_signed_in, sign_in

pytestmark = pytest.mark.django_db
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
START = datetime(2026, 10, 5, 14, 0, 7, tzinfo=clock.calendar_zone())
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


@pytest.fixture
def ada():
    return factories.member(factories.lab(), Role.ADMIN, "Ada")


@pytest.fixture
def time():
    with time_machine.travel(START, tick=False) as traveller:
        yield traveller


def test_an_hour_without_a_request_ends_it_and_the_sign_in_page_says_why(ada, time):
    client = sign_in(ada)
    time.shift(HOUR - timedelta(seconds=1))
    assert is_signed_in(client)
    time.shift(HOUR)
    answer = client.get("/account/profile/")
    assert answer["Location"] == "/account/login/?next=/account/profile/&ended=idle"
    assert "nothing happened in your session" in client.get(answer["Location"]).content.decode()


def test_twelve_hours_end_it_however_busy(ada, time):
    client = sign_in(ada)
    for _ in range(23):
        time.shift(HOUR / 2)
        assert is_signed_in(client)
    time.shift(HOUR / 2)
    answer = client.get("/account/profile/")
    assert answer["Location"] == "/account/login/?next=/account/profile/&ended=whole"
    assert "a session lasts no longer" in client.get(answer["Location"]).content.decode()


def test_a_form_sent_too_late_leads_back_to_its_page(ada, time):
    client = sign_in(ada)
    time.shift(2 * HOUR)
    answer = client.post("/notices/read/", headers={"referer": "http://testserver/notices/?page=2"})
    assert (answer.status_code, answer["Location"]) == (
        303,
        "/account/login/?next=%2Fnotices%2F%3Fpage%3D2&ended=idle",
    )


def test_the_admin_says_it_too(time):
    client = sign_in(factories.member(factories.agency(), Role.REVIEWER))
    time.shift(2 * HOUR)
    assert client.get("/admin/")["Location"] == "/account/login/?next=/admin/&ended=idle"


def test_an_old_cookie_opens_nothing(ada, time):
    client = sign_in(ada)
    cookie = client.cookies["sessionid"].value
    time.shift(2 * HOUR)
    client.get("/account/profile/")
    later = Client()
    later.cookies["sessionid"] = cookie
    assert not is_signed_in(later)


def test_a_clock_that_went_back_lengthens_no_session(ada, time):
    client = sign_in(ada)
    time.shift(-3 * HOUR)
    assert not is_signed_in(client)


def test_two_machines_clocks_may_differ_a_little(ada, time):
    client = sign_in(ada)
    time.shift(-MINUTE)
    assert is_signed_in(client)


def test_a_shorter_limit_holds_for_sessions_that_are_open(ada, time, settings):
    client = sign_in(ada)
    time.shift(HOUR / 2)
    assert is_signed_in(client)
    settings.PORTAL_SESSION_HOURS = 0
    assert not is_signed_in(client)


def test_going_on_is_written_once_a_minute_without_the_sessions_data(ada, time):
    client = sign_in(ada)
    is_signed_in(client)
    before = Session.objects.get()

    def writes() -> list[str]:
        with CaptureQueriesContext(connection) as seen:
            assert is_signed_in(client)
        return [q["sql"].split(" WHERE")[0] for q in seen if q["sql"].startswith("UPDATE")]

    time.shift(59)
    assert writes() == []
    time.shift(1)
    first = writes()
    assert [sql.split(" SET")[0] for sql in first] == [
        'UPDATE "django_session"',
        'UPDATE "usersessions_usersession"',
    ]
    assert "session_data" not in first[0]
    assert writes() == []
    after = Session.objects.get()
    assert (after.session_data, after.expire_date - before.expire_date) == (before.session_data, MINUTE)
    assert UserSession.objects.get().last_seen_at == START + MINUTE


def test_moving_the_demonstrations_clock_ends_no_session(ada):
    client = sign_in(ada)
    with clock.at_offset(timedelta(days=3)):
        assert is_signed_in(client)


def test_signing_in_gives_the_session_another_name(ada):
    """A name that somebody put into the browser before is worth nothing after."""
    client = Client()
    client.post("/account/login/", {"login": ada.email, "password": factories.PASSWORD})
    before = client.cookies["sessionid"].value
    client.post("/account/2fa/authenticate/", {"code": code()})
    thief = Client()
    thief.cookies["sessionid"] = before
    assert (is_signed_in(client), is_signed_in(thief)) == (True, False)
    assert client.cookies["sessionid"].value != before


# --- listed and ended ---------------------------------------------------------------------------------------------------


def rows(client: Client) -> list[tuple[str, bool]]:
    """Browser and whether it is the one at hand, as the page lists them."""
    page = client.get("/account/sessions/").context
    return [(row.user_agent[-13:], row.session_key == page["here"]) for row in page["sessions"]]


def test_each_is_listed_with_browser_address_and_when_it_was_last_used(ada, time):
    here = sign_in(ada)
    time.shift(40)
    other = sign_in(ada, digits=code(steps=1))
    other.get("/account/profile/", headers={"user-agent": FIREFOX})
    UserSession.objects.filter(session_key=other.session.session_key).update(user_agent=FIREFOX)
    assert rows(here) == [("", True), ("Firefox/140.0", False)]
    text = here.get("/account/sessions/").content.decode()
    assert "Firefox on Linux" in text
    assert "127.0.0.1" in text
    assert text.count("This one") == 1


def test_one_ends_at_once_in_every_tab_of_it(ada):
    here, other = sign_in(ada), sign_in(ada, digits=code(steps=1))
    tab = Client()
    tab.cookies = other.cookies
    its = UserSession.objects.exclude(session_key=here.session.session_key).get()
    answer = here.post(f"/account/sessions/{its.pk}/end/", follow=True)
    assert "The session ended." in answer.content.decode()
    assert [is_signed_in(one) for one in (here, other, tab)] == [True, False, False]
    assert list(Event.objects.filter(verb="ended_session").values_list("actor", "subject_id")) == [
        (ada.pk, ada.pk)
    ]
    assert rows(here) == [("", True)]


def test_all_others_end(ada):
    here = sign_in(ada)
    others = [sign_in(ada, digits=code(steps=1)), sign_in(ada, digits=code(steps=-1))]
    here.post("/account/sessions/")
    assert [is_signed_in(one) for one in (here, *others)] == [True, False, False]
    assert Event.objects.get(verb="ended_other_sessions").data == {"sessions": 2}
    assert "There is no other session." in here.post("/account/sessions/", follow=True).content.decode()


def test_neither_anothers_nor_the_one_at_hand_is_ended_here(ada):
    here, stranger = sign_in(ada), sign_in(factories.person())
    for row in UserSession.objects.all():
        assert here.post(f"/account/sessions/{row.pk}/end/").status_code == 404
    assert is_signed_in(here)
    assert is_signed_in(stranger)
    with pytest.raises(NotAllowed):
        actions.end_session(actor=ada, session=UserSession.objects.exclude(user=ada).get())
    with pytest.raises(AlreadyDone):
        actions.end_other_sessions(actor=ada, kept=here.session.session_key)


def test_a_false_form_ends_nothing(ada):
    other = sign_in(ada)
    guarded = Client(enforce_csrf_checks=True)
    guarded.cookies = sign_in(ada, digits=code(steps=1)).cookies
    its = UserSession.objects.get(session_key=other.session.session_key)
    assert guarded.post("/account/sessions/").status_code == 403
    assert guarded.post(f"/account/sessions/{its.pk}/end/").status_code == 403
    assert guarded.get(f"/account/sessions/{its.pk}/end/").status_code == 405
    assert is_signed_in(other)


@pytest.mark.parametrize("number", [1, 6])
def test_the_list_costs_the_same_however_many(ada, number, django_assert_num_queries):
    here = sign_in(ada)
    for _ in range(number):
        client = Client()
        client.force_login(ada)
        UserSession.objects.create(user=ada, session_key=client.session.session_key, ip="192.0.2.1")
    here.get("/account/sessions/")
    # The session, the person with seats and factors, the notices' badge, the sessions, their rows.
    with django_assert_num_queries(8):
        assert len(here.get("/account/sessions/").context["sessions"]) == number + 1


def test_a_session_that_opens_nothing_any_more_is_not_listed(ada, time):
    sign_in(ada)
    time.shift(2 * HOUR)
    here = sign_in(ada)
    assert rows(here) == [("", True)]


def test_other_sessions_end_when_a_factor_changes(ada):
    here, other = sign_in(ada), sign_in(ada, digits=code(steps=1))
    here.post("/account/reauthenticate/", {"password": factories.PASSWORD})
    from tests.accounts.passkeys import Passkey

    Passkey().enrolled(here)
    assert [is_signed_in(one) for one in (here, other)] == [True, False]
