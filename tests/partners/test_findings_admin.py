"""Findings on the workbench: who gets in, each step, what is alike, and what a list costs."""

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from partners.models import Finding, FindingRelay
from portal.accounts.models import Affiliation, Role
from portal.ledger.models import Event
from tests import factories as make
from tests.admin.desk import Desk
from tests.factories import DAY, NOW
from tests.factories_findings import CHAIN, VECTOR, Reported
from tests.factories_partners import GrantCase

pytestmark = pytest.mark.django_db
LIST, PAGE = "partners_finding_changelist", "partners_finding_change"


@pytest.fixture(autouse=True)
def _at_now():
    with time_machine.travel(NOW, tick=False):
        yield


def take(desk: Desk, verb: str, case: Reported, **data) -> str:
    """Post a step from the finding's present revision; returns what the next page says."""
    answer = desk.post(f"partners_finding_{verb}", case.finding.pk, revision=case.again().revision, **data)
    assert answer.status_code == 303, answer.content.decode()[-3000:]
    return desk.text(answer["Location"])


def test_the_governments_steps_from_triage_to_publication():
    case = Reported(until="report")
    desk, liaison = Desk(case.coordinator), Desk(case.liaison)
    assert case.finding.number in desk.text(LIST, waits="triage")
    page = desk.text(PAGE, case.finding.pk)
    assert "Marzipan in the header" in page
    assert case.partner.name in page
    take(liaison, "triage", case, ssvc="Act")
    take(desk, "validate", case)
    wrong = desk.post("partners_finding_notify_owner", case.finding.pk, revision=case.again().revision)
    assert "Name the owning lab, or write a contact" in wrong.content.decode()
    take(desk, "notify_owner", case, owner="", vendor_contact="psirt@vendor.invalid")
    take(liaison, "relay", case, clearinghouse="Invented")
    refused = desk.post(
        "partners_finding_set_embargo",
        case.finding.pk,
        revision=case.again().revision,
        embargo_until="2027-06-01T10:00",
    )
    assert "A relay to the clearinghouse is under way" in refused.content.decode()
    assert "VU#7" in take(liaison, "relay", case, clearinghouse_id="VU#7")
    take(desk, "set_embargo", case, embargo_until="2027-06-01T10:00")
    take(desk, "extend_disclosure", case)
    take(desk, "mark_exploited", case)
    take(desk, "remediate", case)
    take(desk, "fix", case)
    early = desk.post("partners_finding_publish", case.finding.pk, revision=case.again().revision)
    assert "It is under embargo" in early.content.decode()
    assert "Consent to publication" in desk.text(PAGE, case.finding.pk)
    assert "Consent to publication" not in take(desk, "consent_publication", case)
    assert "Published" in take(desk, "publish", case)
    found = case.again()
    # The time was typed in the reader's zone, US Eastern.
    assert (found.state, found.ssvc, found.embargo_until.isoformat()) == (
        "published",
        "Act",
        "2027-06-01T14:00:00+00:00",
    )
    assert FindingRelay.objects.get().their_id == "VU#7"


def test_a_duplicate_by_its_number_and_one_not_reproduced():
    first, second, third = (Reported(until="triage") for _ in range(3))
    desk = Desk(first.coordinator)
    wrong = desk.post("partners_finding_mark_duplicate", second.finding.pk, duplicate_of="FD-0000-0000")
    assert "No finding that you see has this number." in wrong.content.decode()
    page = take(desk, "mark_duplicate", second, duplicate_of=first.finding.number.lower())
    assert first.finding.number in page
    take(desk, "not_reproduce", third, reason="Tried on 3.2.")
    assert (second.again().duplicate_of, third.again().state) == (first.finding, "not_reproduced")


def test_a_reviewer_writes_their_agencys_own():
    agency = make.agency()
    reviewer = make.member(agency, Role.REVIEWER)
    desk = Desk(reviewer)
    values = {"kind": "model_safeguard", "title": "It eats marzipan", "text": "Asked kindly.", "cvss": VECTOR,
              "reporter_chain": CHAIN}  # fmt: skip
    # The usual marking is chosen already.
    values["tlp"] = desk.get("partners_finding_add").context["form"]["tlp"].value()
    wrong = desk.post("partners_finding_add", **values | {"cvss": "CVSS:3.1/AV:N"})
    assert "A CVSS 4.0 vector begins with CVSS:4.0/." in wrong.content.decode()
    assert desk.post("partners_finding_add", **values).status_code == 303
    finding = Finding.objects.get()
    assert (finding.reporter, finding.state, finding.tlp, finding.reporter_chain) == (
        agency,
        "draft",
        "TLP:AMBER+STRICT",
        CHAIN,
    )
    edit = desk.get("partners_finding_edit", finding.pk)
    assert edit.context["form"]["title"].value() == "It eats marzipan"
    answer = desk.post("partners_finding_edit", finding.pk, revision=1, **values | {"product": "Kestrel 5"})
    assert answer.status_code == 303
    assert desk.post("partners_finding_report", finding.pk, revision=2).status_code == 303
    found = Finding.objects.get()
    assert (found.state, found.product, found.reported_by) == ("reported", "Kestrel 5", reviewer)
    assert "edit" not in [offer.verb for offer in _steps(desk.get(PAGE, finding.pk))]


