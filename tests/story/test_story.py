"""One complete case, by people in a browser, on the running stack: the eight points of the main job."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.story import lab, office, partnering, post, reviewing
from tests.story.people import Faults, Person

pytestmark = [pytest.mark.browser, pytest.mark.slow]

NOOR, KIT, ROSA = (
    "noor.contributor@kestrel.example",
    "kit.admin@kestrel.example",
    "rosa.contributor@quillon.example",
)
CORA = "cora.coordinator@dsi.example"
RAFAEL, REZA = "rafael.reviewer@dcda.example", "reza.reviewer@dsd.example"
HANA, MILO = "hana.admin@harbor.example", "milo.member@harbor.example"
MARTA, MAX = "marta.admin@meridian.example", "max.member@meridian.example"
CLIVE, CLEO = "clive.admin@cloverleaf.example", "cleo.member@cloverleaf.example"


class Story:
    """The cast, each signed in when first met, and the case they are about."""

    number: str

    def __init__(self, stack, browser, pictures: Path, folder: Path):
        self.stack, self.browser, self.folder = stack, browser, folder
        self.faults = Faults(pictures)
        self._people: dict[str, Person] = {}
        self.begun = datetime.now(UTC).replace(second=0, microsecond=0)
        self.partner_release, self.public_release = self.days(38), self.days(60)

    def days(self, number: float) -> datetime:
        return self.begun + timedelta(days=number)

    def who(self, email: str) -> Person:
        if email not in self._people:
            self._people[email] = Person(self.browser, self.stack, self.faults, email).sign_in()
        return self._people[email]

    def clock_at(self, at: datetime) -> None:
        self.stack.manage("move_clock", "--to", at.isoformat())


def test_one_case_from_the_draft_to_the_release(stack, chromium, pictures, tmp_path):
    story = Story(stack, chromium, pictures, tmp_path)
    try:
        for chapter in CHAPTERS:
            chapter(story)
    finally:
        print(f"Pictures of {len(story.faults.looked_at)} pages: {pictures}")
    assert story.faults.found == []
    assert post.faults(stack, *lab.SECRETS) == []
    assert stack.stop() == []


def the_lab_submits(story: Story) -> None:
    noor = story.who(NOOR)
    story.number = lab.begin_a_draft(noor)
    lab.complete_the_draft(
        noor, story.number, story.folder, public=story.public_release, partner=story.partner_release
    )
    lab.submit(noor, story.folder)
    assert story.number in noor.text
    story.who(ROSA).go(f"/lab/cases/{story.number}/", status=404).go(f"/case/{story.number}/", status=404)


def terms_access_and_seats(story: Story) -> None:
    cora, noor = story.who(CORA), story.who(NOOR)
    post.wait_until_told(story.stack, CORA, story.number, "A case was submitted.")
    office.acknowledge(cora, story.number)
    office.accept_the_terms(cora)
    lab.accept_the_terms(noor, story.number)
    lab.provide_access(noor, story.number)
    for reviewer, name, domain, role in (
        (RAFAEL, office.LEAD, "Cyber", "Lead"),
        (REZA, office.SECOND, "Autonomy", "Reviewer"),
    ):
        office.propose_a_seat(cora, story.number, name, domain, role)
        story.who(reviewer).go(f"/case/{story.number}/", status=404)
        reviewing.attest(story.who(reviewer), story.number)


def the_reviewer_reads_but_does_not_reach_the_model(story: Story) -> None:
    rafael = story.who(RAFAEL)
    offered = [path.read_bytes() for path, _, _ in lab.files(story.folder)]
    assert sorted(reviewing.read_the_documents(rafael, story.number)) == sorted(offered)
    reviewing.cannot_reveal(rafael, story.number)


def another_case_is_withdrawn(story: Story) -> None:
    """The demonstration's busiest case: both reviewers and two partners have a part in it."""
    kit, rafael, hana = story.who(KIT), story.who(RAFAEL), story.who(HANA)
    number = lab.number_of(kit, "Kestrel 5")
    rafael.go(f"/case/{number}/").sees("Kestrel 5")
    hana.go("/partner/").sees("Kestrel 5")
    kit.go(f"/lab/cases/{number}/").follow("Withdraw").press("Withdraw this case").sees("Withdrawn")
    rafael.go(f"/case/{number}/", status=404)
    hana.go("/partner/").sees_not("Kestrel 5")
    for person in (RAFAEL, REZA, HANA, MARTA, MAX, CORA):
        post.wait_until_told(story.stack, person, number, "The lab withdrew this case.")


