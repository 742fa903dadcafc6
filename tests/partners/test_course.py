"""The course of an agreed grant: suspension by each side, extension by both, the ways it ends, and closing out."""

import pytest

from partners import actions
from partners.models import Grant
from portal.errors import AlreadyDone, Invalid, Missing, NotAllowed, WrongState
from tests.factories import DAY, NOW
from tests.factories_partners import GrantCase

pytestmark = pytest.mark.django_db
START = NOW + 20 * DAY
ACTIVE = START + DAY


@pytest.fixture
def case() -> GrantCase:
    made = GrantCase()
    made.agree()
    return made


def states(grant: Grant) -> dict:
    """The state in Python and in SQL at instants around the grant's dates; both must say the same."""
    instants = [NOW, START - DAY, START, ACTIVE, grant.expires_at - DAY, grant.expires_at]
    found = {}
    for at in instants:
        python = str(grant.state_at(at))
        assert Grant.objects.in_state(python, at=at).filter(pk=grant.pk).exists()
        others = {value for value, _ in Grant._meta.get_field("stored_state").choices} - {python}
        assert not Grant.objects.in_state(*others, at=at).filter(pk=grant.pk).exists()
        found[(at - NOW).days] = python
    return found


def test_the_clock_alone_makes_it_active_and_expired(case):
    assert states(case.grant) == {
        0: "agreed",
        19: "agreed",
        20: "active",
        21: "active",
        109: "active",
        110: "expired",
    }


def test_suspension_and_expiry(case):
    actions.suspend(actor=case.contributor, grant=case.grant, at=ACTIVE)
    found = states(case.grant_again())
    assert {day: found[day] for day in (21, 109, 110)} == {21: "suspended", 109: "suspended", 110: "expired"}


def test_each_side_suspends_for_itself_and_resumes_only_its_own(case):
    grant = case.grant
    with pytest.raises(WrongState):
        actions.suspend(actor=case.contributor, grant=grant, at=NOW)
    actions.suspend(actor=case.contributor, grant=grant, at=ACTIVE)
    with pytest.raises(AlreadyDone):
        actions.suspend(actor=case.contributor, grant=grant, at=ACTIVE)
    with pytest.raises(NotAllowed):
        actions.resume(actor=case.coordinator, grant=grant, at=ACTIVE)
    actions.suspend(actor=case.coordinator, grant=grant, at=ACTIVE + DAY)
    actions.resume(actor=case.contributor, grant=grant, at=ACTIVE + 2 * DAY)
    assert case.grant_again().state_at(ACTIVE + 2 * DAY) == "suspended"
    actions.resume(actor=case.coordinator, grant=grant, at=ACTIVE + 3 * DAY)
    assert case.grant_again().state_at(ACTIVE + 3 * DAY) == "active"
    with pytest.raises(NotAllowed):
        actions.suspend(actor=case.partner.admin, grant=grant, at=ACTIVE + 3 * DAY)


@pytest.mark.parametrize("side", ["lab", "government"])
@pytest.mark.parametrize("at", [NOW + DAY, ACTIVE])
def test_either_side_revokes_alone_at_once(case, side, at):
    actor = case.contributor if side == "lab" else case.coordinator
    with pytest.raises(Missing):
        actions.revoke(actor=actor, grant=case.grant, at=at)
    grant = actions.revoke(actor=actor, grant=case.grant, reason_code="security", at=at)
    assert (grant.state_at(at), grant.end_side, grant.ended_at) == ("revoked", side, at)
    with pytest.raises(AlreadyDone):
        actions.revoke(actor=actor, grant=case.grant, reason_code="security", at=at)
    with pytest.raises(WrongState):
        actions.surrender(actor=case.partner.admin, grant=case.grant, at=at)


def test_a_suspended_grant_is_revoked_too(case):
    actions.suspend(actor=case.coordinator, grant=case.grant, at=ACTIVE)
    grant = actions.revoke(actor=case.contributor, grant=case.grant, reason_code="other", at=ACTIVE)
    assert grant.state_at(ACTIVE) == "revoked"


def test_the_partner_surrenders_without_a_reason(case):
    with pytest.raises(NotAllowed):
        actions.surrender(actor=case.partner.member, grant=case.grant, at=ACTIVE)
    grant = actions.surrender(actor=case.partner.admin, grant=case.grant, at=ACTIVE)
    assert (grant.state_at(ACTIVE), grant.end_side) == ("surrendered", "partner")


