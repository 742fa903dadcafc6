"""The demonstration's organisations and people, and the means by which they sign in."""

import base64
import hashlib
from dataclasses import dataclass

from allauth.mfa.totp.internal.auth import TOTP
from django.contrib.auth.hashers import make_password

from portal.accounts import actions
from portal.accounts.models import Kind, Organisation, Role, User

PASSWORD = "invented-people-only-2026"  # noqa: S105 (public on purpose: the demonstration holds nothing real)
SYSADMIN = "sysadmin"


@dataclass(frozen=True, slots=True)
class House:
    """An organisation as the script knows it by ``key``."""

    key: str
    kind: Kind
    name: str
    short_name: str
    programme_office: bool = False

    @property
    def domain(self) -> str:
        return f"{self.key}.example"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody of a house. Who is ``listed`` signs in, and stands in demo.json with password, secret and token."""

    key: str
    name: str
    house: str
    roles: tuple[Role, ...]
    listed: bool = True
    zone: str = "America/New_York"

    @property
    def email(self) -> str:
        return f"{self.key.replace('_', '.')}@{self.house or 'portal'}.example"


HOUSES = (
    House("kestrel", Kind.LAB, "Kestrel Labs (invented)", "Kestrel"),
    House("quillon", Kind.LAB, "Quillon AI (invented)", "Quillon"),
    House("dsi", Kind.AGENCY, "Demo Standards Institute (invented)", "DSI", programme_office=True),
    House("dcda", Kind.AGENCY, "Demo Cyber Defense Agency (invented)", "DCDA"),
    House("dsd", Kind.AGENCY, "Demo Signals Directorate (invented)", "DSD"),
    House("harbor", Kind.PARTNER, "Harbor Grid Cooperative (invented)", "Harbor Grid"),
    House("meridian", Kind.PARTNER, "Meridian Water Trust (invented)", "Meridian Water"),
    House("cloverleaf", Kind.PARTNER, "Cloverleaf Security (invented)", "Cloverleaf"),
    House("saltmarsh", Kind.PARTNER, "Saltmarsh Clinics (invented)", "Saltmarsh"),
    House("tindertown", Kind.PARTNER, "Tindertown Rail (invented)", "Tindertown"),
    House("oxbow", Kind.PARTNER, "Oxbow Telecom (invented)", "Oxbow"),
    House("larkspur", Kind.PARTNER, "Larkspur Dams (invented)", "Larkspur"),
    House("juniper", Kind.PARTNER, "Juniper Exchange (invented)", "Juniper"),
    House("pemberley", Kind.PARTNER, "Pemberley Foods (invented)", "Pemberley"),
    House("gannet", Kind.PARTNER, "Gannet Ports (invented)", "Gannet"),
    # It has not applied: whoever tries the portal can do that for it.
    House("bracken", Kind.PARTNER, "Bracken Rural Power (invented)", "Bracken Power"),
)

PEOPLE = (
    Person("kit_admin", "Kit Farrow", "kestrel", (Role.ADMIN,)),
    Person("noor_contributor", "Noor Abernathy", "kestrel", (Role.CONTRIBUTOR,), zone="America/Los_Angeles"),
    Person("vera_viewer", "Vera Lindqvist", "kestrel", (Role.VIEWER,)),
    Person("quentin_admin", "Quentin Okafor", "quillon", (Role.ADMIN,)),
    Person("rosa_contributor", "Rosa Tamm", "quillon", (Role.CONTRIBUTOR,)),
    Person("emil_viewer", "Emil Brandt", "quillon", (Role.VIEWER,), zone="Europe/London"),
    Person("cora_coordinator", "Cora Whitfield", "dsi", (Role.COORDINATOR,)),
    Person("desmond_coordinator", "Desmond Achterberg", "dsi", (Role.COORDINATOR,)),
    Person("ruth_reviewer", "Ruth Valdez", "dsi", (Role.REVIEWER,)),
    Person("augusta_auditor", "Augusta Penn", "dsi", (Role.AUDITOR,)),
    Person("selma_security", "Selma Iwu", "dsi", (Role.SECURITY,)),
    Person("cyrus_coordinator", "Cyrus Demir", "dcda", (Role.COORDINATOR,)),
    Person("rafael_reviewer", "Rafael Stone", "dcda", (Role.REVIEWER,)),
    Person("rina_reviewer", "Rina Castellanos", "dcda", (Role.REVIEWER,)),
    Person("lionel_liaison", "Lionel Marsh", "dcda", (Role.LIAISON,)),
    Person("della_designator", "Della Monroe", "dsd", (Role.DESIGNATOR,)),
    Person("dorian_designator", "Dorian Hale", "dsd", (Role.DESIGNATOR,)),
    Person("reza_reviewer", "Reza Holm", "dsd", (Role.REVIEWER,)),
    Person("hana_admin", "Hana Brook", "harbor", (Role.ADMIN,)),
    Person("milo_member", "Milo Grant", "harbor", (Role.MEMBER,)),
    Person("mabel_member", "Mabel Frost", "harbor", (Role.MEMBER,)),
    Person("marta_admin", "Marta Quist", "meridian", (Role.ADMIN,)),
    Person("max_member", "Max Delaney", "meridian", (Role.MEMBER,)),
    Person("clive_admin", "Clive Osei", "cloverleaf", (Role.ADMIN,)),
    Person("cleo_member", "Cleo Varga", "cloverleaf", (Role.MEMBER,)),
    Person("sam_admin", "Sam Rowe", "saltmarsh", (Role.ADMIN,), listed=False),
    Person("tess_admin", "Tess Kaplan", "tindertown", (Role.ADMIN,), listed=False),
    Person("otto_admin", "Otto Lund", "oxbow", (Role.ADMIN,), listed=False),
    Person("lena_admin", "Lena Moss", "larkspur", (Role.ADMIN,), listed=False),
    Person("jude_admin", "Jude Park", "juniper", (Role.ADMIN,), listed=False),
    Person("petra_admin", "Petra Nash", "pemberley", (Role.ADMIN,), listed=False),
    Person("gail_admin", "Gail Winter", "gannet", (Role.ADMIN,), listed=False),
    Person("bea_admin", "Bea Lindgren", "bracken", (Role.ADMIN,)),
    Person("bram_member", "Bram Ostler", "bracken", (Role.MEMBER,)),
    Person("sasha_sysadmin", "Sasha Bell", "", ()),
)


def totp_secret(email: str) -> str:
    """A person's fixed second-factor secret: the same after every load, so that a phone that holds it keeps working."""
    return base64.b32encode(hashlib.sha256(f"portal demonstration {email}".encode()).digest()[:20]).decode()


