"""Organisations that labs and agencies put forward: who may, who reads it, and what becomes of it."""

import pytest
import time_machine

from partners.actions import nominations as actions
from partners.models import PartnerNomination, PartnerProfile
from portal.deadlines.models import Message
from portal.errors import AlreadyDone, Invalid, Missing, NotAllowed
from portal.ledger.models import Event
from portal.submissions.models import Conflict
from tests import factories as make
from tests.admin.desk import Desk
from tests.api.calls import Caller
from tests.factories import NOW
from tests.factories_partners import Partner
from tests.factories_services import service
from tests.partners.test_pages import Browser, text_of

pytestmark = pytest.mark.django_db
PAGE = "/lab/partners/nominate/"
LIST, CHANGE = "partners_partnernomination_changelist", "partners_partnernomination_change"
WHY, NAME = "Praline turbines of ours stand there.", "Marzipan Water, Inc."
TYPED = {"name": NAME, "country": "US", "sectors": ["water"], "why": WHY}


@pytest.fixture(autouse=True)
def _at_now():
    with time_machine.travel(NOW, tick=False):
        yield


def forward(actor, side, **values) -> PartnerNomination:
    return actions.put_forward(actor=actor, side=side, at=NOW, **TYPED | values)


def test_a_lab_puts_one_forward_and_reads_its_own_alone():
    office, lab, other = make.coordinator(), make.lab(), make.lab()
    browser = Browser(make.member(lab, "contributor"))
    missing = browser.post(PAGE, 200, **TYPED | {"why": ""}).content.decode()
    assert "Write why this organisation." in missing
    assert f'value="{NAME}"' in missing
    assert f'<a href="{PAGE}" aria-current="page">Partners put forward</a>' in browser.get(PAGE)
    assert f'<a href="{PAGE}">Partners put forward</a>' in browser.get("/lab/")
    assert NAME in browser.lands(PAGE, **TYPED)
    row = PartnerNomination.objects.get()
    assert (row.nominated_for_id, row.why, row.state_told) == (lab.pk, WHY, "Waits for the programme office")
    told = Message.objects.filter(kind="partner_put_forward").values_list("recipient", flat=True)
    assert list(told) == [office.pk]
    viewer = make.member(lab, "viewer")
    page = Browser(viewer).get(PAGE)
    assert (NAME in page, "Put it forward" in page) == (True, False)
    Browser(viewer).post(PAGE, 403, **TYPED)
    rival = make.member(other, "admin")
    assert NAME not in text_of(Browser(rival).get(PAGE))
    assert list(PartnerNomination.objects.visible_to(rival)) == []
    assert PartnerNomination.objects.count() == 1


def test_who_puts_forward_for_whom():
    lab, agency, partner = make.lab(), make.agency(), Partner()
    forward(make.member(lab, "admin"), lab)
    forward(make.member(agency, "coordinator"), agency)
    refused = [
        (make.member(lab, "viewer"), lab), (make.member(make.lab(), "admin"), lab), (make.coordinator(), agency),
        (make.member(agency, "reviewer"), agency), (partner.admin, partner.organisation), (make.person(is_superuser=True), lab),
    ]  # fmt: skip
    for person, side in refused:
        with pytest.raises(NotAllowed):
            forward(person, side)
    for values in ({"why": " "}, {"name": ""}, {"sectors": []}, {"country": "XX"}):
        with pytest.raises(Invalid):
            forward(make.member(lab, "contributor"), lab, **values)
    assert PartnerNomination.objects.count() == 2


def test_the_office_takes_it_up_and_the_organisation_learns_not_by_whom():
    office, lab = make.coordinator(), make.lab()
    contributor = make.member(lab, "contributor")
    # A program of the lab's, which nobody reads notices for.
    head = make.member(lab, "admin")
    service(lab, actor=head)
    row = forward(contributor, lab)
    organisation = make.partner_organisation("Marzipan Water LLC")
    admin = make.member(organisation, "admin")
    desk = Desk(office)
    page = desk.text(CHANGE, row.pk)
    assert [word in page for word in (WHY, lab.name, "Marzipan Water LLC")] == [True] * 3
    missing = desk.post("partners_partnernomination_take_up", row.pk, organisation=organisation.pk)
    assert "Write what the organisation operates or protects." in missing.content.decode()
    values = {"organisation": organisation.pk, "operates": "Wells."}
    assert desk.post("partners_partnernomination_take_up", row.pk, **values).status_code == 303
    profile = PartnerProfile.objects.get(pk=organisation.pk)
    assert (profile.stored_state, profile.operates, profile.sectors) == ("nominated", "Wells.", ["water"])
    assert "Taken up" in text_of(Browser(contributor).get(PAGE))
    told = Message.objects.filter(kind="nomination_answered").values_list("recipient", "link")
    assert set(told) == {(contributor.pk, PAGE), (head.pk, PAGE)}
    own = text_of(Browser(admin).get("/partner/profile/"))
    own += Caller(admin).get(f"partners/{organisation.pk}/").content.decode()
    own += str(list(Event.objects.filter(subject_id=organisation.pk).values_list("data", "reason")))
    assert [word in own for word in (WHY, lab.name, str(lab.pk))] == [False] * 3
    with pytest.raises(AlreadyDone):
        actions.set_aside(actor=office, nomination=row, reason="x", at=NOW)


