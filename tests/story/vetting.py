"""How the programme office vets an organisation on the workbench, by keyboard."""

import re

from tests.story import applying
from tests.story.guide import Album
from tests.story.keyboard import Typist

CRITERIA = (
    "Who the organisation is",
    "Critical infrastructure",
    "What early access is for",
    "Care for what it is given",
    "Security contacts",
    "Ownership and influence",
    "Conflicts",
    "Attestations",
)
# One that is met, with words to it all the same; the one that is not, with its reason; and what the organisation does not read.
USE, PRAISE = 3, "Two invented engineers harden each station within a week."
CARE, REASON = 4, "Credentials lie in one shared folder; they are kept apart before a first grant."
NOTE = "Asked again by telephone, invented line 4."


def take_it_up(cora: Typist) -> None:
    """From Today, by the queue of organisations whose vetting has not begun."""
    cora.go("/admin/").follow(re.compile("Partners to vet")).follow(applying.ORGANISATION)
    cora.sees("Applied", applying.OPERATES, applying.INFLUENCE, applying.CONTACT["Telephone"], applying.SHOWS)


def read_the_evidence(cora: Typist) -> bytes:
    return cora.receive("link", re.compile(applying.SHOWS)).read_bytes()


def begin(cora: Typist) -> None:
    cora.follow("Begin vetting").press("Begin vetting").sees("Vetting has begun.")


def answer(cora: Typist, album: Album) -> None:
    """Some first, which stay; an outcome waits for the others. One is not met, which needs a reason."""
    cora.follow("Answer the criteria")
    for number in (1, 2, USE):
        _answer(cora, number, "Met")
    cora.type(f"{USE}. Reason", PRAISE)
    album.take(
        "answers", cora.page, top=cora.page.locator(".usa-form-group", has_text=f"2. {CRITERIA[1]}").first
    )
    cora.press("Save the answers").sees("The answers were saved.")
    cora.follow("Find eligible").press("Find eligible").sees(
        "Answer every criterion first.", CRITERIA[CARE - 1]
    )
    cora.follow("Cancel").follow("Answer the criteria")
    for number in range(CARE, len(CRITERIA) + 1):
        _answer(cora, number, "Not met" if number == CARE else "Met")
    cora.press("Save the answers").sees("Please check what you entered", "Give the reason")
    cora.type(f"{CARE}. Reason", REASON).type("5. Note", NOTE)
    cora.press("Save the answers").sees("The answers were saved.", REASON, NOTE)


def _answer(cora: Typist, number: int, found: str) -> None:
    cora.choose(f"{number}. {CRITERIA[number - 1]}", found)


def find_eligible(cora: Typist) -> None:
    cora.follow("Find eligible").press("Find eligible").sees("The organisation is eligible.")


def outcome(bea: Typist, album: Album) -> None:
    """The applicant reads each answer and reason, and no note."""
    bea.go("/partner/profile/").sees(
        "Eligible", "What the last vetting found", *CRITERIA, PRAISE, REASON
    ).sees_not(NOTE)
    album.take("outcome", bea.page)
