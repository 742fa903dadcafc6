"""What other parties do while the lab is watched, by their programs: the API, with the tokens of the demonstration."""

import json
import urllib.error
import urllib.request
from typing import Any

from tests.story.stack import Stack

CORA, RAFAEL = "cora.coordinator@dsi.example", "rafael.reviewer@dcda.example"
QUESTION = "Which of the 41 tasks were run with tools, and which without?"


class Program:
    """One person's program."""

    def __init__(self, stack: Stack, email: str):
        self.base, self.token = f"{stack.url}/api/v1/", stack.account(email)["api_token"]

    def get(self, path: str) -> Any:
        return self._ask(path)

    def post(self, path: str, **body: Any) -> Any:
        return self._ask(path, json.dumps(body).encode())

    def _ask(self, path: str, body: bytes | None = None) -> Any:
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        asked = urllib.request.Request(self.base + path, body, headers)
        try:
            with urllib.request.urlopen(asked, timeout=60) as answer:
                raw, kind = answer.read(), answer.headers["Content-Type"]
        except urllib.error.HTTPError as refused:
            raise AssertionError(f"{path}: {refused.code} {refused.read().decode()}") from refused
        return json.loads(raw) if "json" in kind else raw


def acknowledge(stack: Stack, number: str) -> None:
    cora = Program(stack, CORA)
    cora.post(f"submissions/{number}/acknowledge/")
    cora.post(f"submissions/{number}/accept_terms/", version=1)


def take_a_seat(stack: Stack, number: str) -> None:
    """A coordinator proposes a seat, and the reviewer attests."""
    seat = Program(stack, CORA).post(
        "assignments/", submission=number, reviewer=RAFAEL, domain="cyber", role="lead"
    )
    _attest(Program(stack, RAFAEL), seat)


def attest(stack: Stack, reviewer: str, number: str) -> None:
    """The reviewer's one proposed seat on the case, which they do not see yet, and so cannot ask for by its number."""
    program = Program(stack, reviewer)
    seats = program.get("assignments/?state=proposed&page_size=100")["results"]
    (seat,) = [seat for seat in seats if seat["case_number"] == number]
    _attest(program, seat)


def _attest(program: Program, seat: dict[str, Any]) -> None:
    program.post(f"assignments/{seat['id']}/attest/", no_conflict=True, nondisclosure=True, training=True)


def read_and_ask(stack: Stack, number: str) -> list[bytes]:
    """The reviewer reads every document, reveals the instructions, and asks something; returns the files as they came."""
    rafael = Program(stack, RAFAEL)
    documents = rafael.get(f"documents/?submission={number}")["results"]
    files = [rafael.get(f"documents/{document['id']}/content/") for document in documents]
    rafael.post(f"submissions/{number}/reveal_instructions/")
    rafael.post("questions/", submission=number, text=QUESTION)
    return files


def attest_withdrawal_of_credentials(stack: Stack, number: str) -> None:
    """The first of the two things that the reviewer's agency owes after the end."""
    cyrus = Program(stack, "cyrus.coordinator@dcda.example")
    owed = cyrus.get("obligations/?kind=credentials&page_size=100")["results"]
    (row,) = [row for row in owed if row["case_number"] == number]
    cyrus.post(f"obligations/{row['id']}/attest/")
