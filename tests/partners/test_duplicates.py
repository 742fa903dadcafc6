"""Organisations that may be one and the same: shown to who oversees the programme, and to no applicant."""

import pytest
import time_machine

from partners.actions import organisations
from partners.duplicates import likely
from partners.models import PartnerProfile
from portal.accounts.actions import ties
from tests import factories as make
from tests.admin.desk import Desk
from tests.factories import NOW
from tests.factories_partners import NOMINATION, PROFILE, Partner
from tests.partners.test_pages import Browser, text_of

pytestmark = pytest.mark.django_db
LEI = "5493001KJTIIGC8Y1R12"
CHANGE, ADD = "partners_partnerprofile_change", "partners_partnerprofile_add"


@pytest.fixture(autouse=True)
def _at_now():
    with time_machine.travel(NOW, tick=False):
        yield


def told(partner: Partner, **values) -> Partner:
    organisations.update_profile(actor=partner.admin, profile=partner.profile, at=NOW, **PROFILE | values)
    return partner


def found(organisation) -> dict[str, str]:
    return {row.organisation.name: row.why for row in likely(organisation)}


def test_alike_by_name_by_domain_and_by_lei():
    office = make.coordinator()
    mine = told(Partner(by=office, name="Marzipan Water, Inc."), lei=LEI, mail_domains=["water.example"])
    Partner(by=office, name="The Marzip\u00e1n Water Company")
    same = told(Partner(by=office, name="Nougat Pipes"), lei=LEI, mail_domains=["pipes.example"])
    told(same)
    told(Partner(by=office, name="Praline Dams"), mail_domains=["water.example"])
    recorded = Partner(by=office, name="Fudge Grid")
    ties.record_domain(actor=office, organisation=told(recorded).organisation, domain="grid.example", at=NOW)
    told(Partner(by=office, name="Toffee Rail"), mail_domains=["grid.example"])
    Partner(by=office, name="Marble Rail")
    assert found(mine.organisation) == {
        "The Marzip\u00e1n Water Company": "a name like this one's",
        # What an application said before counts too.
        "Nougat Pipes": f"the same LEI ({LEI})",
        "Praline Dams": "a mail domain in common (water.example)",
    }
    assert found(recorded.organisation) == {"Toffee Rail": "a mail domain in common (grid.example)"}


def test_the_office_reads_it_and_no_applicant():
    office = make.coordinator()
    first = Partner(by=office, name="Marzipan Water, Inc.")
    second = Partner(by=office, name="Marzipan Water LLC", eligible=False)
    for person in (office, make.member(make.programme_office(), "auditor")):
        page = Desk(person).text(CHANGE, second.organisation.pk)
        assert "Marzipan Water, Inc." in page
        assert "a name like this one" in page
    assert first.organisation.name not in text_of(Browser(second.admin).get("/partner/profile/"))
    assert "It may be here already" not in Desk(office).text(CHANGE, Partner(by=office).organisation.pk)


def test_before_a_nomination_is_saved_it_is_shown_and_refuses_nothing():
    office = make.coordinator()
    first = Partner(by=office, name="Marzipan Water, Inc.")
    new = make.partner_organisation("Marzipan Water LLC")
    desk = Desk(office)
    values = NOMINATION | {"organisation": new.pk}
    asked = desk.post(ADD, **values)
    page = asked.content.decode()
    assert asked.status_code == 200
    assert f"/admin/partners/partnerprofile/{first.organisation.pk}/change/" in page
    assert not PartnerProfile.objects.filter(pk=new.pk).exists()
    assert desk.post(ADD, **values, is_another="on").status_code == 303
    assert PartnerProfile.objects.get(pk=new.pk).stored_state == "nominated"
