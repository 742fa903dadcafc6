"""``python -m bench.pages``: pages at 500 and 50,000 cases beside bare Django pages of equal rows on the same server.

Each page is asked over 4 connections for some seconds, in turns with its yardstick, so that both meet the same machine. The
figures are requests a second; what counts is the ratio.
"""

import argparse
import http.client
import os
import statistics
import threading
import time
from pathlib import Path

from bench.web import CONNECTIONS, environment_of, make_database, servers, web_server
from portal.stack.layout import free_port

SIZES = tuple(int(size) for size in os.environ.get("PORTAL_BENCH_SIZES", "500,50000").split(","))
PAGES = {
    # name: (who asks, address, the like-for-like bare page)
    "lab's list": ("lab", "/lab/", "/bench/list/"),
    "lab's case": ("lab", "/lab/cases/{number}/", "/bench/detail/{id}/"),
    "admin changelist": ("coordinator", "/admin/submissions/submission/", "/bench/admin25/bench/row/"),
    "API list": ("token", "/api/v1/submissions/?page_size=25", "/bench/api/"),
}
BARE_LIST = "/bench/list/"


PREPARE = """
import json, django, sys
django.setup()
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.conf import settings
from knox.models import get_token_model
from bench import data
from portal.sessions import SessionStore
from portal.submissions.models import Submission
people = data.fill(int(sys.argv[1]))
found = {}
for name, user in people.items():
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session["account_authentication_methods"] = [{"method": "password", "at": 0}, {"method": "mfa", "type": "totp", "at": 0}]
    session.create()
    found[name] = {"Cookie": f"{settings.SESSION_COOKIE_NAME}={session.session_key}"}
found["token"] = {"Authorization": "Bearer " + get_token_model().objects.create(people["coordinator"])[1]}
case = Submission.objects.filter(lab__name="Bench Lab 0 (invented)", stored_state="agreed").order_by("-submitted_at").first()
print(json.dumps({"headers": found, "number": case.case_number, "id": str(case.pk)}))
"""


def measure(port: int, address: str, headers: dict, seconds: float) -> float:
    """Requests a second over ``CONNECTIONS`` kept-alive connections; raises when an answer is not 200."""
    stop = time.monotonic() + seconds
    counts = [0] * CONNECTIONS
    failures: list[str] = []

    def ask(slot: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        while time.monotonic() < stop and not failures:
            connection.request("GET", address, headers=headers | {"Host": f"localhost:{port}"})
            response = connection.getresponse()
            body = response.read()
            if response.status != 200:
                failures.append(f"{address}: {response.status} {body[:200]!r}")
            counts[slot] += 1
        connection.close()

    threads = [threading.Thread(target=ask, args=(slot,)) for slot in range(CONNECTIONS)]
    started = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise SystemExit(failures[0])
    return sum(counts) / (time.monotonic() - started)


def compare(asked: dict[str, tuple[int, str]], headers: dict, seconds: float, rounds: int) -> list[float]:
    """Of two pages, each (port, address): requests a second of both, and the ratio of the first to the second. Medians over
    rounds, in each of which both are asked one after the other: a machine is faster in one minute than in the next.
    """
    first, second = asked
    for port, address in asked.values():
        measure(port, address, headers, 0.3)
    found = []
    for number in range(rounds):
        # Each is asked first in every other round.
        rates = {
            key: measure(*asked[key], headers, seconds)
            for key in ((first, second) if number % 2 else (second, first))
        }
        found.append((rates[first], rates[second], rates[first] / rates[second]))
    return [statistics.median(column) for column in zip(*found, strict=True)]


def run_size(stack: dict, size: int, folder: Path, seconds: float, rounds: int) -> dict:
    """All pages at one size; returns {page: {"rate", "bare list", "like"}} in requests a second, the best of the rounds."""
    environment = environment_of(stack, size, folder)
    made = make_database(stack, size, environment, PREPARE, str(size))
    port = free_port(None)
    with web_server(port, environment):
        found = {}
        for name, (who, address, like) in PAGES.items():
            headers = made["headers"][who]
            asked = {
                "rate": (address.format(**made), headers),
                "bare list": (BARE_LIST, made["headers"]["coordinator"]),
                "like": (like.format(**made), headers),
            }
            rates: dict[str, list[float]] = {key: [] for key in asked}
            for page, head in asked.values():
                measure(port, page, head, 1)
            for _ in range(rounds):
                for key, (page, head) in asked.items():
                    rates[key].append(measure(port, page, head, seconds))
            found[name] = {key: max(values) for key, values in rates.items()}
            print(size, name, {key: round(value) for key, value in found[name].items()}, flush=True)
        return found


def table(results: dict[int, dict]) -> list[str]:
    small, large = SIZES
    lines = [
        "| page | req/s at 500 | at 50,000 | ratio to the bare list at 500 | at 50,000 | to a bare page of its kind at 50,000 | growth |",
        "|---|---|---|---|---|---|---|",
    ]
    for name in PAGES:
        first, second = results[small][name], results[large][name]
        lines.append(
            f"| {name} | {first['rate']:.0f} | {second['rate']:.0f} | {first['rate'] / first['bare list']:.2f} |"
            f" {second['rate'] / second['bare list']:.2f} | {second['rate'] / second['like']:.2f} |"
            f" {first['rate'] / second['rate']:.2f} |"
        )
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    with servers() as (stack, folder):
        results = {size: run_size(stack, size, folder, arguments.seconds, arguments.rounds) for size in SIZES}
    print("\n".join(table(results)))


if __name__ == "__main__":
    main()
