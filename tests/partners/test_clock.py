"""The clock's job and the reminders: twice, late or beside itself, the same result (invariant 19)."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from partners import actions
from partners.actions import organisations
from portal.deadlines import planning
from portal.deadlines.models import Deadline, Message
from portal.ledger.models import Event
from tests.factories import DAY, NOW
from tests.factories_partners import GrantCase, Partner, answered

START = NOW + 20 * DAY


def told(*kinds: str) -> list[tuple]:
    return sorted(Message.objects.filter(kind__in=kinds).values_list("kind", "recipient_id"), key=str)


def clock_events() -> list[str]:
    return list(
        Event.objects.filter(capacity="clock", verb__startswith="grant_")
        .order_by("seq")
        .values_list("verb", flat=True)
    )


@pytest.mark.django_db
def test_start_and_expiry_are_recorded_and_told_once():
    case = GrantCase()
    case.agree()
    everyone = [case.contributor.pk, case.coordinator.pk, case.partner.admin.pk, case.partner.member.pk]
    assert actions.record_clock(at=START - DAY) == 0
    assert [actions.record_clock(at=START), actions.record_clock(at=START)] == [1, 0]
    assert told("grant_active") == sorted([("grant_active", person) for person in everyone], key=str)
    end = case.grant.expires_at
    assert [actions.record_clock(at=end + DAY), actions.record_clock(at=end + 2 * DAY)] == [1, 0]
    assert told("grant_expired") == sorted([("grant_expired", person) for person in everyone], key=str)
    assert clock_events() == ["grant_start", "grant_expire"]
    due = Deadline.objects.get(kind="grant_close_out", subject_id=case.grant.pk)
    assert due.due_at == end + 14 * DAY


@pytest.mark.django_db
def test_a_job_that_slept_through_the_whole_grant_does_not_say_it_is_active():
    case = GrantCase()
    case.agree()
    assert actions.record_clock(at=case.grant.expires_at + DAY) == 1
    assert clock_events() == ["grant_start", "grant_expire"]
    assert {kind for kind, _ in told("grant_active", "grant_expired")} == {"grant_expired"}


@pytest.mark.committed_db
def test_eight_jobs_at_once_record_once():
    cases = [GrantCase() for _ in range(3)]
    for case in cases:
        case.agree()

    def run(_):
        try:
            return actions.record_clock(at=START)
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(run, range(8)))
    # What one job skipped because another held it is taken in a later round.
    actions.record_clock(at=START)
    assert clock_events() == ["grant_start"] * 3
    # A lab's contributor, the office's three coordinators, and two of the partner, for each grant.
    assert Message.objects.filter(kind="grant_active").count() == 3 * 6


@pytest.mark.django_db
def test_reminders_reach_only_this_grants_people():
    case = GrantCase()
    first = case.agree()
    member, admin = case.partner.member, case.partner.admin
    case.partner = other = Partner(by=case.coordinator)
    case.agree(starts_at=NOW + 30 * DAY)
    planning.plan(at=START - 7 * DAY)
    link = f"/partner/grants/{first.pk}/"
    reminders = Message.objects.filter(kind__in=["grant_starts", "grant_starts_partner"])
    assert set(reminders.values_list("kind", "recipient_id", "link")) == {
        ("grant_starts", case.contributor.pk, f"/lab/cases/{case.submission.case_number}/partners/"),
        ("grant_starts_partner", member.pk, link),
        ("grant_starts_partner", admin.pk, link),
    }
    planning.plan(at=START - 7 * DAY)
    assert reminders.count() == 3
    due = planning.still_due(list(reminders.values_list("pk", flat=True)), at=START - 7 * DAY)
    assert len(due) == 3
    actions.surrender(actor=admin, grant=first, at=START - 6 * DAY)
    assert not planning.still_due(list(reminders.values_list("pk", flat=True)), at=START - 6 * DAY)
    assert other.admin.pk not in set(reminders.values_list("recipient_id", flat=True))


@pytest.mark.django_db
def test_close_out_is_reminded_to_the_partners_administrators_only():
    case = GrantCase()
    case.agree()
    actions.revoke(actor=case.contributor, grant=case.grant, reason_code="other", at=START + DAY)
    planning.plan(at=START + 12 * DAY)
    rows = Message.objects.filter(kind="grant_close_out").values_list("recipient_id", "link")
    assert list(rows) == [(case.partner.admin.pk, f"/partner/grants/{case.grant.pk}/")]


@pytest.mark.django_db
def test_a_grant_that_never_started_owes_nothing():
    case = GrantCase()
    case.agree()
    actions.revoke(actor=case.contributor, grant=case.grant, reason_code="other", at=NOW + DAY)
    assert not Deadline.objects.still_open().filter(subject_id=case.grant.pk).exists()


@pytest.mark.django_db
def test_revetting_is_reminded_to_both_sides():
    case = GrantCase()
    partner = case.partner
    planning.plan(at=partner.profile.revet_due_at - 60 * DAY)
    rows = Message.objects.filter(kind__startswith="partner_revetting").values_list("kind", "recipient_id")
    assert set(rows) == {
        ("partner_revetting", case.coordinator.pk),
        ("partner_revetting_partner", partner.admin.pk),
    }
    answered(case.coordinator, partner.profile, at=NOW + 350 * DAY)
    organisations.find_eligible(actor=case.coordinator, profile=partner.profile, at=NOW + 350 * DAY)
    assert partner.again().revet_due_at == NOW + 715 * DAY
    # The first one's reminders stand for nothing any more, and the next one has its own.
    dates = Deadline.objects.filter(kind__startswith="partner_revetting").order_by("due_at", "kind")
    assert [(row.due_at, row.met_at is not None) for row in dates] == [
        *[(NOW + 365 * DAY, True)] * 2,
        *[(NOW + 715 * DAY, False)] * 2,
    ]
    planning.plan(at=NOW + 655 * DAY)
    told = rows.filter(deadline__due_at=NOW + 715 * DAY).values_list("offset", "recipient_id")
    assert set(told) == {(-60 * 86400, case.coordinator.pk), (-60 * 86400, partner.admin.pk)}
