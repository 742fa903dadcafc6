"""Guessing is slowed down, and nobody is locked out by a stranger; no answer tells who has an account."""

import time

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from django.contrib.auth.hashers import MD5PasswordHasher
from django.core.cache import cache
from django.test import Client

from portal.accounts import actions
from portal.accounts.models import Role
from tests import factories
from tests.accounts.doors import code, is_signed_in, sign_in
from tests.factories import PASSWORD

pytestmark = pytest.mark.django_db
TOO_MANY = "Too many attempts. Wait a few minutes, then try again."
WRONG = "This address and password do not go together."
HOME, AWAY = "192.0.2.10", "198.51.100.7"


@pytest.fixture
def ada():
    return factories.member(factories.lab(), Role.ADMIN, "Ada")


def try_password(account: str, password: str, *, address: str, client: Client | None = None) -> str:
    """What the sign-in form says; "in" where the password was taken."""
    answer = (client or Client()).post(
        "/account/login/", {"login": account, "password": password}, REMOTE_ADDR=address
    )
    return "in" if answer.status_code == 302 else answer.context["form"].non_field_errors()[0]


def attack(account: str, *, addresses: int, each: int) -> list[str]:
    return [
        try_password(account, f"wrong number {number}", address=f"203.0.113.{host}")
        for host in range(1, addresses + 1)
        for number in range(each)
    ]


def sign_in_from(user, address: str, *, steps: int = 0) -> Client:
    client = Client()
    assert try_password(user.email, PASSWORD, address=address, client=client) == "in"
    client.post("/account/2fa/authenticate/", {"code": code(steps=steps)}, REMOTE_ADDR=address)
    assert is_signed_in(client)
    return client


def test_five_wrong_from_an_address_stop_it_there_and_only_there(ada):
    said = [try_password(ada.email, "wrong", address=AWAY) for _ in range(7)]
    assert said == [WRONG] * 5 + [TOO_MANY] * 2
    assert try_password(ada.email, PASSWORD, address=AWAY) == TOO_MANY
    assert try_password(ada.email, PASSWORD, address=HOME) == "in"


def test_an_address_with_many_accounts_to_try_is_stopped(settings):
    settings.PORTAL_SIGN_IN_FAILURES_OF_AN_ADDRESS = 10
    said = [try_password(f"person{n}@example.invalid", "wrong", address=AWAY) for n in range(12)]
    assert said == [WRONG] * 10 + [TOO_MANY] * 2


def test_many_addresses_are_stopped_too_and_the_person_gets_in_where_they_are_known(ada):
    browser = sign_in_from(ada, HOME)
    browser.post("/account/logout/")
    said = attack(ada.email, addresses=10, each=3)
    assert said == [WRONG] * 20 + [TOO_MANY] * 10
    # On a browser and at an address that nobody knows they wait, as the attacker does.
    assert try_password(ada.email, PASSWORD, address=AWAY) == TOO_MANY
    # From their own address with another browser, and with their own browser from anywhere, they do not.
    assert try_password(ada.email, PASSWORD, address=HOME) == "in"
    assert try_password(ada.email, PASSWORD, address=AWAY, client=browser) == "in"


def test_a_stranger_at_the_persons_own_address_does_not_lock_their_browser(ada):
    browser = sign_in_from(ada, HOME)
    browser.post("/account/logout/")
    assert [try_password(ada.email, "wrong", address=HOME) for _ in range(6)] == [WRONG] * 5 + [TOO_MANY]
    assert try_password(ada.email, PASSWORD, address=HOME, client=browser) == "in"


def test_a_known_browser_is_no_way_to_guess(ada):
    browser = sign_in_from(ada, HOME)
    browser.post("/account/logout/")
    said = [try_password(ada.email, "wrong", address=HOME, client=browser) for _ in range(6)]
    assert said == [WRONG] * 5 + [TOO_MANY]


def test_ones_own_browser_is_no_help_against_another_person(ada):
    eve = factories.person("Eve")
    browser = sign_in_from(eve, AWAY)
    browser.post("/account/logout/")
    said = [try_password(ada.email, "wrong", address=AWAY, client=browser) for _ in range(6)]
    assert said == [WRONG] * 5 + [TOO_MANY]


