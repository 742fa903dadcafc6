"""How the case's window follows grants, and grants follow the case (invariants 3 and 6)."""

import pytest
from django.db import DatabaseError, IntegrityError, transaction

from partners import actions
from partners.actions import following
from partners.models import Grant
from portal.deadlines.models import Deadline, Message
from portal.ledger.models import Event
from portal.submissions import actions as case_actions
from portal.submissions.models import Audience, Submission
from portal.submissions.querysets import live
from tests.factories import DAY, NOW
from tests.factories_partners import GrantCase, Partner

pytestmark = pytest.mark.django_db
START = NOW + 20 * DAY


def window(case: GrantCase) -> tuple:
    found = case.again()
    return (found.opens_at, found.closes_at, found.first_grant_starts_at)


def test_the_window_follows_the_first_grant_and_returns_when_it_ends_before_its_start():
    case = GrantCase()
    assert window(case) == (NOW + 10 * DAY, NOW + 40 * DAY, None)
    case.offer()
    assert window(case) == (NOW + 10 * DAY, NOW + 40 * DAY, None)
    actions.accept(actor=case.partner.admin, grant=case.grant, at=NOW)
    assert window(case) == (NOW, START, START)
    actions.revoke(actor=case.coordinator, grant=case.grant, reason_code="other", at=NOW)
    assert case.again().first_grant_starts_at is None
    # It had opened by then, and what has opened stays where it was; only its end returns.
    assert window(case) == (NOW, NOW + 30 * DAY, None)


def test_a_grant_that_started_bounds_the_window_for_good():
    case = GrantCase()
    case.agree()
    actions.revoke(actor=case.contributor, grant=case.grant, reason_code="other", at=START + DAY)
    assert window(case)[1:] == (START, START)


def test_the_earliest_of_several_grants_counts():
    case = GrantCase()
    case.agree()
    first = case.grant
    other = Partner(by=case.coordinator)
    case.partner = other
    case.agree(starts_at=NOW + 15 * DAY)
    assert window(case)[1:] == (NOW + 15 * DAY, NOW + 15 * DAY)
    actions.surrender(actor=other.admin, grant=case.grant, at=NOW + 14 * DAY)
    assert window(case)[1:] == (START, START)
    assert first.starts_at == START


def test_a_grant_that_follows_the_partner_release_moves_with_it():
    case = GrantCase()
    follows = case.agree(starts_at=None)
    case.partner = Partner(by=case.coordinator)
    fixed = case.agree(starts_at=NOW + 25 * DAY)
    moved_to = NOW + 30 * DAY
    case_actions.move_dates(
        actor=case.contributor,
        submission=case.submission,
        planned_partner_release=moved_to,
        planned_public_release=NOW + 60 * DAY,
        at=NOW + DAY,
    )
    rows = {grant.pk: (grant.starts_at, grant.expires_at) for grant in Grant.objects.all()}
    assert rows == {
        follows.pk: (moved_to, moved_to + 90 * DAY),
        fixed.pk: (NOW + 25 * DAY, NOW + 115 * DAY),
    }
    case_actions.move_dates(
        actor=case.contributor,
        submission=case.submission,
        planned_partner_release=NOW + 22 * DAY,
        planned_public_release=NOW + 60 * DAY,
        at=NOW + DAY,
    )
    assert window(case)[1:] == (NOW + 22 * DAY, NOW + 22 * DAY)
    due = Deadline.objects.get(kind="grant_starts_partner", subject_id=follows.pk)
    assert (due.due_at, due.is_open) == (NOW + 22 * DAY, True)
    moves = Event.objects.filter(verb="grant_move", subject_id=follows.pk).order_by("seq")
    assert [(event.data["old"]["starts_at"], event.data["new"]["starts_at"]) for event in moves] == [
        ((NOW + 40 * DAY).isoformat(), moved_to.isoformat()),
        (moved_to.isoformat(), (NOW + 22 * DAY).isoformat()),
    ]


def test_a_grant_that_has_started_does_not_move():
    case = GrantCase()
    grant = case.agree(starts_at=None)
    at = grant.starts_at + DAY
    submission = case.again()
    old, submission.planned_partner_release = submission.planned_partner_release, at + 5 * DAY
    following.dates_moved(submission=submission, old=old, actor=case.contributor, at=at)
    assert case.grant_again().starts_at == grant.starts_at
    assert submission.first_grant_starts_at == grant.starts_at


