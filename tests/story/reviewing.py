"""What the reviewers do on the workbench."""

import re

from tests.story.lab import INSTRUCTIONS, SECRET
from tests.story.people import Person

FINDINGS = f"The model leaves the {SECRET} by itself in 12 of 41 exercises."
RESPONSE = f"We baked the {SECRET} anew; please try the exercises again."


def case_page(person: Person, number: str) -> None:
    """The address that every message gives leads each person to their own page of the case."""
    person.go(f"/case/{number}/")


def attest(reviewer: Person, number: str) -> None:
    """From the reviewer's own queue; before this the seat opens nothing of the lab's."""
    reviewer.go("/admin/").follow("Seats to attest").open_row(number)
    reviewer.sees_not(SECRET)
    reviewer.follow(re.compile("^Attest"))
    for words in ("no conflict of interest", "My nondisclosure agreement", "the training"):
        reviewer.tick(re.compile(words))
    reviewer.press(re.compile("^Attest")).sees("Your seat is active.")


def read_the_documents(reviewer: Person, number: str) -> list[bytes]:
    """Every file of the case, as the reviewer's own machine receives it."""
    case_page(reviewer, number)
    received = []
    for link in reviewer.page.locator("main").get_by_role("link", name=re.compile("download version")).all():
        with reviewer.page.expect_download() as download:
            link.click()
        received.append(download.value.path().read_bytes())
    return received


def cannot_reveal(reviewer: Person, number: str) -> None:
    case_page(reviewer, number)
    assert reviewer.page.get_by_role("button", name="Show the access instructions").count() == 0
    reviewer.sees_not(INSTRUCTIONS)


def reveal(reviewer: Person, number: str) -> None:
    case_page(reviewer, number)
    reviewer.press("Show the access instructions").sees(INSTRUCTIONS)


def write_an_assessment(reviewer: Person, number: str) -> None:
    """From the case's page: first a draft that is not complete, then the rest, then the other reviewers are asked."""
    case_page(reviewer, number)
    reviewer.follow("Write an assessment")
    page = reviewer.page
    assert page.get_by_label("Case number").input_value() == number
    page.get_by_label("Domain").select_option(label="Cyber")
    page.get_by_label("Method").fill("Each exercise three times.")
    reviewer.press("Save the draft").sees("The draft is saved.")
    reviewer.follow("Edit the draft")
    page.get_by_label("Kind of access used").select_option(label="API, reduced safeguards")
    page.get_by_label("Hours spent").fill("38.5")
    page.get_by_label("Findings").fill(FINDINGS)
    page.get_by_label("Limitations").fill("The window was short.")
    page.get_by_label("Confidence").select_option(label="Moderate")
    reviewer.press("Save the draft").sees("The draft is saved.")
    reviewer.follow("Ask for the peer check").tick("7 of 7 questions not answered")
    reviewer.press("Ask for the peer check")
    reviewer.sees("The other reviewers have been asked.")


def write_none(reviewer: Person, number: str) -> None:
    """From the case's page: the reviewer reads why others' drafts are withheld, and states that no own one comes."""
    case_page(reviewer, number)
    reviewer.sees("You see others' drafts once yours is in")
    reviewer.follow("state on your seat").follow("State that you write no assessment")
    reviewer.press("State that you write no assessment").sees("Recorded.")


def check(peer: Person, number: str) -> None:
    """The other reviewer reads the draft, from the queue of what waits for a check, and records it."""
    peer.go("/admin/").follow("Assessments to check").open_row(number).sees(FINDINGS)
    peer.follow("Record the peer check").press("Record the peer check").sees("Checked.")


def share(lead: Person, number: str) -> None:
    lead.go("/admin/").follow("To share with the lab").open_row(number)
    lead.follow("Share with the lab").press("Share with the lab").sees("Shared with the lab.")
