"""Fifty more partner organisations for a wave, all invented, each by the portal's own actions: applied, vetted, eligible."""

from tests.story.stack import Stack

PLACES = ("Alder", "Birch", "Cedar", "Damson", "Elder", "Fern", "Gorse", "Hazel", "Ivy", "Jasmine")
COUNTRIES = ("US", "CA", "GB", "NO", "DE", "FR", "JP", "AU", "NZ", "KR")
# Beside energy, in which all of them are.
TRADES = {
    "Water": "water",
    "Hydro": "dams",
    "Radio": "communications",
    "Trams": "transportation",
    "Clinics": "healthcare",
}
NAMES = [f"{place} {trade} (invented)" for place in PLACES for trade in TRADES]


def settle(stack: Stack) -> None:
    """Make them on a running stack, as an operator's shell would."""
    stack.manage("shell", "-c", "from tests.story import houses; houses.make()")


def address(name: str) -> str:
    """Of the administrator of one of them."""
    place, trade, _ = name.lower().split()
    return f"admin@{place}-{trade}.example"


def make() -> None:
    """Within the stack."""
    from django.db import transaction

    from portal.accounts.models import User

    maker = User.objects.get(email="sasha.sysadmin@portal.example")
    office = User.objects.get(email="desmond.coordinator@dsi.example")
    with transaction.atomic():
        for place, country in zip(PLACES, COUNTRIES, strict=True):
            for trade, sector in TRADES.items():
                _make(maker, office, f"{place} {trade} (invented)", ["energy", sector], country)


def _make(maker, office, name: str, sectors: list[str], country: str) -> None:
    from partners.actions import organisations, vetting
    from partners.attestations import ATTESTATIONS
    from partners.models import VettingCriteria
    from portal.accounts import actions as accounts
    from portal.accounts.models import Kind, Role, User

    short = name.removesuffix(" (invented)")
    house = accounts.create_organisation(actor=maker, kind=Kind.PARTNER, name=name, short_name=short)
    person = accounts.create_person(actor=maker, email=address(name), name=f"Sol {short}")
    accounts.add_membership(actor=maker, organisation=house, user=person, role=Role.ADMIN)
    # Read anew: a person keeps their seats for the life of the object.
    admin = User.objects.get(pk=person.pk)
    contact = {"name": admin.name, "role": "", "email": admin.email, "telephone": "+1 202 555 0190"}
    profile = organisations.apply(
        actor=admin,
        organisation=house,
        sectors=sectors,
        country=country,
        operates=f"{short}, all of it invented.",
        contacts=[contact],
        ownership="none",
        attestations=list(ATTESTATIONS),
    )
    organisations.begin_vetting(actor=office, profile=profile)
    keys = VettingCriteria.objects.current().criteria.values_list("key", flat=True)
    vetting.answer_criteria(actor=office, profile=profile, answers={key: {"found": "met"} for key in keys})
    organisations.find_eligible(actor=office, profile=profile)