def _steps(page) -> list:
    return [offer.step if hasattr(offer, "step") else offer for offer in page.context["offers"]]


def test_who_has_no_business_here_gets_nothing():
    case = Reported(until="notify_owner")
    agency = make.agency()
    barred = make.coordinator()
    Affiliation.objects.create(user=barred, organisation=case.lab)
    outsiders = [
        make.member(agency, Role.REVIEWER),
        make.member(agency, Role.COORDINATOR),
        make.member(agency, Role.SECURITY),
        barred,
        case.member,
        case.owner,
        make.person(is_superuser=True),
    ]
    for person in outsiders:
        desk = Desk(person)
        assert desk.get(PAGE, case.finding.pk).status_code in (403, 404)
        assert desk.post("partners_finding_publish", case.finding.pk).status_code in (403, 404)
        listed = desk.get(LIST)
        assert case.finding.number not in listed.content.decode()
    assert case.again().state == "owner_notified"


def test_a_liaison_reads_no_case_number_and_looks_are_recorded():
    granted = GrantCase()
    case = Reported(submission=granted.submission, until="notify_owner")
    number = granted.submission.case_number
    assert number in Desk(case.coordinator).text(PAGE, case.finding.pk)
    assert number not in Desk(case.liaison).text(PAGE, case.finding.pk)
    Desk(case.coordinator).get(LIST)
    looks = Event.objects.filter(kind="look", case_id=granted.submission.pk, subject_id=case.finding.pk)
    assert list(looks.order_by("seq").values_list("verb", "capacity")) == [
        ("viewed_finding", "coordinator"),
        ("viewed_finding", "liaison"),
        ("listed_findings", "coordinator"),
    ]


def test_what_is_alike_the_most_alike_first():
    case = Reported(until="report")
    same = Reported(until="triage", title="Nougat overflows again")
    near = Reported(until="report", title="Praline overflows", product="Praline Gate")
    Reported(until="report", title="Sherbet leaks", product="Sherbet Jar", text="Sugar everywhere.")
    # Neither a draft, nor what a conflict hides, nor the finding itself.
    Reported()
    hidden = Reported(until="report")
    Affiliation.objects.create(user=case.coordinator, organisation=hidden.lab)
    Finding.objects.filter(pk=hidden.finding.pk).update(owner=hidden.lab)
    alike = Finding.objects.visible_to(case.coordinator).exclude(pk=case.finding.pk)
    found = list(alike.alike(case.finding.title, case.finding.product))
    assert [row.pk for row in found] == [same.finding.pk, near.finding.pk]
    assert found[0].likeness > found[1].likeness > 0
    page = Desk(case.coordinator).text(PAGE, case.finding.pk)
    assert same.finding.number in page
    assert hidden.finding.number not in page
    looks = Event.objects.looks().filter(actor=case.coordinator, verb="listed_findings")
    assert set(looks.values_list("subject_id", flat=True)) == {same.finding.pk, near.finding.pk}
    # Without the extension it is a list all the same, and the newest stand first.
    plain = alike.alike(case.finding.title, case.finding.product, trigrams=False)
    assert {row.pk for row in plain} == {row.pk for row in found}


@pytest.mark.parametrize(
    ("question", "value", "shown"),
    [
        ("waits", "owner", ["with owner"]),
        ("waits", "triage", ["reported"]),
        ("clock", "soon", ["with owner"]),
        ("clock", "passed", []),
        ("which", "incident", ["reported"]),
        ("which", "exploited", []),
        ("q", "sherbet", ["reported"]),
    ],
)
def test_the_lists_questions(question, value, shown):
    cases = {
        "with owner": Reported(until="notify_owner", at=NOW - 85 * DAY),
        "reported": Reported(until="report", kind="incident", title="Sherbet leaks"),
    }
    page = Desk(cases["reported"].coordinator).get(LIST, **{question: value})
    rows = [row.pk for row in page.context["cl"].result_list]
    assert rows == [cases[name].finding.pk for name in shown]


@pytest.mark.parametrize("role", ["coordinator", "liaison"])
def test_a_list_costs_the_same_for_one_and_for_thirty(role):
    first = Reported(until="notify_owner")
    counts = []
    for number in (1, 30):
        for _ in range(number - 1):
            Reported(until="report")
        desk = Desk(getattr(first, role))
        desk.get(LIST)
        with CaptureQueriesContext(connection) as captured:
            page = desk.get(LIST)
        assert len(page.context["cl"].result_list) == number
        counts.append(len([q for q in captured if not q["sql"].startswith(("SAVEPOINT", "RELEASE"))]))
    assert counts == [7, 7]


def test_what_waits_on_the_programme_office_stands_on_its_first_page():
    first = Reported(until="report")
    Reported(until="validate")
    Reported(until="notify_owner")
    home = Desk(first.coordinator).text("index")
    for words in ("1 Findings to triage", "1 Owners to notify"):
        assert words in home, words
    assert "Findings to triage" not in Desk(first.liaison).text("index")
