"""What reviewers do on the workbench, by keyboard."""

import re
from pathlib import Path

from tests.story import offering
from tests.story.guide import Album
from tests.story.keyboard import Typist
from tests.story.programme import Program
from tests.story.stack import Stack

FINDINGS = "With tools the model finished 12 of 41 invented tasks by itself."
WITHHELD = "You see others' drafts once yours is in"
RETEST = "The tasks with tools once more, in the new order."


def attest(reviewer: Typist, number: str, album: Album | None = None) -> None:
    """From Today to the seat; before this it opens nothing of the lab's."""
    reviewer.go("/admin/").follow(re.compile("Seats to attest"))
    reviewer.follow(number).sees("Nothing yet.").sees_not(offering.WORD)
    if album:
        album.take("seat", reviewer.page)
    reviewer.follow(re.compile("^Attest"))
    for words in ("no conflict of interest", "My nondisclosure agreement", "the training"):
        reviewer.tick(re.compile(words))
    reviewer.press(re.compile("^Attest")).sees("Your seat is active.")


def read(reviewer: Typist, number: str) -> bytes:
    """The document, as it comes; what the case says of the access instructions is that they can be shown, and they are not."""
    reviewer.go(f"/case/{number}/").sees(offering.CARD, "Every download is recorded and shown to the lab.")
    received = reviewer.receive("link", re.compile("download version")).read_bytes()
    reviewer.sees_not(offering.INSTRUCTIONS)
    return received


def draft(reviewer: Typist, number: str, album: Album) -> None:
    """Texts first, then the questions of the domain: one answered, one not studied with its reason, and the others left."""
    reviewer.go(f"/case/{number}/").follow("Write an assessment")
    reviewer.choose("Domain", "Cyber").type("Method", "Each task three times.")
    reviewer.press("Save the draft").sees("The draft is saved.", "not answered")
    reviewer.follow("Edit the draft").choose("Kind of access used", "API, reduced safeguards")
    reviewer.type("Hours spent", "38.5").type("Findings", FINDINGS)
    reviewer.type("Limitations", "The time was short.").choose("Confidence", "Moderate")
    questions = reviewer.page.get_by_label(re.compile(r"^\s*Question \d+\. "))
    assert questions.count() > 1
    for which, option in enumerate(("Studied", "Not studied")):
        reviewer.reach(questions.nth(which))
        reviewer.page.keyboard.type(option)
        reviewer.type(f"Question {which + 1}, in words", f"An invented answer {which + 1}.")
    album.take("draft", reviewer.page, top=reviewer.page.locator(".usa-form-group", has_text="Question 1. "))
    reviewer.press("Save the draft").sees("The draft is saved.", "An invented answer 2.")


def add_own_log(reviewer: Typist, folder: Path, album: Album) -> None:
    """A run of the agency's own beside the lab's: the same task, each with its value, and their difference."""
    reviewer.follow("Add an evaluation log").attach(offering.own_log(folder)).press("Upload and read it")
    reviewer.sees("The log was read.", "cyber_range")
    reviewer.follow("Compare with the lab's").sees("cyber_range", "0.625", "0.7")
    album.take("evidence", reviewer.page)
    assert b"cyber_range" in reviewer.receive("button", "Take along as CSV").read_bytes()
    reviewer.follow("Back to the assessment")


def open_it(person: Typist, number: str, author: str = "Rafael Stone") -> Typist:
    """An assessment of the case, from the case's page."""
    rows = person.go(f"/case/{number}/").page.get_by_role("row").filter(has_text=author)
    return person.follow("Cyber", within=rows.filter(has=person.page.get_by_role("link", name="Cyber")).first)


def ask_for_the_check(reviewer: Typist, number: str) -> None:
    """What is not answered is counted, and asked for all the same."""
    open_it(reviewer, number).follow("Ask for the peer check").tick(re.compile("all the same")).press(
        "Ask for the peer check"
    )
    reviewer.sees("The other reviewers have been asked.")


def own_is_in(stack: Stack, reviewer: str, number: str) -> None:
    """A complete draft by the reviewer's program, which asks for its check."""
    texts = {
        "method": "Read alone.",
        "findings": "Nothing by itself.",
        "limitations": "",
        "confidence": "low",
    }
    Program(stack, reviewer).post(
        "assessments/", submission=number, domain="autonomy", access_used="api_reduced", hours="4", **texts
    )


def state_that_none_comes(reviewer: Typist, number: str, album: Album) -> None:
    """Another's draft is withheld until one's own is in, or until one says that none comes."""
    reviewer.go(f"/case/{number}/").sees(WITHHELD).sees_not(FINDINGS)
    album.take(
        "withheld",
        reviewer.page,
        top=reviewer.page.locator("section", has_text=WITHHELD).last,
    )
    reviewer.follow("state on your seat").follow("State that you write no assessment")
    reviewer.press("State that you write no assessment").sees("Recorded.")


def check(reviewer: Typist, number: str) -> None:
    reviewer.go("/admin/").follow(re.compile("Assessments to check"))
    reviewer.follow("Cyber", within=reviewer.page.get_by_role("row").filter(has_text=number))
    reviewer.sees(FINDINGS, "An invented answer 2.", "cyber_range")
    reviewer.follow("Record the peer check").press("Record the peer check").sees("Checked.")


def share(lead: Typist, number: str) -> None:
    lead.go("/admin/").follow(re.compile("To share with the lab"))
    lead.follow("Cyber", within=lead.page.get_by_role("row").filter(has_text=number))
    lead.follow("Share with the lab").press("Share with the lab").sees("Shared with the lab.")


def retest(reviewer: Typist, number: str, album: Album) -> None:
    """The lab asked for one; then the assessment is made final, and the case's report had."""
    open_it(reviewer, number).sees(offering.RESPONSE, "The lab asked for a retest with its response.")
    reviewer.follow("Record a retest").type("What was retested", RETEST)
    reviewer.choose("Outcome", "Observed in part").type("In words", "10 of 41 this time.")
    reviewer.choose("Kind of access used", "API, reduced safeguards")
    reviewer.press("Record the retest").sees("Recorded. The lab has been told.", RETEST)
    album.take(
        "shared",
        reviewer.page,
        top=reviewer.page.locator("section", has_text="The lab asked for a retest").last,
    )


def ask(reviewer: Typist, number: str, words: str, album: Album) -> None:
    """A question to the lab, in the case's one queue."""
    reviewer.go(f"/case/{number}/").follow("Ask the lab").type("Question", words)
    album.take("question", reviewer.page)
    reviewer.press("Ask").sees("Asked. The lab has been told.", words)


def make_final(lead: Typist, number: str) -> None:
    lead.go("/admin/").follow(re.compile("To make final"))
    lead.follow("Cyber", within=lead.page.get_by_role("row").filter(has_text=number))
    lead.follow(re.compile("final")).press(re.compile("final")).sees("The assessment is final.", RETEST)


def report(reviewer: Typist, number: str) -> bytes:
    reviewer.go(f"/case/{number}/")
    return reviewer.receive("link", re.compile("as one document")).read_bytes()