def test_an_altered_cookie_is_none(ada):
    browser = sign_in_from(ada, HOME)
    browser.post("/account/logout/")
    attack(ada.email, addresses=10, each=3)
    browser.cookies["portal_device"] = browser.cookies["portal_device"].value[:-1] + "x"
    assert try_password(ada.email, PASSWORD, address=AWAY, client=browser) == TOO_MANY


def test_the_browsers_cookie_names_nobody_and_is_kept_from_scripts(ada):
    browser = sign_in_from(ada, HOME)
    cookie = browser.cookies["portal_device"]
    assert (cookie["path"], cookie["httponly"], cookie["samesite"]) == ("/", True, "Lax")
    from django.core import signing

    _, people = signing.loads(cookie.value, salt="portal.accounts.device")
    assert ada.email not in str(people)
    assert str(ada.pk) not in str(people)


def test_success_with_ones_own_account_buys_no_guesses_of_anothers(ada, settings):
    """As by a success between every few wrong ones: it gives back itself and nothing else."""
    settings.PORTAL_SIGN_IN_FAILURES_OF_AN_ADDRESS = 8
    eve = factories.person("Eve")
    said = []
    for number in range(3):
        said += [try_password(f"p{number}@example.invalid", "wrong", address=AWAY) for _ in range(4)]
        said.append(try_password(eve.email, PASSWORD, address=AWAY))
    assert said == [*[WRONG] * 4, "in", *[WRONG] * 4, TOO_MANY, *[TOO_MANY] * 4, TOO_MANY]


def test_guessed_codes_are_stopped_from_any_address(ada):
    def attempts(address: str) -> list[str]:
        client = Client()
        assert try_password(ada.email, PASSWORD, address=address, client=client) == "in"
        return [
            client.post("/account/2fa/authenticate/", {"code": "000000"}, REMOTE_ADDR=address)
            .context["form"]
            .errors["code"][0]
            for _ in range(6)
        ]

    wrong = "This code is not right. Codes change every 30 seconds, and each works once."
    said = [attempts(f"203.0.113.{host}") for host in range(1, 6)]
    assert said[:4] == [[wrong] * 5 + [TOO_MANY]] * 4
    assert said[4] == [TOO_MANY] * 6


def test_the_cache_forgotten_begins_to_count_anew(ada):
    """Fails to the side of the person: the counts are gone, and with them nothing that opens a door."""
    attack(ada.email, addresses=10, each=3)
    cache.clear()
    assert try_password(ada.email, PASSWORD, address=AWAY) == "in"


# --- a code works once ----------------------------------------------------------------------------------------------------


def test_a_code_works_once_though_the_cache_forgets_it(ada):
    digits = code()
    assert is_signed_in(sign_in(ada, digits=digits))
    cache.clear()
    assert not is_signed_in(sign_in(ada, digits=digits))


def test_a_code_is_not_good_again_within_the_time_it_would_be_taken(ada):
    with time_machine.travel("2026-10-05T14:00:01Z", tick=False) as machine:
        digits = code(steps=1)
        assert is_signed_in(sign_in(ada, digits=digits))
        machine.shift(45)
        assert not is_signed_in(sign_in(ada, digits=digits))


def test_a_code_is_not_good_again_after_a_clock_went_back(ada):
    with time_machine.travel("2026-10-05T15:00:01Z", tick=False) as machine:
        digits = code()
        assert is_signed_in(sign_in(ada, digits=digits))
        cache.clear()
        machine.shift(-3600)
        assert is_signed_in(sign_in(ada))
        machine.shift(3600)
        assert not is_signed_in(sign_in(ada, digits=digits))


# --- who has an account ---------------------------------------------------------------------------------------------------


@pytest.fixture
def hashed(monkeypatch):
    """Counts how often a password is hashed, which is what a sign-in's time is made of."""
    runs = []
    encode = MD5PasswordHasher.encode

    def counted(self, password, salt):
        runs.append(password)
        return encode(self, password, salt)

    monkeypatch.setattr(MD5PasswordHasher, "encode", counted)
    return runs


def accounts() -> dict[str, str]:
    """Addresses of every kind of account there is, and of none."""
    lab = factories.lab()
    admin = factories.member(lab, Role.ADMIN)
    closed = factories.person(is_active=False)
    invited = factories.person()
    invited.set_unusable_password()
    invited.save()
    without = factories.person(second_factor=False)
    service, _ = actions.make_service(
        actor=admin, organisation=lab, name="Pipeline", scope="read", lifetime=factories.DAY
    )
    return {
        "known": admin.email,
        "closed": closed.email,
        "invited": invited.email,
        "no second factor": without.email,
        "service": service.user.email,
        "unknown": "nobody@example.invalid",
    }


