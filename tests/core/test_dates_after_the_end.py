"""A window has ended, and the lab still moves its planned releases: the plan follows, the window stays what it was."""

import pytest

from portal.deadlines.models import Deadline, Message
from portal.errors import Invalid, NotAllowed, WrongState
from portal.ledger.models import Event
from portal.submissions import actions, policies, timeline
from portal.submissions.models import Audience
from portal.submissions.querysets import live
from tests import factories as make
from tests import factories_reviews as reviews
from tests.factories_partners import GrantCase

pytestmark = pytest.mark.django_db
NOW, DAY = make.NOW, make.DAY
# With the usual dates (partner release on day 40, public on day 60) every window below has ended by now.
AFTER = NOW + 45 * DAY


def move(case, *, partner, public=90, at=AFTER, actor=None):
    return actions.move_dates(
        actor=actor or case.contributor,
        submission=case.submission,
        planned_partner_release=None if partner is None else NOW + partner * DAY,
        planned_public_release=NOW + public * DAY,
        at=at,
    )


def window(case) -> tuple:
    found = case.again()
    return found.opens_at, found.closes_at


def _thirty_days():
    case = make.Case()
    move(case, partner=50, at=NOW + 15 * DAY)
    return case, (NOW + 10 * DAY, NOW + 40 * DAY), "30 days after it opens, the longest a window can be."


def _own_date():
    case = make.Case(make.agreed)
    at = NOW + 25 * DAY
    actions.provide_access(actor=case.contributor, submission=case.submission, instructions="Key.", at=at)
    return case, (at, NOW + 40 * DAY), "It has ended; this instant no longer moves."


def _empty():
    return (
        make.Case(make.agreed),
        (None, NOW + 40 * DAY),
        "It has ended; this instant no longer moves.",
    )


@pytest.mark.parametrize("partner", [46, 80, None])
@pytest.mark.parametrize("ended_by", [_thirty_days, _own_date, _empty])
def test_the_window_stays_whatever_follows(ended_by, partner):
    case, was, why = ended_by()
    assert (window(case), case.again().state_at(AFTER)) == (was, "ended")
    move(case, partner=partner)
    moved = case.again()
    assert (moved.planned_partner_release, moved.planned_public_release) == (
        None if partner is None else NOW + partner * DAY,
        NOW + 90 * DAY,
    )
    for days in (0, 10, 40, 60):
        assert moved.state_at(AFTER + days * DAY) == "ended"
    assert timeline.story(moved, at=AFTER).rows[-1].why == why
    assert actions.record_clock(at=AFTER + DAY) == 1
    assert actions.record_clock(at=AFTER + 60 * DAY) == 0
    actions.close(actor=case.coordinator, submission=case.submission, at=AFTER + 2 * DAY)
    actions.release(actor=case.contributor, submission=case.submission, at=AFTER + 3 * DAY)
    assert (window(case), case.again().stored_state) == (was, "closed")


def test_leaving_after_the_move_leaves_the_window_too():
    case, was, _ = _own_date()
    move(case, partner=80)
    actions.withdraw(actor=case.contributor, submission=case.submission, at=AFTER + DAY)
    assert (window(case), case.again().stored_state) == (was, "withdrawn")


def test_other_cases_of_the_checkpoint_do_not_lose_days_to_a_move():
    case, was, _ = _own_date()
    second = make.with_access(
        actor=case.contributor, lab=case.lab, by=case.coordinator, at=AFTER, public_in=40, partner_in=20
    )
    assert second.closes_at - second.opens_at == 15 * DAY
    move(case, partner=80, at=AFTER + DAY)
    second.refresh_from_db()
    assert (window(case), second.closes_at - second.opens_at) == (was, 15 * DAY)


def test_before_the_terms_are_agreed_no_window_has_ended():
    case = make.Case(make.submitted)
    assert case.again().closes_at < AFTER
    move(case, partner=80)
    assert (window(case), case.again().state_at(AFTER)) == ((None, NOW + 80 * DAY), "submitted")


def audience(at) -> list[tuple]:
    rows = Audience.objects.filter(live(at)).order_by()
    return sorted((str(row.user_id), row.capacity, row.scope, str(row.document_id)) for row in rows)


