"""The pages of findings: a partner reports, the lab that owns one remedies it, and a stranger meets nothing."""

import pytest
import time_machine

from partners.models import Finding
from portal.accounts.models import Role
from portal.ledger.models import Event
from tests import factories as make
from tests.admin.desk import words
from tests.api.calls import counted
from tests.factories import DAY, NOW
from tests.factories_findings import CHAIN, VALUES, Reported
from tests.factories_partners import GrantCase
from tests.site.test_notices import client_of

pytestmark = pytest.mark.django_db
FORM = VALUES | {"tlp": "TLP:AMBER", "zone": "America/New_York"}
PARTNER, LAB = "/partner/findings/", "/lab/findings/"


@pytest.fixture(autouse=True)
def _at_now():
    with time_machine.travel(NOW, tick=False):
        yield


def test_a_partner_writes_edits_and_reports():
    case = GrantCase()
    grant = case.agree()
    client = client_of(case.partner.member)
    assert "No findings yet" in words(client.get(PARTNER))
    empty = client.post(f"{PARTNER}new/", {"zone": "UTC", "tlp": "TLP:AMBER"})
    assert empty.context["form"].errors == {"kind": ["Choose the kind of finding."]}
    wrong = client.post(f"{PARTNER}new/", FORM | {"cvss": "CVSS:3.1/AV:N"})
    assert wrong.context["form"].errors == {"cvss": ["A CVSS 4.0 vector begins with CVSS:4.0/."]}
    assert VALUES["text"] in wrong.content.decode()
    when = {"embargo_until_date": "2027-01-01", "embargo_until_time": "09:00", "found_on": str(grant.pk)}
    saved = client.post(f"{PARTNER}new/", FORM | when)
    assert saved.status_code == 303, saved.content.decode()[-2000:]
    finding = Finding.objects.get()
    assert saved["Location"] == f"{PARTNER}{finding.pk}/"
    assert (finding.submission, finding.owner, finding.reporter_chain.replace("\r\n", "\n"), finding.tlp) == (
        case.submission,
        case.lab,
        CHAIN,
        "TLP:AMBER",
    )
    # Written in US Eastern.
    assert finding.embargo_until.isoformat() == "2027-01-01T14:00:00+00:00"
    edited = client.post(f"{saved['Location']}edit/", FORM | when | {"title": "Praline", "revision": "1"})
    assert edited.status_code == 303
    stale = client.post(f"{saved['Location']}edit/", FORM | when | {"title": "Lost?", "revision": "1"})
    assert stale.status_code == 409
    assert "Lost?" in stale.content.decode()
    page = client.get(saved["Location"])
    assert "Praline" in words(page)
    assert "TLP:AMBER" in words(page)
    client.post(f"{saved['Location']}take/report/", {"revision": "2"})
    assert (Finding.objects.get().state, Finding.objects.get().title) == ("reported", "Praline")
    assert client.get(f"{saved['Location']}edit/").status_code == 303


def test_a_lab_reads_what_it_owns_once_notified_and_remedies_it():
    case = Reported(until="validate")
    client = client_of(case.owner)
    address = f"{LAB}{case.finding.pk}/"
    assert client.get(address).status_code == 404
    assert case.finding.number not in client.get(LAB).content.decode()
    case.step("notify_owner", "coordinator", owner=case.lab)
    listed, page = client.get(LAB), client.get(address)
    assert "your lab owns it" in words(listed)
    for word in (case.partner.name, case.member.name, "Dam Watch"):
        assert word not in (listed.content + page.content).decode()
    for verb, state in (
        ("extend_disclosure", "owner_notified"),
        ("remediate", "remediating"),
        ("fix", "fixed"),
        ("consent_publication", "fixed"),
        ("publish", "published"),
    ):
        answer = client.post(f"{address}take/{verb}/", {"revision": str(case.again().revision)})
        assert (answer.status_code, case.again().state) == (303, state)
    assert case.again().disclosure_due_at == NOW + 104 * DAY
    looks = Event.objects.filter(kind="look", actor=case.owner, subject_id=case.finding.pk)
    assert set(looks.values_list("verb", "capacity")) == {
        ("listed_findings", "lab"),
        ("viewed_finding", "lab"),
    }


def test_who_only_reads_takes_no_step():
    case = Reported(until="notify_owner")
    client = client_of(make.member(case.lab, Role.VIEWER))
    page = client.get(f"{LAB}{case.finding.pk}/")
    assert page.context["steps"] == []
    assert client.post(f"{LAB}{case.finding.pk}/take/remediate/").status_code == 403
    assert client.get(f"{LAB}new/").status_code == 403
    assert client.post(f"{LAB}{case.finding.pk}/take/relay/").status_code == 404
    assert case.again().state == "owner_notified"


def test_a_stranger_meets_nothing():
    case = Reported(until="notify_owner")
    other_partner = client_of(make.member(make.partner_organisation(), Role.ADMIN))
    other_lab = client_of(make.member(make.lab(), Role.ADMIN))
    agency = client_of(case.coordinator)
    for client, side in ((other_partner, PARTNER), (other_lab, LAB), (agency, PARTNER), (agency, LAB)):
        for page in ("", "edit/"):
            assert client.get(f"{side}{case.finding.pk}/{page}").status_code == 404
        assert client.post(f"{side}{case.finding.pk}/take/publish/").status_code == 404
        assert case.finding.number not in client.get(side).content.decode()
    # Neither side's people meet it on the other's pages.
    assert client_of(case.member).get(f"{LAB}{case.finding.pk}/").status_code == 404
    assert client_of(case.owner).get(f"{PARTNER}{case.finding.pk}/").status_code == 404


@pytest.mark.parametrize(("who", "side", "number"), [("member", PARTNER, 6), ("owner", LAB, 6)])
@pytest.mark.parametrize("rows", [1, 30])
def test_a_list_costs_the_same_for_one_and_for_thirty(who, side, number, rows):
    case = Reported(until="notify_owner")
    for count in range(min(rows, 25) - 1):
        row = Finding.objects.get(pk=case.finding.pk)
        row.pk, row.number, row._state.adding = Finding().pk, f"FD-{count}", True
        row.save(force_insert=True)
    client = client_of(getattr(case, who))
    client.get(side)
    with counted(number):
        page = client.get(side)
    assert len(page.context["rows"]) == min(rows, 25)