def test_sign_in_answers_alike_and_hashes_as_often_for_everybody(hashed):
    seen = {}
    for name, email in accounts().items():
        hashed.clear()
        answer = Client().post("/account/login/", {"login": email, "password": "not the one at all"})
        seen[name] = (answer.status_code, answer.context["form"].non_field_errors(), len(hashed))
    assert set(map(str, seen.values())) == {str((200, [WRONG], 1))}


def test_locked_out_answers_alike_and_hashes_nothing(hashed):
    seen = {}
    for name, email in accounts().items():
        for _ in range(5):
            try_password(email, "wrong", address=f"198.51.100.{len(seen)}")
        hashed.clear()
        seen[name] = (try_password(email, "wrong", address=f"198.51.100.{len(seen)}"), len(hashed))
    assert set(seen.values()) == {(TOO_MANY, 0)}


def test_a_lost_password_answers_alike_for_every_kind_of_account():
    pages = set()
    for email in accounts().values():
        answer = Client().post("/account/password/reset/", {"email": email})
        pages.add((answer.status_code, answer["Location"]))
    assert pages == {(302, "/account/password/reset/done/")}


def test_a_lost_password_is_answered_after_the_same_time_for_all(ada, settings, monkeypatch):
    settings.PORTAL_LOST_PASSWORD_SECONDS = 500.0
    waited = []
    monkeypatch.setattr("portal.accounts.views.own.time.sleep", waited.append)
    for email in (ada.email, "nobody@example.invalid"):
        begun = time.monotonic()
        Client().post("/account/password/reset/", {"email": email})
        # What the work took and what was waited add up.
        assert 499 < waited[-1] + time.monotonic() - begun < 501
    Client().get("/account/password/reset/")
    assert len(waited) == 2


def test_links_that_are_wrong_answer_alike_whosever_they_name(ada):
    from allauth.account.utils import user_pk_to_url_str

    nobody = factories.person()
    named = [user_pk_to_url_str(ada), user_pk_to_url_str(nobody)]
    nobody.delete()
    answers = [Client().get(f"/account/password/reset/key/{name}-abc-def/") for name in (*named, "zz", "0")]
    assert {(a.status_code, "no longer valid" in a.content.decode()) for a in answers} == {(200, True)}


def test_a_token_that_is_none_answers_alike_whoever_has_one(ada):
    _, secret = actions.create_token(actor=ada, name="script", lifetime=factories.DAY)
    seen = set()
    for token in (secret[:-1] + ("0" if secret[-1] != "0" else "1"), "0" * 64, "short", "ü" * 30):
        answer = Client().get("/api/v1/submissions/", headers={"authorization": f"Bearer {token}"})
        seen.add((answer.status_code, answer.content))
    assert len(seen) == 1
    assert next(iter(seen))[0] == 401


def test_tokens_that_are_none_are_counted_by_address(settings, ada):
    settings.PORTAL_API_FAILURES_OF_AN_ADDRESS = 3
    _, secret = actions.create_token(actor=ada, name="script", lifetime=factories.DAY)

    def ask(token: str, address: str):
        return Client().get(
            "/api/v1/submissions/", headers={"authorization": f"Bearer {token}"}, REMOTE_ADDR=address
        )

    answers = [ask("0" * 64, AWAY) for _ in range(5)]
    assert [a.status_code for a in answers] == [401, 401, 401, 429, 429]
    assert (answers[-1]["Content-Type"], answers[-1].json()["code"]) == (
        "application/problem+json",
        "throttled",
    )
    assert 0 < int(answers[-1]["Retry-After"]) <= 60
    # A good token from the same address still opens: programs of one organisation share an address.
    assert ask(secret, AWAY).status_code == 200
    assert ask("0" * 64, HOME).status_code == 401


def test_recovery_codes_are_counted_as_codes_are(ada):
    Authenticator.objects.filter(user=ada, type="recovery_codes").delete()
    client = Client()
    client.post("/account/login/", {"login": ada.email, "password": PASSWORD})
    said = [
        client.post("/account/2fa/authenticate/", {"code": f"1234567{n}"}).context["form"].errors["code"][0]
        for n in range(6)
    ]
    assert said[5] == TOO_MANY
    assert TOO_MANY not in said[:5]
