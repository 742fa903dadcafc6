"""What lab and partner do about a grant on their pages."""

import re
from datetime import datetime

from tests.story.lab import SECRET, write_instant
from tests.story.people import Person

HARBOR, CLOVERLEAF = "Harbor Grid Cooperative (invented)", "Cloverleaf Security (invented)"
PARTNER_INSTRUCTIONS = f"Endpoint https://partners.invalid/v1, key {SECRET}-partner-key"


def propose(
    noor: Person, number: str, partner: str, *, document: str, expires: datetime | None = None
) -> None:
    """The lab proposes one partner, with one document in scope; the start follows its planned partner release."""
    noor.go(f"/lab/cases/{number}/").follow("Partners of this case").follow("Propose partners")
    page = noor.page
    noor.tick(re.compile(f"^{re.escape(partner)}"))
    page.get_by_label("Purpose").fill(f"To harden substations against whatever walks out of a {SECRET}.")
    if expires:
        page.get_by_label("Times are in").select_option("UTC")
        write_instant(page, "Expiry", expires)
    noor.tick(re.compile(f"^{re.escape(document)}"))
    page.get_by_label("Access instructions").fill(PARTNER_INSTRUCTIONS)
    noor.press("Propose and consent").sees(partner, "the programme office")


def open_the_grant(person: Person, number: str) -> None:
    """From the list of the partner's grants to the one on this case."""
    person.go("/partner/").open_row(number)


def accept(admin: Person, number: str, *names: str) -> None:
    """The partner's administrator reads the terms, names who will use the model, and accepts."""
    open_the_grant(admin, number)
    admin.sees("offer your organisation early access")
    admin.follow("Read the terms and accept").sees("Nondisclosure")
    for name in names:
        admin.tick(name)
    admin.tick(re.compile("^I have read these terms"))
    admin.press("Accept for my organisation")


# The addresses of the files that each person was shown, to be tried again once access has ended.
_LINKS: dict[str, list[str]] = {}


def read_the_documents(person: Person) -> list[bytes]:
    """Every file on the grant's page, as the person's own machine receives it."""
    received = []
    for link in person.page.locator('main a[href^="/partner/documents/"]').all():
        _LINKS.setdefault(person.email, []).append(link.get_attribute("href") or "")
        with person.page.expect_download() as download:
            link.click()
        received.append(download.value.path().read_bytes())
    return received


def links_of(email: str) -> list[str]:
    return _LINKS[email]


def reveal(person: Person) -> None:
    person.press("Show the access instructions").sees(PARTNER_INSTRUCTIONS)