@pytest.mark.parametrize(("verb", "code"), [("withdraw", "case_withdrawn"), ("release", "case_released")])
@pytest.mark.parametrize("at", [NOW + DAY, START + DAY])
def test_leaving_ends_every_grant_and_proposal_in_the_same_transaction(verb, code, at):
    case = GrantCase()
    agreed = case.agree()
    case.partner = offered_to = Partner(by=case.coordinator)
    offered = case.offer()
    case.partner = unaware = Partner(by=case.coordinator)
    proposed = case.propose()
    Message.objects.all().delete()
    getattr(case_actions, verb)(actor=case.contributor, submission=case.submission, at=at)
    rows = {
        grant.pk: (grant.state_at(at), grant.end_side, grant.reason_code, grant.ended_at)
        for grant in Grant.objects.all()
    }
    assert rows == {
        agreed.pk: ("revoked", "lab", code, at),
        offered.pk: ("declined", "lab", code, at),
        proposed.pk: ("declined", "lab", code, at),
    }
    events = Event.objects.filter(verb__in=["grant_revoke", "grant_decline"], at=at)
    assert {event.subject_id for event in events} == set(rows)
    left = Audience.objects.filter(live(at), submission=case.submission, capacity="partner")
    assert not left.exists()
    partner = {grant.partner_id: grant.partner for grant in Grant.objects.all()}
    told = set(Message.objects.filter(kind=verb).values_list("recipient_id", flat=True))
    named = agreed.named.get().user_id
    admins = set(partner[agreed.partner_id].memberships.values_list("user_id", flat=True))
    assert told & admins == admins
    assert named in told
    assert offered_to.admin.pk in told
    assert not told & {unaware.admin.pk, unaware.member.pk, offered_to.member.pk}


def test_what_is_owed_after_the_end_survives_the_cases_end():
    case = GrantCase()
    grant = case.agree()
    case_actions.withdraw(actor=case.contributor, submission=case.submission, at=START + DAY)
    open_deadlines = Deadline.objects.still_open().filter(subject_id=grant.pk)
    assert list(open_deadlines.values_list("kind", "due_at", "organisation_id")) == [
        ("grant_close_out", START + 15 * DAY, case.partner.organisation.pk)
    ]
    actions.close_out(actor=case.partner.admin, grant=case.grant, at=START + 2 * DAY)
    assert not open_deadlines.all().exists()


def test_closing_the_case_leaves_the_partners_access_and_its_deadlines():
    case = GrantCase()
    case.agree()
    case_actions.close(actor=case.coordinator, submission=case.submission, at=START + DAY)
    kinds = Deadline.objects.still_open().filter(subject_id=case.grant.pk).values_list("kind", flat=True)
    assert sorted(kinds) == ["grant_expires", "grant_expires_partner"]
    assert case.grant_again().state_at(START + DAY) == "active"
    grant = actions.revoke(actor=case.contributor, grant=case.grant, reason_code="other", at=START + 2 * DAY)
    assert grant.state_at(START + 2 * DAY) == "revoked"


@pytest.mark.parametrize("column", ["withdrawn_at", "released_at"])
def test_the_database_lets_no_grant_outlive_the_labs_leaving(column):
    case = GrantCase()
    case.agree()
    values = {column: START + DAY} | ({"stored_state": "withdrawn"} if column == "withdrawn_at" else {})
    cases = Submission.objects.filter(pk=case.submission.pk)
    with pytest.raises(IntegrityError, match="a grant outlives the case"), transaction.atomic():
        cases.update(**values)
    verb = "withdraw" if column == "withdrawn_at" else "release"
    getattr(case_actions, verb)(actor=case.contributor, submission=case.submission, at=START + DAY)
    revived = Grant.objects.filter(pk=case.grant.pk)
    with pytest.raises(DatabaseError), transaction.atomic():
        revived.update(stored_state="agreed", ended_at=None, end_verb="", reason_code="")


def test_a_grant_that_expired_before_the_release_needs_no_ending():
    case = GrantCase()
    grant = case.agree(expires_at=START + 5 * DAY)
    case_actions.release(actor=case.contributor, submission=case.submission, at=START + 6 * DAY)
    assert case.grant_again().state_at(START + 6 * DAY) == "expired"
    closed = actions.close_out(actor=case.partner.admin, grant=grant, at=START + 7 * DAY)
    assert closed.state_at(START + 7 * DAY) == "closed_out"
