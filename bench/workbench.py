"""``python -m bench.workbench``: the workbench's first page, and every list under every filter, beside a bare changelist.

At ``PORTAL_BENCH_CASES`` cases (50,000), with seats, assessments, questions, inquiries, grants and messages in proportion, and twice
as many findings. Each address is asked over 4 connections in turns with a stock changelist of as many rows a page over a table of as
many rows as there are cases, on the same server. What counts is the ratio, and that no page costs more than 8 statements.
"""

import argparse
import os
import statistics

from bench.pages import PREPARE, compare
from bench.web import environment_of, make_database, servers, web_server
from portal.stack.layout import free_port

CASES = int(os.environ.get("PORTAL_BENCH_CASES", "50000"))
GOAL = 0.7
ADDRESSES = """
from django.urls import reverse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.db import connection
from portal.site.admin import site
def counted(address):
    client = Client(SERVER_NAME="localhost")
    client.cookies.load(found["coordinator"]["Cookie"])
    client.get(address)
    with CaptureQueriesContext(connection) as captured:
        answer = client.get(address)
    quiet = ("SAVEPOINT", "RELEASE", "ROLLBACK", "SET ", "BEGIN", "COMMIT")
    return answer.status_code, sum(not query["sql"].startswith(quiet) for query in captured.captured_queries)
pages = [(reverse("admin:index"), 25)]
for model, admin in site._registry.items():
    address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    asked = [address, *(
        f"{address}?{spec.parameter_name}={value}"
        for spec in admin.list_filter if isinstance(spec, type)
        for value in getattr(spec, "questions", {})
    )]
    pages += [(one, admin.list_per_page) for one in asked]
counts = [(address, rows, *counted(address)) for address, rows in pages]
others = [(address, status) for address, _, status, _ in counts if status != 200]
print(json.dumps({"headers": found, "pages": [row for row in counts if row[2] == 200], "others": others}))
"""


def prepared() -> str:
    """The code that fills the database, signs people in and lists what to ask."""
    made, _, _ = PREPARE.partition("case = ")
    return made.replace("from bench import data", "from bench import workbench_data as data") + ADDRESSES


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=0.3)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", default="", help="addresses that hold this text")
    arguments = parser.parse_args()
    with servers() as (stack, folder):
        environment = environment_of(stack, CASES, folder)
        made = make_database(stack, CASES, environment, prepared(), str(CASES))
        port = free_port(None)
        with web_server(port, environment):
            report(port, made, arguments)


def report(port: int, made: dict, arguments: argparse.Namespace) -> None:
    """Each address with its rate, the yardstick's beside it, and the statements it takes; the slowest first, and a summary."""
    headers = made["headers"]["coordinator"]
    lines = []
    for address, rows, _, statements in made["pages"]:
        if arguments.only not in address:
            continue
        asked = {"page": (port, address), "bare": (port, f"/bench/admin{rows}/bench/row/")}
        page, bare, ratio = compare(asked, headers, arguments.seconds, arguments.rounds)
        lines.append((ratio, address, page, bare, statements))
        print(f"{ratio:.2f} {address} {page:.0f} {bare:.0f} {statements}", flush=True)
    lines.sort()
    ratios = [line[0] for line in lines]
    print("\n| page | req/s | bare changelist | ratio | statements |\n|---|---|---|---|---|")
    for ratio, address, page, bare, statements in lines:
        print(f"| `{address}` | {page:.0f} | {bare:.0f} | {ratio:.2f} | {statements} |")
    below = sum(ratio < GOAL for ratio in ratios)
    print(
        f"\n{len(lines)} addresses: {below} below {GOAL}, median {statistics.median(ratios):.2f}, least {ratios[0]:.2f};"
        f" at most {max(line[4] for line in lines)} statements."
    )
    for address, status in made["others"]:
        print(f"Not asked, since the coordinator gets {status}: `{address}`")


if __name__ == "__main__":
    main()
