"""Who sees which finding, and how many; what of it; and that looks at one are on record."""

import pytest
import time_machine

from partners.actions import findings
from partners.models import Finding
from partners.policies_findings import finding_capacities, is_barred_from, reads_case, reads_reporter
from portal import scope
from portal.accounts.models import Affiliation, Membership, Role
from portal.errors import NotAllowed
from portal.ledger.models import Event
from portal.submissions.models import Conflict
from tests import factories as make
from tests.factories import NOW
from tests.factories_findings import VALUES, Reported
from tests.factories_partners import GrantCase

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _at_now():
    with time_machine.travel(NOW, tick=False):
        yield


def seen(person) -> set:
    return set(Finding.objects.visible_to(person).values_list("pk", flat=True))


def everyone(case: Reported) -> dict:
    agency = make.agency()
    return {
        "colleague": make.member(case.partner, Role.ADMIN),
        "other partner": make.member(make.partner_organisation(), Role.ADMIN),
        "owner": case.owner,
        "owner's viewer": make.member(case.lab, Role.VIEWER),
        "other lab": make.member(make.lab(), Role.ADMIN),
        "coordinator": case.coordinator,
        "other coordinator": make.member(agency, Role.COORDINATOR),
        "designator": make.member(agency, Role.DESIGNATOR),
        "auditor": make.member(agency, Role.AUDITOR),
        "liaison": case.liaison,
        "reviewer": make.member(agency, Role.REVIEWER),
        "security": make.member(agency, Role.SECURITY),
        "superuser": make.person(is_superuser=True),
    }


GOVERNMENT = ["coordinator", "designator", "auditor", "liaison"]


@pytest.mark.parametrize(
    ("until", "who"),
    [
        ("", ["colleague"]),
        ("report", ["colleague", *GOVERNMENT]),
        ("validate", ["colleague", *GOVERNMENT]),
        ("notify_owner", ["colleague", "owner", "owner's viewer", *GOVERNMENT]),
        ("fix", ["colleague", "owner", "owner's viewer", *GOVERNMENT]),
    ],
)
def test_who_sees_a_partners_finding(until, who):
    case, other = Reported(until=until), Reported()
    people = everyone(case)
    assert {name for name, person in people.items() if seen(person) == {case.finding.pk}} == set(who)
    assert {name for name, person in people.items() if not seen(person)} == set(people) - set(who)
    assert seen(other.member) == {other.finding.pk}


def test_a_former_member_sees_nothing():
    case = Reported(until="report")
    case.member.memberships.update(ended_at=NOW)
    assert seen(type(case.member).objects.get(pk=case.member.pk)) == set()


def test_an_agencys_finding_is_its_reviewers_own():
    agency = make.agency()
    reviewer, colleague = make.member(agency, Role.REVIEWER), make.member(agency, Role.REVIEWER)
    finding = findings.create_finding(actor=reviewer, reporter=agency, values=VALUES)
    people = everyone(Reported()) | {"colleague": colleague, "own auditor": make.member(agency, Role.AUDITOR)}
    assert {name for name, person in people.items() if finding.pk in seen(person)} == {"colleague"}
    assert finding_capacities(colleague, finding) == {"reporter"}


@pytest.mark.parametrize("role", [Role.COORDINATOR, Role.DESIGNATOR, Role.AUDITOR, Role.LIAISON])
@pytest.mark.parametrize("about", ["owner", "case", "reporter", "employer"])
def test_a_conflict_hides_a_finding_and_its_count(role, about):
    case = GrantCase()
    found = Reported(submission=case.submission, until="report")
    agency = make.programme_office() if role == Role.COORDINATOR else make.agency()
    person, free = make.member(agency, role), make.member(agency, role)
    if about == "employer":
        Affiliation.objects.create(user=person, organisation=case.lab)
    else:
        what = {"owner": {"organisation": case.lab}, "case": {"submission": case.submission}}
        target = what.get(about, {"organisation": found.partner})
        Conflict.objects.create(user=person, note="Declared.", declared_by=person, **target)
    assert (seen(person), seen(free)) == (set(), {found.finding.pk})
    assert (is_barred_from(person, found.finding), is_barred_from(free, found.finding)) == (True, False)
    assert finding_capacities(person, found.finding) == frozenset()