def test_access_stays_ended_and_everyone_concerned_is_told():
    case = reviews.Reviewed()
    actions.add_document(
        actor=case.contributor, submission=case.submission, kind="other", title="", upload=make.pdf(), at=NOW
    )
    open_to = {scope for _, capacity, scope, _ in audience(NOW + 20 * DAY) if capacity == "reviewer"}
    assert {"documents", "instructions"} <= open_to
    before = audience(AFTER)
    assert {scope for _, capacity, scope, _ in before if capacity == "reviewer"} == open_to - {
        "documents",
        "instructions",
    }
    move(case, partner=80)
    assert audience(AFTER) == before
    with pytest.raises(NotAllowed):
        actions.reveal_instructions(actor=case.lead, submission=case.submission, at=AFTER + DAY)
    told = Message.objects.filter(kind="move_dates").values_list("recipient_id", flat=True)
    concerned = {case.lead, case.reviewer, case.peer, case.coordinator, case.agency_coordinator}
    assert sorted(told) == sorted(person.pk for person in concerned)
    event = Event.objects.get(verb="move_dates")
    assert (event.actor, event.capacity, event.data["opens_at"], event.data["closes_at"]) == (
        case.contributor,
        "lab",
        (NOW + 10 * DAY).isoformat(),
        (NOW + 40 * DAY).isoformat(),
    )


def test_only_the_lab_moves_them():
    case = reviews.Reviewed()
    for person in (case.coordinator, case.lead, case.viewer, make.member(make.lab(), "admin")):
        with pytest.raises(NotAllowed):
            move(case, partner=80, actor=person)
    assert case.again().planned_partner_release == NOW + 40 * DAY


def test_grants_and_their_deadlines_follow():
    case = GrantCase()
    grant = case.agree(starts_at=None)
    move(case, partner=70, at=NOW + 15 * DAY)
    was = window(case)
    assert was == (NOW + 10 * DAY, NOW + 40 * DAY)
    length = grant.expires_at - grant.starts_at
    for partner in (80, 50):
        starts = NOW + partner * DAY
        move(case, partner=partner)
        moved = case.grant_again()
        assert (moved.starts_at, moved.expires_at) == (starts, starts + length)
        assert (case.again().first_grant_starts_at, window(case)) == (starts, was)
        rows = Deadline.objects.filter(subject_id=grant.pk, cancelled_at=None, met_at=None)
        assert dict(rows.values_list("kind", "due_at")) == {
            "grant_starts": starts,
            "grant_starts_partner": starts,
            "grant_expires": starts + length,
            "grant_expires_partner": starts + length,
        }


def test_no_deadline_of_the_window_comes_back():
    case = reviews.Reviewed()
    actions.record_clock(at=AFTER)

    def due() -> list[tuple]:
        rows = Deadline.objects.filter(case_id=case.submission.pk).exclude(kind="provide_access")
        return sorted(rows.values_list("kind", "due_at", "met_at", "cancelled_at", "next_at"))

    before = due()
    move(case, partner=80)
    assert due() == before


def test_a_date_that_has_passed_stays_while_the_other_moves():
    case = make.Case()
    move(case, partner=40, public=95)
    assert case.again().planned_public_release == NOW + 95 * DAY
    for dates, field in (
        ({"partner": 44}, "planned_partner_release"),
        ({"partner": 39}, "planned_partner_release"),
        ({"partner": 40, "public": 44}, "planned_public_release"),
        ({"partner": 40, "public": 95}, "planned_public_release"),
        ({"partner": 96, "public": 95}, "planned_partner_release"),
    ):
        with pytest.raises(Invalid) as refused:
            move(case, **dates)
        assert refused.value.field == field
    assert case.again().revision == 7


@pytest.mark.parametrize("released", [20, 42])
def test_a_recorded_release_leaves_no_date_to_move(released):
    """Whether the release ended the window or came after its end."""
    case = make.Case()
    assert "move_dates" in policies.open_verbs(case.contributor, case.again(), at=AFTER)
    at = NOW + released * DAY
    actions.release(actor=case.contributor, submission=case.submission, at=at)
    assert policies.open_verbs(case.contributor, case.again(), at=AFTER) == ["release", "withdraw"]
    with pytest.raises(WrongState, match="no planned date is left to move"):
        move(case, partner=80)
