"""A lab revokes while a partner's page and a download of theirs are open: the next request is refused, the download ends."""

import http.client
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest

from tests.story import offering, partnering
from tests.story.people import Faults, Person
from tests.story.programme import Program

pytestmark = [pytest.mark.browser, pytest.mark.slow]

HANA, CORA = "hana.admin@harbor.example", "cora.coordinator@dsi.example"
MEGABYTE = 2**20
# Far more than the servers' and the kernel's buffers hold on the way.
SIZE = 64 * MEGABYTE
TITLE = "Long log of the Egret"


def test_a_revocation_ends_what_is_open(stack, chromium, pictures, tmp_path):
    number, grant = a_grant_in_force(stack, tmp_path)
    faults = Faults(pictures)
    hana = Person(chromium, stack, faults, HANA).sign_in()
    partnering.open_the_grant(hana, number)
    hana.sees(TITLE)
    link = hana.page.locator("main a[href^='/partner/documents/']").get_attribute("href") or ""
    # Before: the whole file comes down, byte for byte.
    whole = Download(hana, link).to_the_end()
    assert whole.received == content()
    slow = Download(hana, link)
    slow.take(MEGABYTE)
    Program(stack, offering.NOOR).post(f"grants/{grant}/revoke/", reason_code="terms")
    slow.to_the_end()
    assert slow.promised == SIZE
    assert MEGABYTE <= len(slow.received) < SIZE // 2
    assert content()[: len(slow.received)] == bytes(slow.received)
    # The page stands open as it was; what it offers is refused.
    hana.press("Show the access instructions")
    hana.sees_not(partnering.PARTNER_INSTRUCTIONS, TITLE)
    hana.go(link, status=404)
    partnering.open_the_grant(hana, number)
    hana.sees("Access has ended.").sees_not(TITLE, "Show the access instructions")
    noor = Person(chromium, stack, faults, offering.NOOR).sign_in()
    noor.go(f"/lab/cases/{number}/").follow("Who can see this, and who looked")
    assert noor.page.locator("main").get_by_text(TITLE).count() >= 2
    assert faults.found == []


def content() -> bytes:
    return b"0123456789abcde\n" * (SIZE // 16)


def a_grant_in_force(stack, folder) -> tuple[str, str]:
    """A case with a long document, and a grant on it that is active: the case's number, the grant's id."""
    now = datetime.now(UTC).replace(microsecond=0)
    start = now + timedelta(days=38)
    number, _ = offering.submitted(stack, folder, partner=start, public=now + timedelta(days=60))
    cora, noor = Program(stack, CORA), Program(stack, offering.NOOR)
    cora.post(f"submissions/{number}/acknowledge/")
    cora.post(f"submissions/{number}/accept_terms/", version=1)
    offering.terms_and_access(stack, number)
    log = folder / "long.log"
    log.write_bytes(content())
    document = offering.send(noor, log, submission=number, kind="other", title=TITLE)
    (partner,) = [
        row for row in noor.get("partners/?page_size=100")["results"] if row["name"] == partnering.HARBOR
    ]
    made = noor.post(
        "grants/",
        submission=number,
        partner=partner["id"],
        purpose="To harden substations.",
        instructions=partnering.PARTNER_INSTRUCTIONS,
        documents=[document["id"]],
        starts_at=start.isoformat(),
        expires_at=(start + timedelta(days=30)).isoformat(),
    )
    cora.post(f"grants/{made['id']}/concur/")
    # She names herself, by naming nobody.
    Program(stack, HANA).post(f"grants/{made['id']}/accept/")
    stack.manage("move_clock", "--to", (start + timedelta(hours=1)).isoformat())
    return number, made["id"]


class Download:
    """A person's download on a connection of its own, read as fast as the test wants it."""

    def __init__(self, person: Person, link: str):
        cookies = "; ".join(f"{one['name']}={one['value']}" for one in person.context.cookies())
        self.connection = http.client.HTTPConnection(urlsplit(person.stack.url).netloc, timeout=60)
        self.connection.request("GET", link, headers={"Cookie": cookies})
        self.answer = self.connection.getresponse()
        assert self.answer.status == 200
        self.promised = int(self.answer.headers["Content-Length"])
        self.received = bytearray()

    def take(self, size: int) -> None:
        self.received += self.answer.read(size)

    def to_the_end(self) -> "Download":
        """All that still comes, whether the answer is whole or breaks off."""
        try:
            while piece := self.answer.read(MEGABYTE):
                self.received += piece
        except (http.client.IncompleteRead, ConnectionError) as broken:
            self.received += getattr(broken, "partial", b"")
        self.connection.close()
        return self
