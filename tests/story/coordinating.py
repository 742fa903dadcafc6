"""What a coordinator of the programme office does on the workbench, by keyboard."""

import csv
import io
import re

from playwright.sync_api import expect

from tests.story.guide import Album
from tests.story.keyboard import Typist
from tests.story.offering import WORD

SECOND = "Demo Signals Directorate (invented)"
MATTER = "Matter 26-114 (invented)"
TARGET = "Acknowledge a submission or inquiry"


def take_the_case(cora: Typist, number: str, album: Album) -> None:
    """From Today, by the queue, to the case; acknowledged, and the standard terms accepted."""
    cora.go("/admin/").sees("Waits on you", "Late on the government's side")
    album.take("today", cora.page)
    cora.follow(re.compile("To acknowledge")).sees(number)
    cora.follow(number).sees("Submitted", "What happens next")
    cora.follow("Acknowledge").press("Acknowledge").sees("Acknowledged. The lab has been told.")
    cora.follow("Accept the access terms").sees("Confidentiality", "Insider risk")
    cora.press("Accept the access terms").sees("Accepted for the government.")
    album.take("case", cora.page, top=cora.page.locator("main .portal-head"))


def invite(cora: Typist, number: str) -> None:
    """A second agency, whose coordinators see the case from then on."""
    cora.go(f"/case/{number}/").follow("Invite an agency").choose("Agency", SECOND)
    cora.press("Invite an agency").sees("The agency is invited.", SECOND)


def match(cora: Typist, number: str, album: Album) -> None:
    """Seats asked for, a suggestion that says why, and its confirmation."""
    cora.go(f"/case/{number}/").follow("Run the matching")
    cora.tick("Cyber").press("Run the matching").sees(
        "The suggestion is made. Nobody has been told.", "Not considered"
    )
    album.take("matching", cora.page, top=cora.page.locator("#panel-1"))
    cora.follow("Confirm").press("Confirm").sees("Confirmed. What became of each pair stands below.")


def propose(cora: Typist, number: str, reviewer: str, domain: str) -> None:
    cora.go(f"/case/{number}/").follow("Propose a seat").choose("Reviewer", reviewer)
    cora.choose("Domain", domain).press("Propose a seat")
    cora.sees("The seat is proposed, and the reviewer has been told.")


def keep_a_view(cora: Typist, album: Album) -> None:
    """The list under a filter, kept under a name; another visit finds it among one's own."""
    cora.go("/admin/submissions/submission/")
    states = cora.page.get_by_role("navigation", name="Filters")
    cora.follow(re.compile("^Open$"), within=states)
    cora.reach(cora.page.locator("main summary", has_text="Keep this view"))
    cora.page.keyboard.press("Enter")
    cora.type("Name of the view", "Open now").press("Keep").sees("Your views", "Open now")
    album.take("list", cora.page)
    cora.go("/admin/submissions/submission/").follow("Open now").sees("Remove “Open now” from your views")


def search(cora: Typist, number: str, album: Album) -> None:
    """In words of the lab's text; the page says that it is a look."""
    cora.enter("link", "Search", cora.page.get_by_role("navigation", name="Workbench"))
    cora.type("Words", WORD).press("Search").sees(number, WORD, "is on record as a look")
    album.take("search", cora.page)


def take_along(cora: Typist, number: str) -> None:
    """The list of cases as CSV: as many rows as the list says, the case among them."""
    cora.go(f"/admin/submissions/submission/?q={number}")
    rows = list(
        csv.reader(
            io.StringIO(cora.receive("button", re.compile("Take this list along")).read_text("utf-8-sig"))
        )
    )
    assert len(rows) == 2, rows
    assert number in rows[1]


def place_a_hold(cora: Typist, number: str) -> None:
    """From the case: its records are kept, which the case's page says."""
    cora.go(f"/case/{number}/").follow("Place a legal hold")
    cora.type("Matter", MATTER).type("Reason", "A suit about something else altogether.")
    cora.press("Place a legal hold").sees("The records are kept from now on.", MATTER)
    cora.go(f"/case/{number}/").sees(MATTER)


def weigh_a_setting(cora: Typist, album: Album) -> None:
    """Look what a change of a target would do, and leave it."""
    cora.enter("link", "Programme settings", cora.page.get_by_role("navigation", name="Workbench"))
    cora.follow(re.compile("^Change.*targets")).type(TARGET, "3")
    cora.type("Reason for the change", "A trial that nobody saves.")
    cora.press("Show what it would do").sees("Nothing is saved yet.", "Open dates and reminders")
    album.take("settings", cora.page)
    cora.follow("Cancel").sees("Everything is as delivered.")


def merge_questions(cora: Typist, number: str, own: str, others: str) -> None:
    """Two agencies asked the same: one question stands for both from then on."""
    cora.go(f"/case/{number}/")
    row = cora.page.get_by_role("row").filter(has_text=own)
    cora.follow(re.compile("Question"), within=row).follow("Merge into another question")
    cora.sees(own, others)
    choices = cora.page.get_by_role("radio")
    assert choices.count() == 1, others
    cora.reach(choices)
    cora.page.keyboard.press("Space")
    cora.press(re.compile("^Merge")).sees("Merged. The agencies and the lab have been told.")
    expect(cora.page.locator("main")).to_contain_text("Merged into")
