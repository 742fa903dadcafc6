"""One grant from the terms to its close-out, on the partner's pages and the lab's, by keyboard."""

import re

from playwright.sync_api import expect

from tests.story import applying, offering, waves
from tests.story.guide import Album
from tests.story.keyboard import Typist

ADMIN, MEMBER = "Bea Lindgren", "Bram Ostler"
USED_FOR = "Two of us let the model look at forty relay settings."
OUTCOME = "Seven settings were changed; none of them had been known."
STARTED = "Early access under a grant has started."
REMINDED = "A report on your early access is due."
KEPT = "One report of ours quotes nothing of the lab's and stays."


def open_it(person: Typist, number: str) -> Typist:
    """From the list of the partner's grants, where it is the one on this case."""
    return person.go("/partner/").open_row(number)


def accept(bea: Typist, number: str, album: Album) -> None:
    """Without the word that the terms were read first; then the member is named beside who accepts."""
    open_it(bea, number).sees("offer your organisation early access").sees_not(waves.INSTRUCTIONS)
    bea.follow("Read the terms and accept").sees("Nondisclosure", waves.PURPOSE)
    bea.tick(MEMBER)
    album.take("accept", bea.page, top=bea.page.locator("#terms"))
    bea.press("Accept for my organisation")
    bea.sees("Say that you have read and accept the terms, or decline.")
    expect(bea.page.locator("main").get_by_label(MEMBER)).to_be_checked()
    bea.tick(re.compile("^I have read these terms")).press("Accept for my organisation").sees(
        "Your organisation has accepted the terms.", MEMBER
    )


def nothing_before_the_start(bram: Typist, number: str) -> None:
    open_it(bram, number).sees("Access starts by itself", "1 document in scope.")
    bram.sees_not(offering.CARD, waves.INSTRUCTIONS, "Show the access instructions")


def use(bram: Typist, number: str, album: Album) -> tuple[bytes, str]:
    """The document as it comes, with the address it came from, and the instructions once, on a page of their own."""
    open_it(bram, number).sees("Access is open to you until", offering.CARD)
    album.take("grant", bram.page, top=bram.page.locator("h1"))
    address = bram.page.get_by_role("link", name=offering.CARD).get_attribute("href")
    received = bram.receive("link", offering.CARD).read_bytes()
    bram.press("Show the access instructions").sees(waves.INSTRUCTIONS)
    return received, str(address)


def report(bram: Typist, number: str, album: Album) -> None:
    """The one that is owed; with hours that cannot be it is not sent, and what was typed stays."""
    open_it(bram, number).sees("Report 1 is due").follow("Write the report")
    bram.type("What the access was used for", USED_FOR).type("What came of it", OUTCOME)
    bram.type("Hours of work", "-11")
    album.take("report", bram.page, top=bram.page.locator("h1"))
    bram.press("Send the report").sees("Please check what you entered", "greater than or equal to 0")
    expect(bram._field("What came of it")).to_have_value(OUTCOME)
    bram.type("Hours of work", "11.5").press("Send the report").sees(
        USED_FOR, OUTCOME, "11.5 hours", "Report 2 is due"
    )


def read_by_the_lab(noor: Typist, number: str, album: Album) -> None:
    """The report as it was written, and who of the partner did what how often."""
    noor.go(f"/lab/cases/{number}/").follow("Partners of this case").follow(applying.ORGANISATION)
    noor.sees(USED_FOR, OUTCOME, f"by {MEMBER}")
    row = noor.page.get_by_role("row").filter(has=noor.page.get_by_role("rowheader", name=MEMBER))
    assert row.locator("td").all_inner_texts()[1:3] == ["1", "1"]
    album.take("use", noor.page, top=noor.page.locator("#usage"))


def surrender(bea: Typist, number: str) -> None:
    open_it(bea, number).follow("Surrender the grant").sees("Access ends at once")
    bea.press("Surrender the grant").sees("Access has ended.", "Destroy what your organisation kept")


def closed(bram: Typist, number: str, address: str) -> None:
    """What was open is there no more: no document, no instructions, by no link that was kept."""
    grant = open_it(bram, number).sees("Access has ended.").path
    bram.sees_not(offering.CARD, waves.INSTRUCTIONS, "Show the access instructions")
    bram.go(address, status=404).go(f"{grant}report/").sees("No report is owed on this grant now.")


def close_out(bea: Typist, number: str, album: Album) -> None:
    """Not without the word that what was kept is destroyed."""
    open_it(bea, number).follow("Close out").type("Remarks", KEPT).press("Attest and close out")
    bea.sees("Confirm the destruction before you attest it.")
    bea.tick(re.compile("^We have destroyed")).press("Attest and close out")
    bea.sees("This grant is closed out. Nothing more is owed.")
    album.take("closed-out", bea.page)


def attested_to_the_lab(noor: Typist, number: str) -> None:
    noor.go(f"/lab/cases/{number}/").follow("Partners of this case").follow(applying.ORGANISATION)
    noor.sees("Closed out", "Destruction attested", KEPT)
