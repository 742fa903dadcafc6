"""Choosing partners for one model: what they cover, whom a form offers, and a wave of many at once."""

import pytest
import time_machine

from partners import actions, choosing
from partners.choosing import coverage
from partners.models import Grant, PartnerProfile
from portal.deadlines.models import Message
from portal.errors import Invalid
from tests.admin.desk import Desk
from tests.factories import DAY, NOW
from tests.factories_partners import PURPOSE, GrantCase, Partner
from tests.partners.test_pages import Browser, lab_page, text_of

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _at_now():
    with time_machine.travel(NOW, tick=False):
        yield


def placed(partner: Partner, *sectors: str, country: str = "US") -> Partner:
    PartnerProfile.objects.filter(pk=partner.organisation.pk).update(sectors=list(sectors), country=country)
    return partner


def numbers(user, case: GrantCase) -> dict[str, tuple]:
    """The rows of sectors that anybody is of: agreed, proposed, eligible and not chosen, countries without."""
    found = coverage(user, case.submission, at=NOW).rows
    rows = {row.sector: (row.agreed, row.proposed, row.eligible, row.missing) for row in found}
    return {sector: row for sector, row in rows.items() if row != (0, 0, 0, [])}


def test_coverage_counts_what_is_agreed_proposed_and_left_by_sector_and_country():
    case = GrantCase()
    placed(case.partner, "energy", "water")
    case.agree()
    second = placed(Partner(by=case.coordinator), "dams", country="CA")
    case.propose(partner=second.organisation)
    placed(Partner(by=case.coordinator), "energy", country="CA")
    placed(Partner(by=case.coordinator, eligible=False), "nuclear")
    for user in (case.contributor, case.coordinator):
        assert numbers(user, case) == {
            "Dams": (0, 1, 0, []),
            "Energy": (1, 0, 1, ["Canada"]),
            "Water and Wastewater Systems": (1, 0, 0, []),
        }
    drawn = coverage(case.contributor, case.submission, at=NOW)
    assert [label for _, label in drawn.columns] == ["CA", "US"]
    assert len(drawn.cells) == 16 * 2
    sectors = [row.sector for row in drawn.rows]
    states = {
        (sectors[n // 2], ["CA", "US"][n % 2]): cell.state
        for n, cell in enumerate(drawn.cells)
        if cell.state != "nobody"
    }
    assert states == {
        ("Dams", "CA"): "proposed",
        ("Energy", "CA"): "gap",
        ("Energy", "US"): "agreed",
        ("Water and Wastewater Systems", "US"): "agreed",
    }


def test_another_labs_partners_are_no_part_of_it():
    ours, theirs = GrantCase(), GrantCase()
    placed(theirs.partner, "nuclear", country="FR")
    theirs.agree()
    # Eligible they are for everyone; that somebody else has agreed with them is nobody's to see.
    assert numbers(ours.contributor, ours)["Nuclear Reactors, Materials, and Waste"] == (0, 0, 1, ["France"])
    PartnerProfile.objects.filter(pk=theirs.partner.organisation.pk).update(stored_state="suspended")
    assert "Nuclear Reactors, Materials, and Waste" not in numbers(ours.contributor, ours)


def test_many_countries_share_the_last_column():
    case = GrantCase()
    codes = ["AT", "BE", "CA", "CH", "DE", "DK", "ES", "FI", "FR", "GB", "IE", "IT", "NL"]
    for code in codes:
        placed(Partner(by=case.coordinator), "energy", country=code)
    drawn = coverage(case.contributor, case.submission, at=NOW)
    assert [label for _, label in drawn.columns] == [*codes[:12], choosing.OTHERS]
    assert max(x for x, _ in drawn.columns) < 100


def test_an_offer_is_narrowed_and_leaves_out_who_has_a_standing_grant():
    case = GrantCase()
    case.propose()
    energy = placed(Partner(by=case.coordinator, name="Invented Hollow Grid"), "energy", country="CA")
    water = placed(Partner(by=case.coordinator, name="Invented Spring Works"), "water")

    def offered(**given) -> set:
        found = choosing.offer(case.contributor, case.submission, given, at=NOW)
        assert {row.pk for row in found.rows} == {energy.organisation.pk, water.organisation.pk}
        assert found.fitting == len(found.shown)
        return {row.organisation.name for row in found.shown}

    grid, works = "Invented Hollow Grid", "Invented Spring Works"
    assert offered() == {grid, works}
    assert offered(sector="water") == {works}
    assert offered(country="CA") == {grid}
    assert offered(name="  spring ") == {works}
    assert offered(sector="water", country="CA") == set()
    # What cannot be read narrows nothing.
    assert offered(sector="lemonade", country="XX") == {grid, works}


def fifty(case: GrantCase) -> list[Partner]:
    return [Partner(by=case.coordinator, name=f"Invented Works {n:02}") for n in range(50)]


def test_a_coordinator_proposes_a_wave_of_fifty_and_a_lab_reads_what_it_would_cover():
    case = GrantCase()
    wave = fifty(case)
    desk = Desk(case.coordinator)
    page = desk.text("partners_grant_add", submission=case.submission.case_number)
    for words in ("What the partners of this case cover", "51 organisations fit", "Invented Works 49"):
        assert words in page, words
    narrowed = desk.text("partners_grant_add", submission=case.submission.case_number, name="works 4")
    assert "10 organisations fit" in narrowed
    assert "Invented Works 12" not in narrowed
    values = {"submission": case.submission.case_number, "purpose": PURPOSE, "starts_at": "2026-10-04T10:00"}
    chosen = [one.organisation.pk for one in wave]
    assert desk.post("partners_grant_add", **values | {"partners": chosen}).status_code == 303
    rows = Grant.objects.values_list("partner_id", "proposed_side", "lab_consented_at")
    assert set(rows) == {(pk, "government", None) for pk in chosen}
    # However many they are, the lab's people are told once each.
    told = Message.objects.filter(kind="grant_proposed").values_list("recipient", flat=True)
    assert sorted(told) == sorted({*told})
    assert case.contributor.pk in told
    lab = Browser(case.contributor)
    shown = text_of(lab.get(lab_page(case, "coverage/", grant=False)))
    assert "8 Energy 0 50 1 None" in shown
    lab.get(lab_page(GrantCase(), "coverage/", grant=False), 404)


def test_one_of_a_wave_that_cannot_be_a_partner_is_named_and_nobody_is_proposed():
    case = GrantCase()
    case.propose()
    good, had = Partner(by=case.coordinator), case.partner
    with pytest.raises(Invalid) as refused:
        actions.propose_wave(
            actor=case.contributor,
            submission=case.submission,
            partners=[good.organisation, had.organisation],
            purpose=PURPOSE,
            starts_at=NOW + 20 * DAY,
            at=NOW,
        )
    assert refused.value.field == "partners"
    assert refused.value.message.startswith(
        f"{had.organisation.name}: This partner has a grant on this case already"
    )
    assert Grant.objects.count() == 1
