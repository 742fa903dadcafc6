"""``python -m bench.rows``: what row-level security costs list pages.

Two servers ask one database of ``PORTAL_BENCH_CASES`` cases (50,000) in turns: the portal as it is, and the portal as the tables'
owner, for whom there are no policies, and without scopes. What counts is the ratio of their rates: the median over many short
rounds, in each of which both are asked one after the other, since a machine is faster in one minute than in the next.
"""

import argparse
import os
import statistics

from bench.pages import PREPARE, compare
from bench.web import environment_of, make_database, servers, web_server
from portal.stack.layout import free_port

CASES = int(os.environ.get("PORTAL_BENCH_CASES", "50000"))
GOAL = 0.85
PAGES = {
    # name: (who asks, address)
    "lab's list": ("lab", "/lab/"),
    "lab's case": ("lab", "/lab/cases/{number}/"),
    "who looked": ("lab", "/lab/cases/{number}/who/"),
    "notices": ("lab", "/notices/"),
    "first page": ("coordinator", "/admin/"),
    "cases": ("coordinator", "/admin/submissions/submission/"),
    "seats": ("coordinator", "/admin/reviews/assignment/"),
    "assessments": ("coordinator", "/admin/reviews/assessment/"),
    "questions": ("coordinator", "/admin/submissions/informationrequest/"),
    "deadlines": ("coordinator", "/admin/deadlines/deadline/"),
    "messages": ("coordinator", "/admin/deadlines/message/"),
    "events": ("coordinator", "/admin/ledger/event/"),
    "grants": ("coordinator", "/admin/partners/grant/"),
    "findings": ("coordinator", "/admin/partners/finding/"),
    "API cases": ("token", "/api/v1/submissions/?page_size=25"),
    "API events": ("token", "/api/v1/events/?page_size=25"),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=0.5)
    parser.add_argument("--rounds", type=int, default=15)
    arguments = parser.parse_args()
    with servers() as (stack, folder):
        environment = environment_of(stack, CASES, folder)
        filled = PREPARE.replace("from bench import data", "from bench import workbench_data as data")
        made = make_database(stack, CASES, environment, filled, str(CASES))
        first, second = free_port(None), free_port(None)
        with web_server(first, environment), web_server(second, environment | {"PORTAL_BENCH_BARE": "1"}):
            report({"secured": first, "bare": second}, made, arguments)


def report(ports: dict[str, int], made: dict, arguments: argparse.Namespace) -> None:
    """A line a page: both rates and their ratio, medians of all rounds; then the least and the median of the ratios."""
    ratios = []
    print("| page | with policies, req/s | without | ratio |\n|---|---|---|---|")
    for name, (who, address) in PAGES.items():
        page, headers = address.format(**made), made["headers"][who]
        asked = {key: (ports[key], page) for key in ("secured", "bare")}
        secured, bare, ratio = compare(asked, headers, arguments.seconds, arguments.rounds)
        ratios.append(ratio)
        print(f"| {name} | {secured:.1f} | {bare:.1f} | {ratio:.2f} |", flush=True)
    below = sum(ratio < GOAL for ratio in ratios)
    print(
        f"\n{len(ratios)} pages: {below} below {GOAL}, median {statistics.median(ratios):.2f}, least {min(ratios):.2f}."
    )


if __name__ == "__main__":
    main()
