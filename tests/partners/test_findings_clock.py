"""The disclosure clock: what is due when, whom it reminds, and that it stops."""

import pytest
import time_machine

from partners import findings_kinds as kinds
from partners.actions import findings
from portal.accounts.models import Affiliation, Role
from portal.deadlines import planning
from portal.deadlines.models import Deadline, Message
from portal.errors import AlreadyDone, WrongState
from tests import factories as make
from tests.factories import DAY, NOW
from tests.factories_findings import Reported

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _at_now():
    with time_machine.travel(NOW, tick=False):
        yield


def due(case: Reported) -> set:
    rows = Deadline.objects.still_open().filter(source_id=case.finding.pk)
    return {(row.kind, row.person_id, row.due_at - NOW) for row in rows}


def clock(case: Reported, days: int) -> set:
    return {
        (kinds.DISCLOSURE, case.owner.pk, days * DAY),
        (kinds.DISCLOSURE_OFFICE, case.coordinator.pk, days * DAY),
        (kinds.DISCLOSURE_REPORTER, case.member.pk, days * DAY),
    }


def silence(case: Reported) -> set:
    return {(kinds.SILENT, case.owner.pk, 30 * DAY), (kinds.SILENT_OFFICE, case.coordinator.pk, 30 * DAY)}


def test_the_clock_starts_with_the_owners_notice_and_stops_with_the_fix():
    case = Reported(until="validate")
    assert due(case) == set()
    case.step("notify_owner", "coordinator", owner=case.lab)
    assert due(case) == clock(case, 90) | silence(case)
    case.step("remediate", "owner")
    assert due(case) == clock(case, 90)
    met = Deadline.objects.filter(source_id=case.finding.pk, met_at=NOW).values_list("kind", flat=True)
    assert set(met) == {kinds.SILENT, kinds.SILENT_OFFICE}
    case.step("fix", "owner")
    assert due(case) == set()


def test_a_published_finding_owes_nothing():
    case = Reported(until="notify_owner")
    case.step("publish", "coordinator", at=NOW + 90 * DAY)
    assert due(case) == set()


def test_fourteen_days_more_once():
    case = Reported(until="remediate")
    found = case.step("extend_disclosure", "owner")
    assert (found.disclosure_due_at, found.embargo_until) == (NOW + 104 * DAY, NOW + 104 * DAY)
    assert due(case) == clock(case, 104)
    for person in (case.owner, case.coordinator):
        with pytest.raises(AlreadyDone):
            findings.extend_disclosure(actor=person, finding=found)


def test_no_extension_of_a_date_that_passed():
    case = Reported(until="remediate")
    with pytest.raises(WrongState):
        case.step("extend_disclosure", "owner", at=NOW + 90 * DAY)


def test_exploited_is_seven_days_and_seven_more():
    case = Reported(until="remediate")
    found = case.step("mark_exploited", "coordinator", at=NOW + 10 * DAY)
    assert (found.disclosure_due_at, found.embargo_until) == (NOW + 17 * DAY, NOW + 17 * DAY)
    assert due(case) == clock(case, 17)
    case.step("extend_disclosure", "owner", at=NOW + 11 * DAY)
    assert due(case) == clock(case, 24)


def test_exploited_never_lengthens_the_clock():
    case = Reported(until="remediate")
    case.step("mark_exploited", "coordinator", at=NOW + 88 * DAY)
    assert due(case) == clock(case, 90)


def test_reported_as_exploited_it_has_seven_days_from_the_notice():
    case = Reported(until="report", exploited=True)
    for verb in ("triage", "validate"):
        case.step(verb, "coordinator")
    case.step("notify_owner", "coordinator", at=NOW + 3 * DAY, owner=case.lab)
    assert case.finding.disclosure_due_at == NOW + 10 * DAY


def test_an_embargo_of_its_own_does_not_follow_the_clock():
    case = Reported(until="notify_owner", embargo_until=NOW + 120 * DAY)
    case.step("extend_disclosure", "owner")
    assert (case.again().disclosure_due_at, case.again().embargo_until) == (NOW + 104 * DAY, NOW + 120 * DAY)


def test_reminders_seven_days_and_one_day_before_once_each():
    case = Reported(until="remediate")
    for day in (82, 83, 83, 84, 89, 90):
        planning.plan(at=NOW + day * DAY)
    sent = Message.objects.filter(deadline__source_id=case.finding.pk).order_by("offset", "kind")
    people = {case.owner, case.coordinator, case.member}
    assert {(row.recipient, row.offset / 86400) for row in sent} == {
        (who, n) for who in people for n in (-7, -1)
    }
    assert sent.count() == 6
    assert {(row.recipient_id, row.link) for row in sent} == {
        (case.owner.pk, f"/lab/findings/{case.finding.pk}/"),
        (case.coordinator.pk, f"/admin/partners/finding/{case.finding.pk}/change/"),
        (case.member.pk, f"/partner/findings/{case.finding.pk}/"),
    }
    assert {row.case_number for row in sent} == {case.finding.number}


def test_the_dates_follow_the_staff():
    case = Reported(until="remediate")
    newcomer = make.coordinator()
    # The reporter left, and a conflict of the old coordinator came up.
    case.member.memberships.update(ended_at=NOW)
    Affiliation.objects.create(user=case.coordinator, organisation=case.lab)
    for _ in range(2):
        findings.follow_staff()
    assert due(case) == {
        (kinds.DISCLOSURE, case.owner.pk, 90 * DAY),
        (kinds.DISCLOSURE_OFFICE, newcomer.pk, 90 * DAY),
    }


def test_word_goes_to_those_concerned_and_to_nobody_whom_a_conflict_keeps_from_it():
    barred = make.coordinator()
    case = Reported(until="validate")
    Affiliation.objects.create(user=barred, organisation=case.lab)
    make.member(case.lab, Role.VIEWER)
    case.step("notify_owner", "coordinator", owner=case.lab)
    told = Message.objects.filter(kind="finding_notify_owner")
    assert set(told.values_list("recipient", "link")) == {
        (case.owner.pk, f"/lab/findings/{case.finding.pk}/"),
        (case.member.pk, f"/partner/findings/{case.finding.pk}/"),
    }
    # It was told of before its owner was known; now the conflict keeps the number from it.
    earlier = Message.objects.filter(recipient=barred, case_number=case.finding.number)
    assert (earlier.count() > 0, Message.objects.visible_to(barred).count()) == (True, 0)
    assert planning.unhidden(earlier.values_list("pk", flat=True)) == set()


def test_a_conflict_hides_its_dates_at_once():
    """Not with the job that takes them off: until it ran they stand, and nobody who is kept from the finding reads them."""
    barred, case = make.coordinator(), Reported(until="remediate")
    Affiliation.objects.create(user=barred, organisation=case.lab)
    standing = Deadline.objects.still_open()
    assert standing.filter(person=barred).count() == 1
    people = (barred, case.coordinator, case.owner)
    assert [standing.visible_to(person).count() for person in people] == [0, 1, 1]
