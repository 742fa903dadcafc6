"""A thousand organisations of fifty countries, and a hundred live grants of one model: the same statements as for two."""

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from partners import choosing, countries
from partners.models import Grant, PartnerProfile, Sector
from portal.accounts.models import Kind, Organisation
from tests.admin.desk import Desk
from tests.api.calls import UNCOUNTED, Caller
from tests.factories import DAY, NOW
from tests.factories_partners import GrantCase, Partner
from tests.partners.test_pages import Browser, lab_page, text_of

pytestmark = pytest.mark.django_db
COUNTRIES = sorted(countries.names())[:50]
ORGANISATIONS, GRANTS = 1000, 100
SECTORS = list(Sector.values)


@pytest.fixture(autouse=True)
def _at_now():
    with time_machine.travel(NOW + 21 * DAY, tick=False):
        yield


def many(case: GrantCase) -> None:
    """Rows like the one eligible organisation and its agreed grant, under other names."""
    houses = Organisation.objects.bulk_create(
        Organisation(kind=Kind.PARTNER, name=f"Invented House {n:04}", short_name=f"IH{n:04}")
        for n in range(ORGANISATIONS - 1)
    )
    profile = case.partner.again()
    kept = {field.attname: getattr(profile, field.attname) for field in PartnerProfile._meta.concrete_fields}
    PartnerProfile.objects.bulk_create(
        PartnerProfile(
            **kept
            | {
                "organisation_id": house.pk,
                "country": COUNTRIES[n % len(COUNTRIES)],
                "sectors": [SECTORS[n % 16]],
            }
        )
        for n, house in enumerate(houses)
    )
    grant = case.grant_again()
    kept = {field.attname: getattr(grant, field.attname) for field in Grant._meta.concrete_fields}
    del kept["id"]
    Grant.objects.bulk_create(Grant(**kept | {"partner_id": house.pk}) for house in houses[: GRANTS - 1])


def costs(case: GrantCase) -> dict[str, int]:
    """The statements of each page for those whose page it is."""
    lab, desk, partner = Browser(case.contributor), Desk(case.coordinator), Browser(case.partner.member)
    office, program = Caller(case.coordinator), Caller(case.contributor)
    number = case.submission.case_number
    pages = {
        "lab: partners": lambda: lab.get(lab_page(case, grant=False)),
        "lab: coverage": lambda: lab.get(lab_page(case, "coverage/", grant=False)),
        "lab: propose": lambda: lab.get(lab_page(case, "propose/", grant=False)),
        "lab: case": lambda: lab.get(f"/lab/cases/{number}/"),
        "desk: propose": lambda: desk.get("partners_grant_add", submission=number),
        "desk: organisation": lambda: desk.get(
            "partners_partnerprofile_change", case.partner.organisation.pk
        ),
        "desk: case": lambda: desk.get("submissions_submission_change", case.submission.pk),
        "partner: home": lambda: partner.get("/partner/"),
        "partner: grant": lambda: partner.get(f"/partner/grants/{case.grant.pk}/"),
        "api: partners": lambda: office.get("partners/"),
        "api: grants": lambda: program.get("grants/"),
    }
    found = {}
    for name, ask in pages.items():
        ask()
        with CaptureQueriesContext(connection) as captured:
            ask()
        found[name] = sum(not query["sql"].startswith(UNCOUNTED) for query in captured.captured_queries)
    return found


def test_pages_cost_the_same_for_a_thousand_organisations_and_a_hundred_grants():
    case = GrantCase()
    case.agree(at=NOW)
    Partner(by=case.coordinator)
    few = costs(case)
    many(case)
    assert costs(case) == few
    assert few == {
        "lab: partners": 8, "lab: coverage": 8, "lab: propose": 14, "lab: case": 24,
        "desk: propose": 9, "desk: organisation": 19, "desk: case": 36,
        "partner: home": 7, "partner: grant": 15, "api: partners": 3, "api: grants": 4,
    }  # fmt: skip
    drawn = choosing.coverage(case.contributor, case.submission)
    assert sum(row.agreed for row in drawn.rows) == GRANTS
    assert sum(row.eligible for row in drawn.rows) == ORGANISATIONS + 1 - GRANTS
    # Those with most organisations, and one column for all other countries.
    assert len(drawn.columns) == choosing.COLUMNS + 1
    page = text_of(Browser(case.contributor).get(lab_page(case, "propose/", grant=False)))
    assert "The first 200 of 901 organisations that fit." in page
