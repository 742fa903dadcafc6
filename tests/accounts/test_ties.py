"""What conflicts follow from: work, other addresses, and organisations' mail domains; who writes it down and takes it off."""

from datetime import date

import pytest
from allauth.account.models import EmailAddress

from portal.accounts import actions
from portal.accounts.models import Affiliation, MailDomain, Membership, OtherAddress, Role, Tie
from portal.errors import AlreadyDone, Invalid, NotAllowed
from portal.ledger.models import Event
from tests import factories as make
from tests.admin.desk import Desk
from tests.api.calls import counted

pytestmark = pytest.mark.django_db
NOW, DAY = make.NOW, make.DAY


@pytest.fixture
def lab():
    return make.lab()


@pytest.fixture
def coordinator():
    return make.coordinator()


@pytest.fixture
def reviewer():
    return make.member(make.agency(), Role.REVIEWER, "Rhea")


def ties(user) -> list[tuple]:
    rows = Tie.objects.filter(user=user).exclude(organisation__kind="agency")
    return list(rows.values_list("organisation", "how", "domain", "at_present"))


def domain_of(lab, coordinator, domain="lab.example") -> MailDomain:
    return actions.record_domain(actor=coordinator, organisation=lab, domain=domain, at=NOW)


@pytest.mark.parametrize(
    "where", ["account", "other address", "unverified alias", "verified alias", "subdomain"]
)
def test_an_address_at_a_labs_domain_ties_its_person_to_the_lab(lab, coordinator, reviewer, where):
    domain_of(lab, coordinator)
    assert ties(reviewer) == []
    if where == "account":
        type(reviewer).objects.filter(pk=reviewer.pk).update(email="Rhea@LAB.example")
    elif where == "other address":
        actions.record_address(actor=reviewer, user=reviewer, email="rhea@lab.example", at=NOW)
    elif where == "subdomain":
        actions.record_address(actor=reviewer, user=reviewer, email="rhea@mail.eu.lab.example", at=NOW)
    else:
        EmailAddress.objects.create(
            user=reviewer, email="rhea@lab.example", verified=where == "verified alias", primary=False
        )
    assert ties(reviewer) == [(lab.pk, "address", "lab.example", True)]


@pytest.mark.parametrize(
    "address", ["rhea@notlab.example", "rhea@lab.example.org", "lab.example@other.example", "rhea@example"]
)
def test_an_address_that_only_looks_alike_ties_nobody(lab, coordinator, reviewer, address):
    domain_of(lab, coordinator)
    OtherAddress.objects.create(user=reviewer, email=address, recorded_by=reviewer)
    assert ties(reviewer) == []


def test_work_ties_whatever_its_dates_say(lab, coordinator, reviewer):
    past, coming = make.lab(), make.lab()
    for organisation, since, until in (
        (lab, date(2020, 1, 1), None),
        (past, date(2001, 1, 1), date(2003, 1, 1)),
        (coming, date(2027, 1, 1), None),
    ):
        actions.record_affiliation(
            actor=coordinator, user=reviewer, organisation=organisation, since=since, until=until, at=NOW
        )
    assert set(ties(reviewer)) == {
        (lab.pk, "work", "", True),
        (past.pk, "work", "", False),
        (coming.pk, "work", "", True),
    }


def test_a_seat_ties_also_when_it_ended_and_services_are_nobody(lab, coordinator):
    person = make.person()
    Membership.objects.create(
        user=person, organisation=lab, role=Role.VIEWER, since=NOW - 9 * DAY, ended_at=NOW - DAY
    )
    assert ties(person) == [(lab.pk, "member", "", False)]
    domain_of(lab, coordinator, "service.invalid")
    token, _ = actions.make_service(
        actor=make.member(lab, Role.ADMIN), organisation=lab, name="Pipeline", scope="read", lifetime=DAY
    )
    assert {how for _, how, _, _ in ties(token.user)} == {"member"}


def test_a_person_writes_down_their_own_and_others_do_not(lab, coordinator, reviewer):
    root, peer = make.person(is_superuser=True), make.member(make.agency(), Role.REVIEWER)
    for actor in (reviewer, coordinator, root):
        actions.record_affiliation(actor=actor, user=reviewer, organisation=lab, at=NOW)
    assert Affiliation.objects.filter(user=reviewer).count() == 1
    for actor in (
        peer,
        make.member(lab, Role.ADMIN),
        make.member(make.agency(), Role.COORDINATOR),
        make.person(),
    ):
        for refused in (
            lambda actor=actor: actions.record_affiliation(
                actor=actor, user=reviewer, organisation=lab, at=NOW
            ),
            lambda actor=actor: actions.record_address(
                actor=actor, user=reviewer, email="a@lab.example", at=NOW
            ),
            lambda actor=actor: actions.record_domain(
                actor=actor, organisation=lab, domain="lab.example", at=NOW
            ),
        ):
            with pytest.raises(NotAllowed):
                refused()
    assert not OtherAddress.objects.exists()
    assert not MailDomain.objects.exists()


