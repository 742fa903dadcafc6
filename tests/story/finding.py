"""One finding, from its reporter's draft to the file that others' programs read, by keyboard."""

import re
from datetime import datetime
from pathlib import Path

from playwright.sync_api import expect

from tests.story import applying
from tests.story.guide import Album
from tests.story.keyboard import Typist

TITLE = "A long session name overflows the gateway of Egret"
PRODUCT, VERSION, CWE = "Egret Gateway (invented)", "2.4.1", "CWE-787"
TEXT = "A session name of 4,097 letters writes past its buffer. Two requests show it again; all of it is invented."
VECTOR = "CVSS:4.0/AV:N/AC:L/AT:N/PR:L/UI:N/VC:H/VI:H/VA:L/SC:N/SI:N/SA:N"
REST = "/SC:N/SI:N/SA:N"
TLP = "TLP:AMBER"
CHAIN = "Seen by the night desk of station 12, passed on by Bram Ostler."
LAB = "Kestrel Labs (invented)"
CLEARINGHOUSE, THEIR_ID = "Demo AI Clearinghouse (invented)", "DAC-2026-0431"


def draft(bram: Typist, number: str, until: datetime, album: Album) -> str:
    """With a vector that lacks metrics first: said beside its field, and the rest stays. Returns the finding's number."""
    bram.go("/partner/").follow("Findings").follow("Write a finding")
    bram.choose("Found with the model of", f"Case {number}").choose(
        "Kind of finding", "Software vulnerability"
    )
    bram.type("Title", TITLE).type("Product or model", PRODUCT).type("Version", VERSION)
    bram.type("What was found", TEXT).type("CWE", CWE).type("CVSS 4.0 vector", VECTOR.removesuffix(REST))
    bram.choose("SSVC decision", "Attend")
    bram.reach(bram._field("TLP 2.0 marking"))
    bram.page.keyboard.press("ArrowDown")
    bram.type("Who found it and passed it on", CHAIN).write_date("Under embargo until", until)
    bram.press("Save the draft").sees("Please check what you entered", "The vector lacks SC, SI, SA.")
    expect(bram._field("Who found it and passed it on")).to_have_value(CHAIN)
    expect(bram._field("TLP 2.0 marking")).to_have_value(TLP)
    bram.type("CVSS 4.0 vector", VECTOR).press("Save the draft")
    bram.sees("Saved as a draft", "Only your organisation sees this draft.", TITLE, VECTOR, TLP, CHAIN)
    album.take("finding", bram.page)
    return bram.page.locator("main .portal-number").first.inner_text()


def report(bram: Typist) -> None:
    """From then on it is not edited any more."""
    bram.press("Report").sees("Reported. The programme office reads it from now on.")
    expect(bram.page.get_by_role("link", name="Edit the draft")).to_have_count(0)


def triage(cora: Typist, finding: str) -> None:
    """From Today to the finding; it is seen again, and the lab whose product it is learns of it."""
    cora.go("/admin/").follow(re.compile("Findings to triage")).follow(finding)
    cora.sees(TITLE, CHAIN, applying.ORGANISATION, VECTOR)
    cora.follow("Triage").press("Triage").sees("Triaged. The reporter is told.")
    cora.follow("Validate").press("Validate").sees("Validated.")
    cora.follow("Notify the owner").choose("Owning lab", LAB).press("Notify the owner")
    cora.sees("The owner is notified. The disclosure clock runs.")


def relay(lionel: Typist, finding: str) -> None:
    """A liaison hands it to the clearinghouse; while the relay is under way nobody moves its embargo."""
    lionel.go("/admin/partners/finding/").follow(finding)
    lionel.follow(re.compile("^Relay")).type("Clearinghouse", CLEARINGHOUSE).press(re.compile("^Relay"))
    lionel.sees("The relay is recorded.", f"{CLEARINGHOUSE}", "under way")


def complete_the_relay(lionel: Typist) -> None:
    lionel.follow(re.compile("^Relay")).type("The id they gave", THEIR_ID).press(re.compile("^Relay"))
    lionel.sees("The relay is recorded.", THEIR_ID)


def keep_the_embargo(cora: Typist, finding: str, later: datetime) -> None:
    """Refused mid-relay, with the reason."""
    cora.go("/admin/partners/finding/").follow(finding).follow("Set the embargo")
    field = cora.reach(cora._field("Under embargo until"))
    cora.page.keyboard.type(f"{later:%m%d%Y}")
    # From the year to the hour.
    cora.page.keyboard.press("Tab")
    cora.page.keyboard.type("1200PM")
    expect(field).to_have_value(f"{later:%Y-%m-%d}T12:00")
    cora.press("Set the embargo").sees("A relay to the clearinghouse is under way")


def owned(noor: Typist, finding: str) -> Typist:
    """The lab opens it from its findings: the weakness, and not who reported it."""
    noor.go("/lab/").enter("link", "Findings", noor.page.get_by_role("navigation", name="Your lab"))
    noor.open_row(finding, "your lab owns it")
    return noor.sees(TITLE, TEXT, VECTOR, TLP).sees_not(CHAIN, applying.ORGANISATION, "Bram Ostler")


def remedy(noor: Typist, finding: str) -> None:
    owned(noor, finding).press("Begin to remedy").sees(
        "Recorded. The programme office and the reporter are told."
    )
    noor.press("Record as fixed").sees("Recorded as fixed. The disclosure clock has stopped.")


def too_early(cora: Typist, finding: str) -> None:
    """Without the owner's consent nothing is published before the embargo has passed."""
    cora.go("/admin/partners/finding/").follow(finding)
    cora.follow("Publish").press("Publish").sees("It is under embargo")


def consent(noor: Typist, finding: str) -> None:
    owned(noor, finding).press("Consent to publication")
    noor.sees("Your lab's consent to publication is recorded.")


def publish(cora: Typist, finding: str) -> None:
    cora.go("/admin/partners/finding/").follow(finding)
    cora.follow("Publish").press("Publish").sees("Published.")


def take_along(bram: Typist, finding: str, album: Album) -> Path:
    """The reporter finds it published, with the id of the clearinghouse, and takes it along as CSAF."""
    bram.go("/partner/findings/").open_row(finding).sees("Published", f"{CLEARINGHOUSE}", THEIR_ID)
    album.take("published", bram.page, top=bram.page.locator("#dates"))
    return bram.receive("link", "CSAF 2.0")
