"""What the administrator of an organisation does to become a partner, by keyboard."""

import re
from pathlib import Path

from playwright.sync_api import expect

from tests.story.guide import Album
from tests.story.keyboard import Typist

ORGANISATION = "Bracken Rural Power (invented)"
OPERATES = "Forty substations of an invented highland, for 61,000 customers."
CONTACT = {
    "Name": "Ivo Strand",
    "Role": "Head of operations security",
    "Mail address": "security@bracken.example",
    "Telephone": "+1 202 555 0164",
}
INFLUENCE = "A pension fund abroad holds 8 percent and no seat on the board."
SHOWS = "Audit report of 2026"
ATTESTED = (
    "What this application says is true",
    "We tell the programme office",
    "We use early access",
    "We keep what we are given",
)
LEFT_OUT = "We know that taking part is voluntary"
_SHOWN_ERROR = "Write the contact's telephone."


def read_the_criteria(bea: Typist, album: Album) -> None:
    """From the first page, which says that nobody has applied yet, to what vetting looks at."""
    bea.enter("link", "Partner", bea.page.get_by_role("navigation", name="Main"))
    bea.sees("Your organisation has not applied yet").follow("Apply for your organisation")
    bea.sees(
        "What vetting looks at", "Version 1 of the criteria", "Security contacts", "there is no sum of them"
    )
    album.take("criteria", bea.page)


def add_evidence(bea: Typist, folder: Path) -> bytes:
    """A file, before anything is written; returns what it holds."""
    report = folder / "audit-report.txt"
    report.write_text("An invented audit of an invented utility: two remarks, both settled.\n")
    bea.follow("Add a file of evidence").type("What it shows", SHOWS).attach(report)
    bea.press("Add this file").sees("The file is with your application.", SHOWS, report.name)
    return report.read_bytes()


def apply(bea: Typist, album: Album) -> None:
    """Without a telephone number and with one statement left out first: both are said, and what was typed stays."""
    contact = bea.page.get_by_role("group", name="Security contact 1")
    bea.type("What your organisation operates or protects", OPERATES).choose("Country", "Canada")
    bea.tick(re.compile(r"^\s*Energy\s*$")).type("Mail domains", "bracken.example")
    for label, words in CONTACT.items():
        if label != "Telephone":
            bea.type(label, words, within=contact)
    bea.pick("There is a foreign interest, without control")
    bea.type("Who it is, and how far their influence goes", INFLUENCE)
    for words in ATTESTED:
        bea.tick(re.compile(f"^{words}"))
    bea.press("Apply").sees(
        "Please check what you entered", _SHOWN_ERROR, "Attest this statement, or do not apply."
    )
    album.take("missing", bea.page, top=bea.page.locator(".portal-form-errors"))
    _still_there(bea)
    bea.follow("Security contact 1, telephone")
    bea.type("Telephone", CONTACT["Telephone"], within=contact).tick(re.compile(f"^{LEFT_OUT}"))
    bea.press("Apply").sees("Your application was sent.", "Applied")


def _still_there(bea: Typist) -> None:
    contact = bea.page.get_by_role("group", name="Security contact 1")
    expect(bea._field("What your organisation operates or protects")).to_have_value(OPERATES)
    expect(bea._field("Country").locator("option:checked")).to_have_text("Canada")
    expect(bea._field("Mail address", contact)).to_have_value(CONTACT["Mail address"])
    expect(bea._field("Who it is, and how far their influence goes")).to_have_value(INFLUENCE)
    ticked = bea.page.locator("main").get_by_role("checkbox", checked=True)
    # A sector, and every statement but one.
    expect(ticked).to_have_count(1 + len(ATTESTED))