class Cast:
    """Everybody, by key: ``cast.house("kestrel")``, ``cast.person("kit_admin")``."""

    def __init__(self, houses: dict[str, Organisation], people: dict[str, User]):
        self._houses, self._people = houses, people

    def house(self, key: str) -> Organisation:
        return self._houses[key]

    def person(self, key: str) -> User:
        return self._people[key]


def is_there() -> bool:
    """Whether this database holds the demonstration; it is made in one transaction, so one person stands for all."""
    return User.objects.filter(email__in=[person.email for person in PEOPLE]).exists()


def make() -> Cast:
    """Make everybody as a sysadmin would, at the present of a clock set back before the first case."""
    sysadmin = next(person for person in PEOPLE if not person.house)
    maker = User.objects.create_superuser(sysadmin.email, name=sysadmin.name)
    houses = {house.key: _house(maker, house) for house in HOUSES}
    people = {
        person.key: maker if person is sysadmin else _person(maker, person, houses) for person in PEOPLE
    }
    # One hash for all: the password is the same, and each costs a third of a second.
    hashed = make_password(PASSWORD)
    listed = [people[person.key] for person in PEOPLE if person.listed]
    User.objects.filter(pk__in=[user.pk for user in listed]).update(password=hashed)
    for user in listed:
        TOTP.activate(user, totp_secret(user.email))
    return _fresh(houses, people)


def _house(maker: User, house: House) -> Organisation:
    made = actions.create_organisation(
        actor=maker, kind=house.kind, name=house.name, short_name=house.short_name
    )
    if house.programme_office:
        Organisation.objects.filter(pk=made.pk).update(is_programme_office=True)
    if house.kind != Kind.AGENCY:
        actions.record_domain(actor=maker, organisation=made, domain=house.domain)
    return made


def _person(maker: User, person: Person, houses: dict[str, Organisation]) -> User:
    user = actions.create_person(actor=maker, email=person.email, name=person.name)
    actions.update_profile(actor=user, name=person.name, zone=person.zone)
    for role in person.roles:
        actions.add_membership(actor=maker, organisation=houses[person.house], user=user, role=role)
    return user


def again() -> Cast:
    """Everybody as an earlier load made them."""
    users = {user.email: user for user in User.objects.filter(email__in=[person.email for person in PEOPLE])}
    houses = {house.name: house for house in Organisation.objects.filter(name__in=[h.name for h in HOUSES])}
    return Cast(
        {house.key: houses[house.name] for house in HOUSES if house.name in houses},
        {person.key: users[person.email] for person in PEOPLE if person.email in users},
    )


def _fresh(houses: dict[str, Organisation], people: dict[str, User]) -> Cast:
    """Read anew: a person keeps their seats for the life of the object, and these were made without any."""
    for house in houses.values():
        house.refresh_from_db()
    return Cast(houses, {key: User.objects.get(pk=user.pk) for key, user in people.items()})
