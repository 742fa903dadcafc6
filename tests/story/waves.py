"""How a lab offers one model to many organisations at once, and the programme office concurs, by keyboard."""

import re

from playwright.sync_api import expect

from tests.story import applying, houses
from tests.story.guide import Album
from tests.story.keyboard import Typist
from tests.story.offering import CARD, WORD
from tests.story.stack import Stack

PURPOSE = f"To harden what runs at the edge of a {WORD} before the model is released."
INSTRUCTIONS = f"Endpoint https://partners.egret.invalid/v1, key {WORD}-partner-key"
# What the programme office is told, and what a partner is once both sides offer.
TOLD, OFFERED = "The other side proposed", "Early access is offered to your organisation."
# Eligible in the demonstration, and of the same sector.
BESIDE = "Harbor Grid Cooperative (invented)"
CHOSEN = [applying.ORGANISATION, *houses.NAMES]


def look_at_the_coverage(noor: Typist, number: str) -> None:
    """What partners of the case cover so far: nothing, so that each sector with somebody eligible is a gap."""
    noor.go(f"/lab/cases/{number}/").follow("Partners of this case").follow(
        "Sectors and countries they cover"
    )
    energy = _covered(noor, "Energy")
    assert energy[:3] == ["0", "0", str(len(CHOSEN) + 1)], energy
    assert _covered(noor, "Nuclear Reactors, Materials, and Waste")[:4] == [
        "0",
        "0",
        "0",
        "Nobody is eligible",
    ]


def _covered(person: Typist, sector: str) -> list[str]:
    """Agreed, proposed, eligible, and the countries without anybody, as the table has them."""
    row = person.page.get_by_role("row").filter(has=person.page.get_by_role("rowheader", name=sector))
    return row.locator("td").all_inner_texts()[1:]


def narrow(noor: Typist, number: str, album: Album) -> None:
    """By sector and country, and by sector alone: fewer each time, and what does not fit cannot be chosen."""
    noor.go(f"/lab/cases/{number}/").follow("Partners of this case").follow("Propose partners")
    noor.choose("Sector", "Energy").choose("Country", "Norway").press("Show these")
    noor.sees(f"{len(houses.TRADES)} organisations fit.").sees_not(BESIDE, applying.ORGANISATION)
    noor.choose("Country", "Any country").press("Show these").sees(f"{len(CHOSEN) + 1} organisations fit.")
    album.take("wave", noor.page, top=noor.page.locator("#coverage"))


def propose(noor: Typist) -> None:
    """All that are shown but one, on the same terms."""
    offered = noor.page.get_by_role("group", name="Partner organisations")
    noor.toggle("Tick all of these organisations")
    expect(offered.get_by_role("checkbox", checked=True)).to_have_count(len(CHOSEN) + 1)
    noor.reach(offered.get_by_label(re.compile(f"^{re.escape(BESIDE)}")))
    noor.page.keyboard.press("Space")
    noor.type("Purpose", PURPOSE).tick(re.compile(f"^{CARD}")).type("Access instructions", INSTRUCTIONS)
    noor.press("Propose and consent").sees("Proposed. Your lab has consented by it")
    rows = noor.page.locator("main tbody").get_by_role("row")
    assert sorted(rows.get_by_role("link").all_inner_texts()) == sorted(CHOSEN)
    expect(rows.filter(has_text="the programme office")).to_have_count(len(CHOSEN))


def covered_by_proposals(noor: Typist) -> None:
    noor.follow("Sectors and countries they cover")
    assert _covered(noor, "Energy")[:3] == ["0", str(len(CHOSEN)), "1"]


def told(stack: Stack, number: str, *addresses: str) -> set[str]:
    """Which of these addresses had a mail about the case."""
    return {str(mail["To"]) for mail in stack.mails() if number in mail.get_content()} & set(addresses)


def concur(cora: Typist, number: str, album: Album, *names: str) -> None:
    """From the queue, for several at once."""
    cora.go("/admin/").follow(re.compile("Partners to concur with"))
    cora.sees(applying.ORGANISATION)
    cora.go(f"/admin/partners/grant/?waits=us&q={number}")
    rows = cora.page.locator("#result_list tbody").get_by_role("row")
    for name in names:
        cora.reach(rows.filter(has_text=name).get_by_role("checkbox"))
        cora.page.keyboard.press("Space")
    cora.choose("With the chosen ones", "Concur")
    album.take("concur", cora.page)
    cora.press("Take this step")
    cora.sees(*(f"{name}, case {number}: The programme office has concurred." for name in names))
    expect(rows).to_have_count(min(len(CHOSEN) - len(names), 100))
