"""How long a session lasts, kept by the server whatever the browser still holds; each session is listed, and ended at once."""

from datetime import datetime, timedelta
from urllib.parse import urlencode

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


def by_password(client: Client, ada) -> None:
    client.post("/account/reauthenticate/", {"password": factories.PASSWORD})


def by_code(client: Client, ada) -> None:
    client.post("/account/2fa/reauthenticate/", {"code": code()})


@pytest.mark.parametrize("ask_again", [by_password, by_code])
def test_asking_again_gives_the_session_another_name_and_leaves_all_else(ada, time, ask_again):
    client = sign_in(ada)
    client.get("/account/profile/")
    was, row = dict(client.session), UserSession.objects.get()
    key = client.cookies["sessionid"].value
    time.shift(HOUR / 2)
    ask_again(client, ada)
    thief = Client()
    thief.cookies["sessionid"] = key
    assert client.cookies["sessionid"].value != key
    assert (is_signed_in(client), is_signed_in(thief)) == (True, False)
    now = dict(client.session)
    assert len(now.pop("account_authentication_methods")) == 1 + len(
        was.pop("account_authentication_methods")
    )
    assert now == was
    # One session still, the one at hand, begun when and by what it was.
    [listed] = client.get("/account/sessions/").context["sessions"]
    assert (listed.pk, listed.created_at, listed.session_key) == (
        row.pk,
        row.created_at,
        client.cookies["sessionid"].value,
    )
    assert listed.begun_by == "Password, authenticator app"
    assert Session.objects.count() == 1


def test_a_request_under_the_old_name_beside_it_takes_no_cookie_away(ada):
    """One that another tab had sent before the answer was there."""
    client = sign_in(ada)
    beside = Client()
    beside.cookies["sessionid"] = client.cookies["sessionid"].value
    by_password(client, ada)
    late = beside.get("/account/profile/")
    assert late["Location"].startswith("/account/login/")
    assert "sessionid" not in late.cookies
    assert is_signed_in(client)


def test_asking_again_gives_no_more_time(ada, time):
    client = sign_in(ada)
    for _ in range(23):
        time.shift(HOUR / 2)
        by_password(client, ada)
        assert is_signed_in(client)
    time.shift(HOUR / 2)
    assert client.get("/account/profile/")["Location"].endswith("&ended=whole")


def test_an_hour_counts_from_the_last_request_after_it_too(ada, time):
    client = sign_in(ada)
    by_password(client, ada)
    time.shift(HOUR)
    assert client.get("/account/profile/")["Location"].endswith("&ended=idle")


def test_another_name_buys_no_guesses_of_codes(ada):
    client = sign_in(ada)

    def guess() -> str:
        answer = client.post("/account/2fa/reauthenticate/", {"code": "000000"})
        return answer.context["form"].errors["code"][0]

    said = []
    for _ in range(2):
        by_password(client, ada)
        said += [guess() for _ in range(4)]
    assert [one.startswith("Too many") for one in said] == [False] * 5 + [True] * 3


def test_a_form_that_waited_for_the_password_is_sent_on_as_it_was(ada):
    client = sign_in(ada)
    typed = {"name": "Nightly job", "scope": "read", "days": "30"}
    asked = client.post("/account/tokens/", typed)
    assert asked["Location"].startswith("/account/reauthenticate/")
    page = client.post(asked["Location"], {"password": factories.PASSWORD, "next": "/account/tokens/"})
    assert "Nightly job" in page.content.decode()
    assert is_signed_in(client)


# --- listed and ended ---------------------------------------------------------------------------------------------------


def asked_for(page: str) -> str:
    """The page that asks for the second factor, and leads to that page afterwards."""
    then = f"/account/confirmed/?{urlencode({'next': page})}"
    return f"/account/2fa/reauthenticate/?{urlencode({'next': then})}"


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


def test_ending_them_asks_for_the_second_factor_first(ada, time):
    here, other = sign_in(ada), sign_in(ada, digits=code(steps=1))
    time.shift(11 * MINUTE)
    its = UserSession.objects.get(session_key=other.session.session_key)
    for page in ("/account/sessions/", f"/account/sessions/{its.pk}/end/"):
        answer = here.post(page, headers={"referer": "http://testserver/account/sessions/"})
        assert (answer.status_code, answer["Location"]) == (303, asked_for("/account/sessions/"))
    assert is_signed_in(other)
    by_code(here, ada)
    here.post(f"/account/sessions/{its.pk}/end/")
    assert [is_signed_in(one) for one in (here, other)] == [True, False]


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
