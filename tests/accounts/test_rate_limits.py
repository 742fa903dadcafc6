"""Every write is counted: per person, of strangers per address, of programs per token; too many wait, and are told how long."""

import logging
import threading

import pytest
import time_machine
from django.core.cache import cache
from django.test import Client

from portal.accounts import actions
from portal.accounts.models import Role
from portal.cache import TolerantRedisCache
from portal.limits import Allowance
from tests import factories
from tests.accounts.doors import sign_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada():
    return factories.member(factories.lab(), Role.ADMIN, "Ada")


def statuses(client: Client, number: int, **options) -> list[int]:
    return [client.post("/notices/read/", **options).status_code for _ in range(number)]


def test_a_persons_writes_are_counted_in_all_their_browsers(ada, settings):
    here = sign_in(ada)
    other = Client()
    other.force_login(ada)
    settings.PORTAL_WRITES_PER_MINUTE = 4
    cache.clear()
    assert statuses(here, 2) + statuses(other, 3) == [303, 303, 303, 303, 429]
    assert here.get("/notices/").status_code == 200
    somebody = Client()
    somebody.force_login(factories.person())
    assert statuses(somebody, 1) == [303]


def test_of_strangers_each_address_is_counted(settings):
    settings.PORTAL_WRITES_PER_MINUTE_OF_AN_ADDRESS = 2
    assert statuses(Client(), 3, REMOTE_ADDR="192.0.2.1") == [303, 303, 429]
    assert statuses(Client(), 1, REMOTE_ADDR="192.0.2.2") == [303]
    # One machine has a whole network of IPv6 addresses.
    assert statuses(Client(), 2, REMOTE_ADDR="2001:db8::1") == [303, 303]
    assert statuses(Client(), 1, REMOTE_ADDR="2001:db8::2") == [429]


def test_the_page_says_when_to_try_again_and_asks_no_database(settings, django_assert_num_queries):
    settings.PORTAL_WRITES_PER_MINUTE_OF_AN_ADDRESS = 0
    with django_assert_num_queries(1):  # the demonstration's clock
        answer = Client().post("/account/login/", {"login": "a@example.invalid", "password": "x"})
    assert (answer.status_code, answer["Retry-After"], answer["Cache-Control"]) == (429, "60", "no-store")
    assert "Wait 60 seconds" in answer.content.decode()


def test_the_count_begins_anew(ada, settings):
    settings.PORTAL_WRITES_PER_MINUTE_OF_AN_ADDRESS = 1
    assert statuses(Client(), 2) == [303, 429]
    key = Allowance("writes-from", "127.0.0.1", 1).key
    assert 0 < cache.count(key, 60, 0)[1] <= 60
    cache.delete(key)
    assert statuses(Client(), 1) == [303]


def test_allauths_own_limits_answer_by_the_same_page(settings):
    settings.ACCOUNT_RATE_LIMITS = {"reset_password": "1/m/ip"}
    answers = [Client().post("/account/password/reset/", {"email": "a@example.invalid"}) for _ in range(2)]
    assert [(a.status_code, a.get("Retry-After")) for a in answers] == [(302, None), (429, "60")]


def test_a_token_is_stopped_and_the_persons_other_goes_on_until_both_are_too_many(ada, settings):
    settings.PORTAL_API_WRITES_PER_MINUTE = 2
    secrets = [
        actions.create_token(actor=ada, name=name, lifetime=factories.DAY)[1]
        for name in ("one", "two", "three")
    ]

    def writes(secret: str) -> list[int]:
        headers = {"authorization": f"Bearer {secret}"}
        return [
            Client().post("/api/v1/submissions/", {}, "application/json", headers=headers).status_code
            for _ in range(3)
        ]

    assert [writes(secret) for secret in secrets] == [[201, 201, 429], [201, 429, 429], [429] * 3]


def test_productions_limit_holds(settings):
    # Production's (tests/infra/test_settings.py); a demonstration's are wider.
    settings.PORTAL_WRITES_PER_MINUTE = 300
    client = Client()
    client.force_login(factories.person())
    assert statuses(client, 301) == [303] * 300 + [429]


# --- the counter ------------------------------------------------------------------------------------------------------------


def test_counting_is_atomic():
    seen = []

    def count():
        seen.extend(cache.count("limit/at-once", 60)[0] for _ in range(50))

    threads = [threading.Thread(target=count) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(seen) == list(range(1, 401))


def test_giving_back_to_a_count_that_has_ended_leaves_none_that_never_ends():
    Allowance("x", "y", 1).give_back()
    number, left = cache.count(Allowance("x", "y", 1).key, 60, 0)
    assert (number, 0 < left <= 60) == (-1, True)


def test_without_the_cache_each_process_counts_for_itself_and_says_so(caplog):
    away = TolerantRedisCache(
        "redis://127.0.0.1:1/0", {"OPTIONS": {"socket_connect_timeout": 0.1, "retry": None}}
    )
    with caplog.at_level(logging.WARNING, "portal.cache"):
        numbers = [away.count("limit/x", 60)[0] for _ in range(3)]
    assert numbers == [1, 2, 3]
    assert [record.message.split(":")[0] for record in caplog.records] == [
        "The cache cannot be reached; this process uses its own memory"
    ]
    with time_machine.travel(0, tick=False):
        assert away.count("limit/y", 60, -1) == (-1, 60)
