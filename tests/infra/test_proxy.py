"""What a proxy says of a request is believed where PORTAL_BEHIND_PROXY is set, and then no more than docs/settings.md says."""

import re
import subprocess
import time
from contextlib import closing
from http.client import HTTPConnection

import pytest

from portal.stack.programs import commands
from tests.infra.production import answered, variables
from tests.infra.test_fitness import ROOT, free_port

LOGIN = "https://portal.example/account/login/"
BY_HTTPS = {"X-Forwarded-Proto": "https"}
# What is asked, and what comes without the setting and with it. A page that came by https meets the dead database: 503.
ASKED = {
    "nothing said": ({}, (301, LOGIN), (301, LOGIN)),
    "by https": (BY_HTTPS, (301, LOGIN), (503, None)),
    "by http": ({"X-Forwarded-Proto": "http"}, (301, LOGIN), (301, LOGIN)),
    "by https in other words": (
        {"X-Forwarded-Ssl": "on", "X-Forwarded-Protocol": "ssl", "Forwarded": "proto=https"},
        (301, LOGIN),
        (301, LOGIN),
    ),
    "words that contradict": (BY_HTTPS | {"X-Forwarded-Ssl": "off"}, (301, LOGIN), (503, None)),
    "another host": ({"X-Forwarded-Host": "evil.example", "X-Forwarded-Port": "99"}, (301, LOGIN), (301, LOGIN)),
    "our host instead of another": (
        BY_HTTPS | {"Host": "evil.example", "X-Forwarded-Host": "portal.example"},
        (400, None),
        (400, None),
    ),
    "another path": ({"SCRIPT_NAME": "/evil", "PATH_INFO": "/evil"}, (301, LOGIN), (301, LOGIN)),
    "an address": (
        {"X-Forwarded-For": "203.0.113.9, 198.51.100.7", "X-Real-Ip": "203.0.113.8", "Forwarded": "for=203.0.113.8"},
        (301, LOGIN),
        (301, LOGIN),
    ),
    "what is no address": ({"X-Forwarded-For": "marzipan"}, (301, LOGIN), (301, LOGIN)),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(("setting", "column"), [("0", 1), ("1", 2)])
def test_the_web_server_believes_what_it_was_told_to(tmp_path, setting, column):
    port = free_port()
    command = commands({"PORTAL_WEB_WORKERS": "1", "PORTAL_BIND": "127.0.0.1"}, port, tmp_path)["web"]
    environment = variables(tmp_path, PORTAL_BEHIND_PROXY=setting)
    environment |= {"PYTHONPATH": str(tmp_path), "PORTAL_VAR": str(tmp_path / "var")}
    with (tmp_path / "log").open("wb") as log:
        web = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT)
        try:
            wait_for(port)
            answers = {name: ask(port, one[0]) for name, one in ASKED.items()}
        finally:
            web.terminate()
            web.wait(60)
    assert answers == {name: one[column] for name, one in ASKED.items()}
    lines = [line for line in (tmp_path / "log").read_text().splitlines() if '"GET /account/login/"' in line]
    named = [re.findall(r"\] (.*) \"GET", line)[0] for line in lines]
    asking = {"1": {"an address": "198.51.100.7", "what is no address": "-"}, "0": {}}[setting]
    # In the order in which threads had done with them.
    assert sorted(named) == sorted(asking.get(name, "127.0.0.1") for name in ASKED)


def wait_for(port: int) -> None:
    end = time.monotonic() + 120
    while time.monotonic() < end:
        try:
            with closing(HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
                return connection.connect()
        except OSError:
            time.sleep(0.2)
    raise AssertionError("The web server did not start.")


def ask(port: int, headers: dict[str, str]) -> tuple[int, str | None]:
    with closing(HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        connection.request("GET", "/account/login/", headers={"Host": "portal.example"} | headers)
        answer = connection.getresponse()
        answer.read()
        return answer.status, answer.getheader("Location")


COUNTED = """
said = {}
for name, values in {
    "the last is the proxy's": ["203.0.113.1, 198.51.100.7", "203.0.113.2, 198.51.100.7", "203.0.113.1, 198.51.100.8"],
    "other headers": [None, None, None],
}.items():
    address = f"10.0.0.{len(name)}"
    said[name] = []
    for number, value in enumerate(values):
        more = {"HTTP_X_FORWARDED_FOR": value} if value else {
            "HTTP_X_REAL_IP": f"203.0.113.{number}", "HTTP_FORWARDED": f"for=203.0.113.{number}",
            "HTTP_CF_CONNECTING_IP": f"203.0.113.{number}", "HTTP_TRUE_CLIENT_IP": f"203.0.113.{number}",
            "HTTP_CLIENT_IP": f"203.0.113.{number}",
        }
        said[name].append(client.post("/account/login/", secure=True, REMOTE_ADDR=address, **more).status_code)
print(json.dumps(said))
"""


@pytest.mark.slow
@pytest.mark.parametrize(("setting", "counted"), [("0", [503, 429, 429]), ("1", [503, 429, 503])])
def test_limits_count_by_the_address_that_is_believed(tmp_path, setting, counted):
    """One form a minute from an address, so the second is too many; one that is let through meets the dead database."""
    said = answered(
        tmp_path, COUNTED, PORTAL_BEHIND_PROXY=setting, PORTAL_WRITES_PER_MINUTE_OF_AN_ADDRESS="1"
    )
    assert said == {"the last is the proxy's": counted, "other headers": [503, 429, 429]}
