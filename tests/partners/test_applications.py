"""What a partner organisation says of itself: checked, kept each time, read by its own people and the programme office alone."""

import pytest
import time_machine
from django.db import connection, transaction
from django.db.utils import DatabaseError

from partners.actions import organisations
from partners.attestations import ATTESTATIONS
from partners.lei import is_lei
from partners.models import PartnerApplication
from portal.errors import Invalid
from tests import factories as make
from tests.admin.desk import Desk
from tests.api.calls import Caller
from tests.factories import DAY, NOW
from tests.factories_partners import CONTACT, NOMINATION, PROFILE, TYPED, GrantCase, Partner
from tests.partners.test_pages import Browser, text_of

pytestmark = pytest.mark.django_db
LEI = "5493001KJTIIGC8Y1R12"
PAGE = "/partner/profile/"
SECRET = "Owned by the house of marzipan."
WHOLE = PROFILE | {
    "website": "https://dams.example",
    "mail_domains": ["@Dams.Example", "dams.example", "turbine.example."],
    "lei": LEI.lower(),
    "ownership": "partly",
    "ownership_words": SECRET,
}


@pytest.fixture(autouse=True)
def _at_now():
    with time_machine.travel(NOW, tick=False):
        yield


def test_the_check_digits_of_a_lei():
    wrong = [LEI[:-1] + "3", LEI.replace("KJ", "JK"), LEI[:-1], LEI.lower(), ""]
    assert [is_lei(text) for text in (LEI, *wrong)] == [True] + [False] * 5


def test_each_application_is_a_row_and_what_was_said_before_stays():
    partner = Partner(eligible=False)
    organisations.update_profile(actor=partner.admin, profile=partner.profile, at=NOW + DAY, **WHOLE)
    # Nothing new: nothing is written.
    organisations.update_profile(actor=partner.admin, profile=partner.profile, at=NOW + 2 * DAY, **WHOLE)
    rows = PartnerApplication.objects.order_by("number").values_list(
        "number", "written_at", "mail_domains", "lei", "ownership", "ownership_words"
    )
    assert list(rows) == [
        (1, NOW, [], "", "none", ""),
        (2, NOW + DAY, ["dams.example", "turbine.example"], LEI, "partly", SECRET),
    ]
    newest = PartnerApplication.objects.newest(partner.organisation.pk)
    assert newest.contacts == [CONTACT]
    assert newest.attested == [{"key": key, "words": words} for key, words in ATTESTATIONS.items()]
    for sql in ("UPDATE partners_partnerapplication SET lei = ''", "DELETE FROM partners_partnerapplication"):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql)


def test_a_nominated_organisation_fills_in_its_application():
    organisation = make.partner_organisation()
    admin = make.member(organisation, "admin")
    profile = organisations.nominate(
        actor=make.coordinator(), organisation=organisation, at=NOW, **NOMINATION
    )
    assert not PartnerApplication.objects.exists()
    profile = organisations.update_profile(actor=admin, profile=profile, at=NOW, **PROFILE)
    assert (profile.stored_state, PartnerApplication.objects.get().number) == ("nominated", 1)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"contacts": []}, "contacts"),
        ({"contacts": [CONTACT | {"email": "nobody"}]}, "contacts"),
        ({"contacts": [CONTACT, {"name": "Half"}]}, "contacts"),
        ({"contacts": [CONTACT] * 6}, "contacts"),
        ({"ownership": ""}, "ownership"),
        ({"ownership": "controlled"}, "ownership_words"),
        ({"attestations": list(ATTESTATIONS)[1:]}, "attestations"),
        ({"lei": LEI[:-1] + "3"}, "lei"),
        ({"website": "javascript:alert(1)"}, "website"),
        ({"mail_domains": ["no domain"]}, "mail_domains"),
        ({"mail_domains": ["gmail.com"]}, "mail_domains"),
    ],
)
def test_what_is_told_is_checked(values, field):
    organisation = make.partner_organisation()
    admin = make.member(organisation, "admin")
    with pytest.raises(Invalid) as refused:
        organisations.apply(actor=admin, organisation=organisation, at=NOW, **PROFILE | values)
    assert refused.value.field == field
    assert not PartnerApplication.objects.exists()


def test_the_form_keeps_what_was_typed_and_says_what_is_missing_where():
    organisation = make.partner_organisation()
    browser = Browser(make.member(organisation, "admin"))
    typed = TYPED | {
        "lei": LEI[:-1] + "3",
        "contact-1-name": "Ada Nougat",
        "contact-1-email": "ada@",
        "contact-1-telephone": "12",
    }
    del typed["attest-handling"]
    page = browser.post(PAGE, 200, **typed).content.decode()
    assert "Write a mail address, such as security@utility.example." in page
    assert "Attest this statement, or do not apply." in page
    # Above the form, where no group says whose it is; a statement ends in one stop.
    assert "Security contact 2, mail address</a>:" in page
    assert ".</a> Attest this statement" in page
    assert 'value="Ada Nougat"' in page
    again = browser.post(PAGE, 200, **TYPED | {"lei": typed["lei"]}).content.decode()
    assert "This is no LEI" in again
    assert not PartnerApplication.objects.exists()
    typed |= {"lei": LEI, "contact-1-email": "ada@dams.example", "attest-handling": "on"}
    browser.lands(PAGE, **typed, mail_domains="dams.example, turbine.example")
    told = PartnerApplication.objects.get()
    assert [row["name"] for row in told.contacts] == ["Sol Marzipan", "Ada Nougat"]
    assert told.mail_domains == ["dams.example", "turbine.example"]


def test_who_reads_it():
    case = GrantCase()
    case.agree()
    partner = case.partner
    organisations.update_profile(actor=partner.admin, profile=partner.profile, at=NOW, **WHOLE)
    auditor = make.member(make.programme_office(), "auditor")
    page = f"partners/{partner.organisation.pk}/"
    for person in (partner.admin, partner.member, case.coordinator, auditor):
        told = Caller(person).get(page).json()["application"]
        assert (told["number"], told["ownership_words"], told["contacts"]) == (2, SECRET, [CONTACT])
    answer = Caller(case.contributor).get(page)
    assert answer.json()["application"] is None
    assert SECRET not in answer.content.decode()
    assert SECRET in text_of(Browser(partner.member).get(PAGE))
    change = ("partners_partnerprofile_change", partner.organisation.pk)
    for person in (case.coordinator, auditor):
        assert SECRET in Desk(person).text(*change)
    others = [
        case.contributor, Partner().admin, make.member(make.agency(), "coordinator"),
        make.member(make.programme_office(), "designator"), make.person(is_superuser=True),
    ]  # fmt: skip
    theirs = PartnerApplication.objects.filter(organisation=partner.organisation)
    assert [theirs.visible_to(person).count() for person in others] == [0] * 5


def test_the_api_takes_a_whole_application():
    organisation = make.partner_organisation()
    admin = Caller(make.member(organisation, "admin"))
    half = admin.post("partners/", NOMINATION)
    assert (half.status_code, sorted(half.json()["errors"])) == (
        400,
        ["attestations", "contacts", "ownership"],
    )
    wrong = admin.post("partners/", WHOLE | {"lei": "5493001KJTIIGC8Y1R13"})
    assert (wrong.status_code, list(wrong.json()["errors"])) == (400, ["lei"])
    made = admin.post("partners/", WHOLE)
    assert made.status_code == 201
    told = made.json()["application"]
    assert (told["number"], told["lei"], told["mail_domains"]) == (
        1,
        LEI,
        ["dams.example", "turbine.example"],
    )