def the_window_opens_and_an_assessment_is_shared(story: Story) -> None:
    rafael, reza, noor = story.who(RAFAEL), story.who(REZA), story.who(NOOR)
    story.clock_at(story.days(9))
    reviewing.reveal(rafael, story.number)
    reviewing.write_none(reza, story.number)
    reviewing.write_an_assessment(rafael, story.number)
    post.wait_until_told(story.stack, REZA, story.number, "waits for a check")
    noor.go(f"/lab/cases/{story.number}/").sees_not(reviewing.FINDINGS)
    reviewing.check(reza, story.number)
    reviewing.share(rafael, story.number)
    post.wait_until_told(story.stack, NOOR, story.number, "An assessment was shared with the lab.")
    lab.respond(noor, story.number, reviewing.FINDINGS, reviewing.RESPONSE)
    post.wait_until_told(story.stack, RAFAEL, story.number, "The lab responded to an assessment.")


def two_partners_are_agreed(story: Story) -> None:
    noor, cora = story.who(NOOR), story.who(CORA)
    card = lab.files(story.folder)[0][2]
    partnering.propose(
        noor,
        story.number,
        partnering.HARBOR,
        document=card,
        expires=story.partner_release + timedelta(days=10),
    )
    partnering.propose(noor, story.number, partnering.CLOVERLEAF, document=card)
    story.who(HANA).go("/partner/").sees_not(story.number)
    for partner in (partnering.HARBOR, partnering.CLOVERLEAF):
        office.concur(cora, story.number, partner)
    partnering.accept(story.who(HANA), story.number, "Milo Grant")
    partnering.accept(story.who(CLIVE), story.number, "Cleo Varga")
    milo = story.who(MILO)
    partnering.open_the_grant(milo, story.number)
    milo.sees("Nothing is open before.").sees_not(
        card, partnering.PARTNER_INSTRUCTIONS, partnering.CLOVERLEAF
    )


def the_lab_moves_its_date(story: Story) -> None:
    noor, rafael = story.who(NOOR), story.who(RAFAEL)
    story.partner_release = story.days(30)
    lab.move_dates(noor, story.number, public=story.public_release, partner=story.partner_release)
    words = lab.shown(noor, story.partner_release)
    noor.sees(words)
    rafael.go(f"/case/{story.number}/").sees(lab.shown(rafael, story.partner_release))
    partnering.open_the_grant(story.who(MILO), story.number)
    story.who(MILO).sees(lab.shown(story.who(MILO), story.partner_release))
    for person in (RAFAEL, REZA, CORA, HANA, MILO, CLIVE, CLEO):
        post.wait_until_told(story.stack, person, story.number, "The lab moved its dates.")


def reminders_follow(story: Story) -> None:
    """Fourteen days before the window's new end, and not before its old one."""
    story.clock_at(story.days(16.1))
    closes = "The access window of this case closes soon"
    for person in (NOOR, RAFAEL, REZA):
        post.wait_for_reminder(story.stack, person, story.number, "-14d", closes)
        notices = story.who(person).go("/notices/")
        notices.sees(closes, story.number).sees_not(lab.SECRET)
    story.clock_at(story.days(23.1))
    post.wait_for_reminder(story.stack, HANA, story.number, "-7d", "Your early access starts soon.")
    post.wait_for_reminder(story.stack, NOOR, story.number, "-7d", closes)