def test_nobody_writes_for_an_agency_about_what_a_conflict_keeps_from_them_there():
    """Somebody of an agency and of a partner sees the model by the partner's grant, and the agency's finding would be hidden."""
    case, agency = GrantCase(), make.agency()
    grant = case.agree()
    person = make.member(agency, Role.REVIEWER)
    Membership.objects.create(user=person, organisation=grant.partner, role=Role.ADMIN, since=NOW)
    Affiliation.objects.create(user=person, organisation=case.lab)
    asked = {"actor": person, "values": VALUES, "grant": grant}
    with pytest.raises(NotAllowed):
        findings.create_finding(reporter=agency, **asked)
    assert not Finding.objects.exists()
    assert not Event.objects.filter(verb="create_finding").exists()
    finding = findings.create_finding(reporter=grant.partner, **asked)
    assert seen(person) == {finding.pk}


def test_who_wrote_it_for_an_agency_loses_it_and_what_they_did_once_its_owner_is_a_lab_they_worked_for():
    """Asked in their own scope, where the filter cannot see the finding that it should leave out the events of."""
    office, case = make.programme_office(), Reported()
    writer, colleague = (make.member(office, Role.COORDINATOR) for _ in range(2))
    Affiliation.objects.create(user=writer, organisation=case.lab)
    finding = findings.create_finding(actor=writer, reporter=office, values=VALUES)
    finding = findings.report(actor=writer, finding=finding)
    assert (_in_own_scope(writer, finding), _in_own_scope(colleague, finding)) == ((1, 2), (1, 2))
    finding = findings.validate(actor=colleague, finding=findings.triage(actor=colleague, finding=finding))
    findings.notify_owner(actor=colleague, finding=finding, owner=case.lab)
    assert (_in_own_scope(writer, finding), _in_own_scope(colleague, finding)) == ((0, 0), (1, 5))


def _in_own_scope(person, finding: Finding) -> tuple[int, int]:
    """How often a person sees a finding, and how many events of it."""
    with scope.as_person(person.pk):
        events = Event.objects.visible_to(person).filter(subject_id=finding.pk)
        return Finding.objects.visible_to(person).filter(pk=finding.pk).count(), events.count()


def test_an_owner_is_not_told_who_reported():
    case = Reported(until="notify_owner")
    people = everyone(case)
    readers = {name for name, person in people.items() if reads_reporter(person, case.finding)}
    assert readers == {"colleague", *GOVERNMENT}


def test_a_liaison_is_not_told_of_the_case():
    granted = GrantCase()
    case = Reported(submission=granted.submission, until="notify_owner")
    people = everyone(case)
    readers = {name for name, person in people.items() if reads_case(person, case.finding)}
    assert readers == {"colleague", "owner", "owner's viewer", "coordinator", "designator", "auditor"}


def test_events_of_a_finding_are_read_by_overseers_and_by_who_did_them():
    case = Reported(until="remediate")
    barred = make.coordinator()
    Affiliation.objects.create(user=barred, organisation=case.lab)
    people = everyone(case) | {"member": case.member, "barred": barred}
    read = {
        name: list(
            Event.objects.visible_to(person)
            .filter(subject_id=case.finding.pk)
            .order_by("seq")
            .values_list("verb", flat=True)
        )
        for name, person in people.items()
    }
    everything = ["create_finding", "report", "triage", "validate", "notify_owner", "remediate"]
    assert {name: verbs for name, verbs in read.items() if verbs} == {
        "member": ["create_finding", "report"],
        "owner": ["remediate"],
        "coordinator": everything,
        "auditor": everything,
    }
