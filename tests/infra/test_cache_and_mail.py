"""The cache survives its server's absence; mail in a folder is whole and counted once."""

import pickle
from typing import ClassVar

import pytest
from django.core.cache import cache, caches
from django.core.mail import EmailMessage, get_connection

from portal.cache import TolerantRedisCache


def away() -> TolerantRedisCache:
    return TolerantRedisCache("redis://127.0.0.1:1/0", {"OPTIONS": {"socket_connect_timeout": 0.3}})


def test_values_live_in_this_process_while_the_server_is_away():
    cache = away()
    assert cache.add("code", 1)
    assert not cache.add("code", 1)
    assert cache.incr("code") == 2
    assert cache.get_many(["code", "other"]) == {"code": 2}
    assert cache.get_or_set("kept", lambda: "made") == "made"
    assert cache.delete("code")
    assert cache.get("code", "gone") == "gone"


def test_a_server_that_returns_is_used_again():
    cache = away()
    cache.set("key", "in memory")
    cache._servers = caches["default"]._servers
    cache.__dict__.pop("_cache", None)
    cache._away_until = 0.0
    assert cache.get("key") is None
    cache.set("key", "on the server")
    assert cache.get("key") == "on the server"


def test_a_message_sent_twice_is_one_file(mail_folder):
    message = EmailMessage(
        "FM-1", "A link.", "from@example.org", ["to@example.org"], headers={"Message-ID": "<a/../b@x>"}
    )
    get_connection().send_messages([message])
    get_connection().send_messages([message])
    files = list(mail_folder.iterdir())
    assert [file.name for file in files] == ["a_.._b@x.eml"]
    assert b"A link." in files[0].read_bytes()


@pytest.mark.parametrize("value", [7, -1, True, None, "y", 1.5, [1700000000.25, 3.0], {"a": [1]}, ""])
def test_a_value_comes_back_as_it_was(value):
    cache.set("value", value)
    found = cache.get("value")
    assert (found, type(found)) == (value, type(value))


def test_nothing_found_in_the_cache_is_run():
    """Whoever can write into the server could have a pickle say what this process does."""
    cache.set("counted", 1)
    client = cache._cache.get_client(None, write=True)
    client.set(cache.make_key("counted"), pickle.dumps(_Runs()))
    with pytest.raises(ValueError, match=r"."):
        cache.get("counted")
    assert _Runs.ran == []


class _Runs:
    ran: ClassVar[list[bool]] = []

    def __reduce__(self):
        return _Runs.ran.append, (True,)