def test_one_that_is_in_the_programme_already_is_named_and_stays_as_it_is():
    office, lab = make.coordinator(), make.lab()
    partner = Partner(by=office)
    row = forward(make.member(lab, "admin"), lab)
    row = actions.take_up(actor=office, nomination=row, organisation=partner.organisation, at=NOW)
    assert (row.outcome, row.organisation_id, partner.again().stored_state) == (
        "taken_up", partner.organisation.pk, "eligible",
    )  # fmt: skip


def test_it_is_set_aside_with_a_reason_to_whoever_nominated():
    office, agency = make.coordinator(), make.agency()
    coordinator = make.member(agency, "coordinator")
    desk = Desk(coordinator)
    assert desk.post("partners_partnernomination_add", side=agency.pk, **TYPED).status_code == 303
    row = PartnerNomination.objects.get()
    with pytest.raises(Missing):
        actions.set_aside(actor=office, nomination=row, reason=" ", at=NOW)
    for person in (coordinator, make.member(make.programme_office(), "auditor")):
        with pytest.raises(NotAllowed):
            actions.set_aside(actor=person, nomination=row, reason="x", at=NOW)
    assert (
        Desk(office).post("partners_partnernomination_set_aside", row.pk, reason="Nougat.").status_code == 303
    )
    assert "Nougat." in desk.text(CHANGE, row.pk)
    page = f"/admin/partners/partnernomination/{row.pk}/change/"
    told = Message.objects.filter(kind="nomination_answered")
    assert list(told.values_list("recipient", "link")) == [(coordinator.pk, page)]
    assert told.get() not in Message.objects.visible_to(make.coordinator())
    assert [event.verb for event in Event.objects.filter(subject_id=row.pk, kind="change").order_by("seq")] == [
        "put_forward", "set_aside",
    ]  # fmt: skip


@pytest.mark.parametrize("role", ["coordinator", "auditor"])
def test_a_conflict_with_a_lab_hides_whom_it_wants_as_a_partner(role):
    person, office = make.member(make.programme_office(), role), make.coordinator()
    lab, agency = make.lab(), make.agency()
    Conflict.objects.create(user=person, organisation=lab, note="Declared.", declared_by=person)
    of_lab = forward(make.member(lab, "admin"), lab)
    of_agency = forward(make.member(agency, "coordinator"), agency, name="Nougat Grid")
    desk = Desk(person)
    assert [name in desk.text(LIST) for name in (NAME, "Nougat Grid")] == [False, True]
    assert [desk.get(CHANGE, row.pk).status_code for row in (of_lab, of_agency)] == [404, 200]
    read = Event.objects.visible_to(person)
    assert [read.filter(subject_id=row.pk).exists() for row in (of_lab, of_agency)] == [False, True]
    told = Message.objects.filter(kind="partner_put_forward").values_list("recipient", "key")
    about = {
        str(Event.objects.get(subject_id=row.pk, verb="put_forward").pk): row for row in (of_lab, of_agency)
    }
    assert [
        (recipient, about[key.partition("/")[0]]) for recipient, key in told if recipient == person.pk
    ] == ([(person.pk, of_agency)] if role == "coordinator" else [])
    assert {about[key.partition("/")[0]] for recipient, key in told if recipient == office.pk} == {
        of_lab, of_agency,
    }  # fmt: skip
    with pytest.raises(NotAllowed):
        actions.set_aside(actor=person, nomination=of_lab, reason="x", at=NOW)


def test_whoever_reads_a_nomination_is_on_record():
    lab, office = make.lab(), make.coordinator()
    contributor = make.member(lab, "contributor")
    row = forward(contributor, lab)
    Browser(contributor).get(PAGE)
    desk = Desk(office)
    desk.text(LIST)
    desk.text(CHANGE, row.pk)
    looks = Event.objects.looks().filter(subject_id=row.pk).order_by("seq")
    assert list(looks.values_list("actor", "verb", "capacity", "case_id")) == [
        (contributor.pk, "listed_nominations", "lab", None),
        (office.pk, "listed_nominations", "coordinator", None),
        (office.pk, "viewed_nomination", "coordinator", None),
    ]
    assert set(Event.objects.visible_to(contributor).filter(subject_id=row.pk)) == set()


def test_agencies_read_their_own_and_the_office_all():
    lab, agency = make.lab(), make.agency()
    of_lab = forward(make.member(lab, "admin"), lab)
    of_agency = forward(make.member(agency, "coordinator"), agency, name="Nougat Grid")
    seen = {
        make.coordinator(): {of_lab, of_agency},
        make.member(make.programme_office(), "auditor"): {of_lab, of_agency},
        make.member(agency, "coordinator"): {of_agency},
        make.member(make.agency(), "coordinator"): set(),
        make.member(agency, "reviewer"): set(),
        make.member(make.programme_office(), "designator"): set(),
        Partner().admin: set(),
        make.person(is_superuser=True): set(),
    }
    assert {person: set(PartnerNomination.objects.visible_to(person)) for person in seen} == seen
    desk = Desk(make.member(agency, "coordinator"))
    assert [name in desk.text(LIST) for name in (NAME, "Nougat Grid")] == [False, True]
    assert desk.get(CHANGE, of_lab.pk).status_code == 404