def test_a_lab_does_not_name_a_domain_and_so_blinds_no_agency(lab, coordinator):
    admin = make.member(lab, Role.ADMIN)
    with pytest.raises(NotAllowed):
        domain_of(lab, admin, "agency.example")
    with pytest.raises(Invalid) as agency:
        actions.record_domain(actor=coordinator, organisation=make.agency(), domain="a.example", at=NOW)
    assert agency.value.field == "organisation"


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("Lab.Example", "lab.example"),
        (" @lab.example. ", "lab.example"),
        ("a-b.lab.example", "a-b.lab.example"),
        ("example", None),
        ("gmail.com", None),
        ("lab..example", None),
        ("rhea@lab.example", None),
        ("%.example", None),
        ("-lab.example", None),
        ("", None),
    ],
)
def test_a_domain_as_it_is_typed(lab, coordinator, typed, found):
    if found is None:
        with pytest.raises(Invalid) as refused:
            domain_of(lab, coordinator, typed)
        assert refused.value.field == "domain"
        assert not MailDomain.objects.exists()
    else:
        assert domain_of(lab, coordinator, typed).domain == found


def test_a_domain_is_one_organisations_and_an_address_stands_once(lab, coordinator, reviewer):
    domain_of(lab, coordinator)
    with pytest.raises(AlreadyDone):
        domain_of(make.lab(), coordinator)
    actions.record_address(actor=reviewer, user=reviewer, email="Rhea@lab.example", at=NOW)
    with pytest.raises(AlreadyDone):
        actions.record_address(actor=coordinator, user=reviewer, email="rhea@LAB.example", at=NOW)


def test_nobody_takes_off_what_binds_themself(lab, coordinator, reviewer):
    other = make.coordinator()
    domain = domain_of(lab, coordinator)
    address = actions.record_address(actor=other, user=other, email="o@lab.example", at=NOW)
    for actor in (other, reviewer):
        with pytest.raises(NotAllowed):
            actions.end_address(actor=actor, address=address, reason="Mine no more.", at=NOW)
        with pytest.raises(NotAllowed):
            actions.end_domain(actor=actor, domain=domain, reason="Gone.", at=NOW)
    actions.end_address(actor=coordinator, address=address, reason="A mistake.", at=NOW)
    with pytest.raises(AlreadyDone):
        actions.end_address(actor=coordinator, address=address, reason="Again.", at=NOW)
    assert ties(other) == []
    actions.end_domain(actor=other, domain=domain, reason="Sold.", at=NOW)
    verbs = Event.objects.filter(
        verb__in=["record_domain", "recorded_domain", "ended_domain", "ended_address"]
    )
    assert list(verbs.order_by("seq").values_list("verb", "reason")) == [
        ("recorded_domain", ""),
        ("ended_address", "A mistake."),
        ("ended_domain", "Sold."),
    ]


def test_another_address_opens_no_account(client, reviewer):
    """Neither the sign-in nor the mailed link knows it."""
    reviewer.set_password("a long invented password 9")
    reviewer.save()
    actions.record_address(actor=reviewer, user=reviewer, email="rhea@elsewhere.example", at=NOW)
    answer = client.post(
        "/account/login/", {"login": "rhea@elsewhere.example", "password": "a long invented password 9"}
    )
    assert answer.status_code == 200
    assert "_auth_user_id" not in client.session
    assert not EmailAddress.objects.filter(user=reviewer, email="rhea@elsewhere.example").exists()


def test_the_workbench_shows_each_their_own_and_coordinators_all(lab, coordinator, reviewer):
    peer = make.member(make.agency(), Role.REVIEWER, "Pavel Peer")
    domain_of(lab, coordinator)
    for person in (reviewer, peer):
        answer = Desk(person).post("accounts_otheraddress_add", email=f"{person.name[0]}@lab.example")
        assert answer.status_code == 303
    assert "Pavel Peer" not in Desk(reviewer).text("accounts_tie_changelist")
    own = Desk(reviewer).text("accounts_tie_changelist")
    assert f"{lab.name} Address at lab.example" in own
    whole = Desk(coordinator).text("accounts_tie_changelist")
    assert "Pavel Peer" in whole
    assert "Rhea" in whole
    answer = Desk(coordinator).post(
        "accounts_affiliation_add", user=peer.email, organisation=str(lab.pk), until="2019-05-01"
    )
    assert answer.status_code == 303
    assert (lab.pk, "work", "", False) in ties(peer)
    partner = make.partner_organisation()
    assert partner.name not in Desk(reviewer).get("accounts_affiliation_add").content.decode()
    assert partner.name in Desk(coordinator).get("accounts_affiliation_add").content.decode()
    assert Desk(reviewer).get("accounts_maildomain_add").status_code == 403
    assert Desk(reviewer).get("accounts_maildomain_changelist").status_code == 403
    assert Desk(make.member(lab, Role.ADMIN)).get("accounts_tie_changelist").status_code == 404


@pytest.mark.parametrize("rows", [1, 30])
def test_the_list_of_ties_is_a_fixed_number_of_statements(lab, coordinator, rows):
    domain_of(lab, coordinator)
    for _ in range(rows):
        person = make.member(make.agency(), Role.REVIEWER)
        OtherAddress.objects.create(user=person, email=f"{person.pk}@lab.example", recorded_by=person)
    desk = Desk(coordinator)
    desk.get("accounts_tie_changelist")
    with counted(5):
        assert str(rows) in desk.text("accounts_tie_changelist")