@pytest.mark.parametrize("first", ["lab", "government"])
def test_only_both_sides_together_extend(case, first):
    people = {"lab": case.contributor, "government": case.coordinator}
    second = "government" if first == "lab" else "lab"
    later, latest = case.grant.expires_at + 10 * DAY, case.grant.expires_at + 20 * DAY
    with pytest.raises(Missing):
        actions.extend(actor=people[first], grant=case.grant, expires_at=None, at=ACTIVE)
    with pytest.raises(Invalid):
        actions.extend(actor=people[first], grant=case.grant, expires_at=case.grant.expires_at, at=ACTIVE)
    actions.extend(actor=people[first], grant=case.grant, expires_at=later, at=ACTIVE)
    assert case.grant_again().expires_at == case.grant.expires_at
    with pytest.raises(AlreadyDone):
        actions.extend(actor=people[first], grant=case.grant, expires_at=later, at=ACTIVE)
    # The other side asks for another date: that is a question back, not an extension.
    actions.extend(actor=people[second], grant=case.grant, expires_at=latest, at=ACTIVE)
    assert case.grant_again().expires_at == case.grant.expires_at
    with pytest.raises(NotAllowed):
        actions.extend(actor=case.partner.admin, grant=case.grant, expires_at=latest, at=ACTIVE)
    actions.extend(actor=people[first], grant=case.grant, expires_at=latest, at=ACTIVE)
    assert case.grant_again().expires_at == latest
    asked = list(case.grant.extensions.order_by("expires_at").values_list("completed_at", "dropped_at"))
    assert asked == [(None, ACTIVE), (ACTIVE, None)]


def test_an_extension_still_asked_for_is_dropped_with_the_grant(case):
    later = case.grant.expires_at + 10 * DAY
    actions.extend(actor=case.contributor, grant=case.grant, expires_at=later, at=ACTIVE)
    actions.revoke(actor=case.contributor, grant=case.grant, reason_code="other", at=ACTIVE)
    assert case.grant.extensions.get().dropped_at == ACTIVE
    with pytest.raises(WrongState):
        actions.extend(actor=case.coordinator, grant=case.grant, expires_at=later, at=ACTIVE)


@pytest.mark.parametrize("ending", ["expire", "revoke", "surrender"])
def test_the_partner_closes_out_every_ended_grant(case, ending):
    at = ACTIVE
    if ending == "revoke":
        actions.revoke(actor=case.contributor, grant=case.grant, reason_code="not_needed", at=at)
    elif ending == "surrender":
        actions.surrender(actor=case.partner.admin, grant=case.grant, at=at)
    else:
        with pytest.raises(WrongState):
            actions.close_out(actor=case.partner.admin, grant=case.grant, at=at)
        at = case.grant.expires_at
    for other in (case.contributor, case.coordinator, case.partner.member):
        with pytest.raises(NotAllowed):
            actions.close_out(actor=other, grant=case.grant, at=at + DAY)
    grant = actions.close_out(actor=case.partner.admin, grant=case.grant, at=at + DAY)
    assert (grant.state_at(at + DAY), grant.ended_at, grant.end_verb) == ("closed_out", at, ending)
    with pytest.raises(AlreadyDone):
        actions.close_out(actor=case.partner.admin, grant=case.grant, at=at + DAY)


def test_a_partner_may_be_proposed_again_after_its_grant_ended(case):
    actions.revoke(actor=case.contributor, grant=case.grant, reason_code="not_needed", at=NOW + DAY)
    again = case.propose(at=NOW + 2 * DAY)
    assert again.state_at(NOW + 2 * DAY) == "proposed"


def test_the_database_refuses_what_no_action_does(case):
    from django.db import DatabaseError, transaction

    rows = Grant.objects.filter(pk=case.grant.pk)
    for values in [
        {"stored_state": "proposed", "agreed_at": None},
        {"expires_at": case.grant.starts_at},
        {"lab_consented_at": None},
        {"stored_state": "revoked", "ended_at": NOW, "end_verb": "revoke", "reason_code": ""},
        {"stored_state": "revoked"},
        {"stored_state": "declined", "ended_at": NOW, "end_verb": "decline", "reason_code": "other"},
    ]:
        with pytest.raises(DatabaseError), transaction.atomic():
            rows.update(**values)
