"""The partners' journey on the running stack: an application, a wave, a grant to its close-out, a finding; by keyboard alone.

With axe on each page at both widths. It takes the pictures of docs/partner.md on its way.
"""

import hashlib

import pytest

from partners.advisories import check, from_csaf
from partners.advisories.json_text import read
from tests.story import applying, finding, granted, houses, offering, post, programme, vetting, waves
from tests.story.guide import PARTNER
from tests.story.journey import Travel

pytestmark = [pytest.mark.browser, pytest.mark.slow]
BEA, BRAM = "bea.admin@bracken.example", "bram.member@bracken.example"
CORA, LIONEL = "cora.coordinator@dsi.example", "lionel.liaison@dcda.example"
NOOR = "noor.contributor@kestrel.example"
# Of the wave, besides the one whose way is followed.
CONCURRED = houses.NAMES[:3]


class Journey(Travel):
    """The people, each signed in when first met, and what they are about."""

    guide = PARTNER
    number: str
    sha256: str
    # Where the member received the document.
    address: str
    finding: str


def test_partners_from_the_application_to_the_close_out_and_a_finding(stack, chromium, pictures, tmp_path):
    journey = Journey(stack, chromium, pictures, tmp_path)
    journey.go(CHAPTERS)


def an_organisation_applies(journey: Journey) -> None:
    """The programme office opens the very file that came with the application."""
    bea, cora = journey.who(BEA), journey.who(CORA)
    applying.read_the_criteria(bea, journey.album)
    sent = applying.add_evidence(bea, journey.folder)
    applying.apply(bea, journey.album)
    vetting.take_it_up(cora)
    assert vetting.read_the_evidence(cora) == sent


def it_is_vetted(journey: Journey) -> None:
    cora = journey.who(CORA)
    vetting.begin(cora)
    vetting.answer(cora, journey.album)
    vetting.find_eligible(cora)
    vetting.outcome(journey.who(BEA), journey.album)


def a_wave_is_proposed(journey: Journey) -> None:
    """A case with one document; as many partners as fit, in one step. None of them learns of it."""
    houses.settle(journey.stack)
    journey.number, journey.sha256 = offering.submitted(
        journey.stack, journey.folder, partner=journey.days(3), public=journey.days(200)
    )
    programme.acknowledge(journey.stack, journey.number)
    offering.terms_and_access(journey.stack, journey.number)
    noor = journey.who(NOOR)
    waves.look_at_the_coverage(noor, journey.number)
    waves.narrow(noor, journey.number, journey.album)
    waves.propose(noor)
    waves.covered_by_proposals(noor)
    post.wait_until_told(journey.stack, CORA, journey.number, waves.TOLD)
    # One mail, however many are proposed.
    assert sum(waves.TOLD in mail.get_content() for mail in post.to(journey.stack, CORA, journey.number)) == 1
    journey.who(BEA).go("/partner/").sees("Nothing is granted to you yet").sees_not(journey.number)
    assert waves.told(journey.stack, journey.number, BEA, *map(houses.address, houses.NAMES)) == set()


def the_office_concurs_with_several(journey: Journey) -> None:
    """From then on those learn of it, each of its own offer, and no other does."""
    names = [applying.ORGANISATION, *CONCURRED]
    waves.concur(journey.who(CORA), journey.number, journey.album, *names)
    offered = {BEA, *map(houses.address, CONCURRED)}
    for address in sorted(offered):
        post.wait_until_told(journey.stack, address, journey.number, waves.OFFERED)
    assert waves.told(journey.stack, journey.number, BEA, *map(houses.address, houses.NAMES)) == offered
    journey.who(BEA).go("/partner/").sees(journey.number, "Offered to you").sees_not(*houses.NAMES)
    journey.who(BRAM).go("/partner/").sees_not(*houses.NAMES)


def the_terms_are_accepted(journey: Journey) -> None:
    granted.accept(journey.who(BEA), journey.number, journey.album)
    granted.nothing_before_the_start(journey.who(BRAM), journey.number)


def the_access_is_used_and_reported_on(journey: Journey) -> None:
    """The clock starts the grant; thirty days later a report is due, of which the administrators are reminded."""
    bram = journey.who(BRAM)
    journey.clock_at(3.1)
    received, journey.address = granted.use(bram, journey.number, journey.album)
    assert hashlib.sha256(received).hexdigest() == journey.sha256
    # Told, and so recorded, before the clock goes on.
    post.wait_until_told(journey.stack, BRAM, journey.number, granted.STARTED)
    journey.clock_at(30.1)
    post.wait_for_reminder(journey.stack, BEA, journey.number, "-3d", granted.REMINDED)
    granted.report(bram, journey.number, journey.album)
    granted.read_by_the_lab(journey.who(NOOR), journey.number, journey.album)


def a_finding_is_reported(journey: Journey) -> None:
    """Found with the model while the grant lasts."""
    bram = journey.who(BRAM)
    journey.finding = finding.draft(bram, journey.number, journey.days(120), journey.album)
    finding.report(bram)


def the_grant_ends(journey: Journey) -> None:
    bea, bram = journey.who(BEA), journey.who(BRAM)
    granted.surrender(bea, journey.number)
    granted.closed(bram, journey.number, journey.address)
    granted.close_out(bea, journey.number, journey.album)
    granted.attested_to_the_lab(journey.who(NOOR), journey.number)


def the_finding_is_followed(journey: Journey) -> None:
    """Relayed while nobody moves its embargo, remedied by its owner, published with the owner's consent and not before."""
    cora, lionel, noor = journey.who(CORA), journey.who(LIONEL), journey.who(NOOR)
    finding.triage(cora, journey.finding)
    finding.relay(lionel, journey.finding)
    finding.keep_the_embargo(cora, journey.finding, journey.days(150))
    finding.complete_the_relay(lionel)
    finding.remedy(noor, journey.finding)
    finding.too_early(cora, journey.finding)
    finding.consent(noor, journey.finding)
    finding.publish(cora, journey.finding)


def it_is_taken_along(journey: Journey) -> None:
    """As CSAF 2.0, with nothing that fails a test of the format; read back, it says what the reporter wrote."""
    data = finding.take_along(journey.who(BRAM), journey.finding, journey.album).read_bytes()
    assert list(check(read(data))) == []
    told = from_csaf(data)
    assert (told.id, told.title, told.summary) == (journey.finding, finding.TITLE, finding.TEXT)
    assert (told.cwe, told.cvss, told.ssvc, told.tlp) == (
        finding.CWE,
        (finding.VECTOR,),
        "Attend",
        finding.TLP,
    )
    (product,), (one,) = told.products, told.ids
    assert (product.name, product.affected) == (finding.PRODUCT, (finding.VERSION,))
    assert (one.system, one.text) == (finding.CLEARINGHOUSE, finding.THEIR_ID)
    assert (told.status, told.embargo_until) == ("final", None)


CHAPTERS = [
    an_organisation_applies,
    it_is_vetted,
    a_wave_is_proposed,
    the_office_concurs_with_several,
    the_terms_are_accepted,
    the_access_is_used_and_reported_on,
    a_finding_is_reported,
    the_grant_ends,
    the_finding_is_followed,
    it_is_taken_along,
]