def the_grant_starts_and_the_window_ends(story: Story) -> None:
    story.clock_at(story.partner_release + timedelta(hours=1))
    rafael, milo = story.who(RAFAEL), story.who(MILO)
    card = lab.files(story.folder)[0][0].read_bytes()
    rafael.go(f"/case/{story.number}/").sees("The lab's documents are not open to you now.")
    reviewing.cannot_reveal(rafael, story.number)
    partnering.open_the_grant(milo, story.number)
    milo.sees(lab.MODEL)
    assert partnering.read_the_documents(milo) == [card]
    partnering.reveal(milo)
    milo.go("/partner/").sees_not(partnering.CLOVERLEAF)
    assert milo.page.locator("tbody tr").filter(has_text=story.number).count() == 1
    milo.go(f"/lab/cases/{story.number}/", status=404)
    for person in (NOOR, RAFAEL, CORA):
        post.wait_until_told(story.stack, person, story.number, "The access window has ended")


def one_grant_expires(story: Story) -> None:
    story.clock_at(story.partner_release + timedelta(days=10, hours=1))
    milo = story.who(MILO)
    partnering.open_the_grant(milo, story.number)
    milo.sees("Access has ended.").sees_not(partnering.PARTNER_INSTRUCTIONS, lab.files(story.folder)[0][2])
    for link in partnering.links_of(MILO):
        milo.go(link, status=404)
    post.wait_until_told(story.stack, MILO, story.number, "expired")


def the_lab_records_its_release(story: Story) -> None:
    noor, cleo, rafael = story.who(NOOR), story.who(CLEO), story.who(RAFAEL)
    partnering.open_the_grant(cleo, story.number)
    card = lab.files(story.folder)[0][0].read_bytes()
    assert partnering.read_the_documents(cleo) == [card]
    partnering.reveal(cleo)
    noor.go(f"/lab/cases/{story.number}/").follow("Record the release").sees(partnering.CLOVERLEAF)
    noor.press("Record the release")
    partnering.open_the_grant(cleo, story.number)
    cleo.sees_not(partnering.PARTNER_INSTRUCTIONS, "Show the access instructions")
    for link in partnering.links_of(CLEO):
        cleo.go(link, status=404)
    rafael.go(f"/case/{story.number}/").sees("The lab's documents are not open to you now.")
    for person in (CLEO, CLIVE, RAFAEL, REZA, CORA):
        post.wait_until_told(story.stack, person, story.number, "The lab recorded its release.")


def the_lab_reads_who_saw_it(story: Story) -> None:
    noor = story.who(NOOR)
    noor.go(f"/lab/cases/{story.number}/").follow("Who can see this, and who looked")
    noor.sees("DCDA reviewer 1", "DSD reviewer 1", "Programme coordinator", "Harbor Grid", "Cloverleaf")
    assert "Rafael Stone" not in noor.text
    card, log = (title for _, _, title in lab.files(story.folder))
    assert lab.looks(noor, "Files downloaded or compared") == sorted(
        [
            ("DCDA reviewer 1", card),
            ("DCDA reviewer 1", log),
            ("Milo Grant", card),
            ("Cleo Varga", card),
        ]
    )
    assert lab.looks(noor, "Access instructions revealed") == [
        ("Cleo Varga", "Revealed a grant's access instructions"),
        ("DCDA reviewer 1", "Revealed the access instructions"),
        ("Milo Grant", "Revealed a grant's access instructions"),
    ]
    looks = lab.looks(noor, "Everything")
    everyone = {name for name, _ in looks}
    assert everyone >= {"DCDA reviewer 1", "Milo Grant", "Cleo Varga"}
    # Of the office's two, one worked on the case; which of the numbers is theirs, is drawn.
    assert len(everyone & {"DSI coordinator 1", "DSI coordinator 2"}) == 1
    # He read a draft, to check it: the agency's own, of which the lab learns when it is shared.
    assert "Read the assessments" not in {what for name, what in looks if name == "DSD reviewer 1"}


CHAPTERS = [
    the_lab_submits,
    terms_access_and_seats,
    the_reviewer_reads_but_does_not_reach_the_model,
    another_case_is_withdrawn,
    the_window_opens_and_an_assessment_is_shared,
    two_partners_are_agreed,
    the_lab_moves_its_date,
    reminders_follow,
    the_grant_starts_and_the_window_ends,
    one_grant_expires,
    the_lab_records_its_release,
    the_lab_reads_who_saw_it,
]
