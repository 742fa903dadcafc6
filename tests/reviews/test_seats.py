"""A reviewer's seat: who offers it, who takes it, how it ends, and whom each step tells."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from portal.accounts.models import Affiliation, Membership, Role
from portal.deadlines.models import Deadline, Message
from portal.errors import AlreadyDone, Invalid, Missing, NotAllowed, Stale, WrongState
from portal.ledger.models import Event
from portal.submissions import actions as cases
from portal.submissions import hooks
from portal.submissions.models import Alias, Conflict
from reviews import actions
from reviews.deadline_kinds import attest_due
from reviews.models import Assignment, CaseAgency
from tests import factories as make
from tests import factories_reviews as desk

pytestmark = pytest.mark.django_db
NOW, DAY = make.NOW, make.DAY


@pytest.fixture
def case():
    return make.Case(make.with_access)


@pytest.fixture
def office_reviewer():
    return desk.reviewer(make.programme_office(), "Rhea Reviewer")


def last_event(subject) -> dict:
    event = Event.objects.filter(subject_id=subject.pk, kind="change").order_by("-seq").first()
    return {
        "verb": event.verb,
        "actor": event.actor,
        "capacity": event.capacity,
        "reason": event.reason,
        "data": event.data,
        "case": event.case_id,
    }


def told(kind: str) -> list:
    messages = Message.objects.filter(kind=kind).select_related("recipient").order_by("recipient__email")
    return [(message.recipient, message.case_number, message.link) for message in messages]


def people(rows) -> set:
    return {row[0] for row in rows}


def test_a_seat_of_another_agency_invites_the_agency(case):
    agency = make.agency()
    agency_coordinator = make.member(agency, Role.COORDINATOR)
    user = desk.reviewer(agency)
    seat = desk.proposed(case, user, note="Please look at the cyber range.")
    assert last_event(seat) == {
        "verb": "propose_assignment",
        "actor": case.coordinator,
        "capacity": "coordinator",
        "reason": "",
        "case": case.submission.pk,
        "data": {
            "revision": 1,
            "person": str(user.pk),
            "agency": str(agency.pk),
            "domain": "cyber",
            "role": "reviewer",
            "expires_at": (case.submission.closes_at + 60 * DAY).isoformat(),
        },
    }
    invitation = CaseAgency.objects.get()
    assert (invitation.agency, invitation.invited_by, invitation.invited_at) == (
        agency,
        case.coordinator,
        NOW,
    )
    number = case.submission.case_number
    assert told("assignment_proposed") == [(user, number, f"/admin/reviews/assignment/{seat.pk}/change/")]
    assert people(told("assignment_asked")) == {agency_coordinator}
    assert people(told("agency_invited")) == {case.contributor, agency_coordinator}
    deadline = Deadline.objects.get(kind="attest")
    assert (deadline.subject_id, deadline.person, deadline.due_at) == (seat.pk, user, attest_due(NOW))


def test_the_office_reviewer_needs_no_invitation(case, office_reviewer):
    desk.proposed(case, office_reviewer)
    assert not CaseAgency.objects.exists()


def test_only_programme_coordinators_propose(case, office_reviewer):
    agency_coordinator = make.member(make.agency(), Role.COORDINATOR)
    for actor in (case.contributor, office_reviewer, agency_coordinator, desk.designator(), desk.auditor()):
        with pytest.raises(NotAllowed):
            actions.propose_assignment(
                actor=actor, submission=case.submission, reviewer=office_reviewer, domain="cyber", at=NOW
            )
    assert not Assignment.objects.exists()


def test_no_seat_before_acknowledgement_nor_after_the_window(office_reviewer):
    early, late = make.Case(make.submitted), make.Case(make.with_access)
    with pytest.raises(WrongState):
        desk.proposed(early, office_reviewer)
    with pytest.raises(WrongState):
        desk.proposed(late, office_reviewer, at=NOW + 41 * DAY)


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"domain": "astrology"}, "domain"),
        ({"role": "judge"}, "role"),
        ({"expires_at": NOW}, "expires_at"),
        ({"note": "x" * 2001}, "note"),
    ],
)
def test_wrong_values_name_their_field(case, office_reviewer, options, field):
    with pytest.raises(Invalid) as refused:
        desk.proposed(case, office_reviewer, **options)
    assert refused.value.field == field
    assert not Assignment.objects.exists()


def test_only_an_active_reviewer_of_the_agency_is_seated(case, office_reviewer):
    strangers = (make.person(), make.member(make.programme_office(), Role.LIAISON))
    for user in strangers:
        with pytest.raises(Invalid) as refused:
            desk.proposed(case, user)
        assert refused.value.field == "reviewer"
    with pytest.raises(Invalid) as refused:
        desk.proposed(case, office_reviewer, agency=make.agency())
    assert refused.value.field == "reviewer"
    Membership.objects.filter(user=office_reviewer).update(ended_at=NOW)
    with pytest.raises(Invalid):
        desk.proposed(case, office_reviewer)


def test_a_reviewer_of_two_agencies_is_seated_for_a_named_one(case, office_reviewer):
    other = make.agency()
    Membership.objects.create(user=office_reviewer, organisation=other, role=Role.REVIEWER, since=NOW)
    with pytest.raises(Invalid) as refused:
        desk.proposed(case, office_reviewer)
    assert refused.value.field == "agency"
    assert desk.proposed(case, office_reviewer, agency=other).agency == other


def _declared(user, case):
    cases.declare_conflict(actor=user, user=user, organisation=case.lab, at=NOW)


def _declared_on_case(user, case):
    cases.declare_conflict(actor=user, user=user, submission=case.submission, at=NOW)


def _worked_at_lab(user, case):
    Affiliation.objects.create(user=user, organisation=case.lab)


def _was_of_lab(user, case):
    Membership.objects.create(
        user=user, organisation=case.lab, role=Role.VIEWER, since=NOW - DAY, ended_at=NOW
    )


CONFLICTS = [_declared, _declared_on_case, _worked_at_lab, _was_of_lab]


@pytest.mark.parametrize("conflicted", CONFLICTS)
def test_a_conflict_keeps_a_person_from_a_seat_without_telling_which(case, office_reviewer, conflicted):
    conflicted(office_reviewer, case)
    with pytest.raises(Invalid) as refused:
        desk.proposed(case, office_reviewer)
    assert (refused.value.field, refused.value.code) == ("reviewer", "conflict")
    assert refused.value.message == "This person cannot take a seat on this case: there is a conflict."


@pytest.mark.parametrize("how", ["affiliation", "membership"])
def test_who_works_for_a_partner_of_the_case_takes_no_seat(case, office_reviewer, how, monkeypatch):
    partner = make.partner_organisation()
    monkeypatch.setattr(hooks, "PARTNERS_OF", [lambda submission: {partner.pk}])
    if how == "affiliation":
        Affiliation.objects.create(user=office_reviewer, organisation=partner)
    else:
        Membership.objects.create(user=office_reviewer, organisation=partner, role=Role.MEMBER, since=NOW)
    with pytest.raises(Invalid) as refused:
        desk.proposed(case, office_reviewer)
    assert refused.value.code == "conflict"


def test_one_seat_a_person_and_one_lead_a_case(case, office_reviewer):
    desk.proposed(case, office_reviewer, role="lead")
    with pytest.raises(AlreadyDone):
        desk.proposed(case, office_reviewer)
    with pytest.raises(Invalid) as refused:
        desk.proposed(case, desk.reviewer(make.programme_office()), role="lead")
    assert refused.value.field == "role"
    assert Assignment.objects.count() == 1


def test_the_database_refuses_a_second_lead_and_a_seat_without_attestation(case, office_reviewer):
    seat = desk.proposed(case, office_reviewer, role="lead")
    other = desk.proposed(case, desk.reviewer(make.programme_office()))
    for rows, change in (
        (Assignment.objects.filter(pk=other.pk), {"role": "lead"}),
        (Assignment.objects.filter(pk=seat.pk), {"stored_state": "active"}),
        (
            Assignment.objects.filter(pk=seat.pk),
            {"attested_at": NOW, "training": True, "nondisclosure": True},
        ),
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            rows.update(**change)


def test_attesting_makes_the_reviewer_active(case, office_reviewer):
    seat = desk.proposed(case, office_reviewer)
    later = NOW + timedelta(hours=3)
    active = actions.attest(actor=office_reviewer, assignment=seat, at=later, **desk.ATTESTED)
    assert (active.state_at(later), active.attested_at) == ("active", later)
    assert last_event(seat) == {
        "verb": "attest",
        "actor": office_reviewer,
        "capacity": "reviewer",
        "reason": "",
        "case": case.submission.pk,
        "data": {"revision": 2, "person": str(office_reviewer.pk), "from": "proposed", "to": "active"},
    }
    assert people(told("assignment_attested")) == {case.coordinator}
    assert Deadline.objects.get(kind="attest").met_at == later
    assert list(Alias.objects.filter(user=office_reviewer).values_list("label", flat=True)) == [
        "IPO reviewer 1"
    ]


@pytest.mark.parametrize("left_out", ["no_conflict", "nondisclosure", "training"])
def test_each_point_must_be_attested(case, office_reviewer, left_out):
    seat = desk.proposed(case, office_reviewer)
    with pytest.raises(Invalid) as refused:
        actions.attest(actor=office_reviewer, assignment=seat, at=NOW, **(desk.ATTESTED | {left_out: False}))
    assert refused.value.field == left_out
    assert Assignment.objects.get().stored_state == "proposed"


def test_nobody_attests_for_another(case, office_reviewer):
    seat = desk.proposed(case, office_reviewer)
    for actor in (case.contributor, desk.reviewer(make.programme_office()), desk.auditor(), case.coordinator):
        with pytest.raises(NotAllowed):
            actions.attest(actor=actor, assignment=seat, at=NOW, **desk.ATTESTED)


@pytest.mark.parametrize("conflicted", CONFLICTS)
def test_a_conflict_that_arises_later_stops_the_attestation(case, office_reviewer, conflicted):
    seat = desk.proposed(case, office_reviewer)
    conflicted(office_reviewer, case)
    with pytest.raises(NotAllowed):
        actions.attest(actor=office_reviewer, assignment=seat, at=NOW, **desk.ATTESTED)


def test_a_second_attestation_is_refused_and_done_once(case, office_reviewer):
    seat = desk.active(case, office_reviewer)
    with pytest.raises(AlreadyDone):
        actions.attest(actor=office_reviewer, assignment=seat, at=NOW, **desk.ATTESTED)
    assert Event.objects.filter(subject_id=seat.pk, verb="attest").count() == 1


def test_a_stale_form_is_refused_with_what_changed(case, office_reviewer):
    seat = desk.active(case, office_reviewer)
    with pytest.raises(Stale) as refused:
        actions.complete(actor=office_reviewer, assignment=seat, expected_revision=1, at=NOW)
    assert refused.value.changes == ["14 Sep 2026, 2:00 p.m. UTC: The reviewer attested for the seat"]


def test_declining_needs_no_reason(case, office_reviewer):
    seat = desk.proposed(case, office_reviewer)
    declined = actions.decline(actor=office_reviewer, assignment=seat, at=NOW)
    assert (declined.stored_state, declined.ended_at) == ("declined", NOW)
    assert people(told("assignment_declined")) == {case.coordinator}
    assert Deadline.objects.get(kind="attest").cancelled_at == NOW
    with pytest.raises(WrongState):
        actions.attest(actor=office_reviewer, assignment=seat, at=NOW, **desk.ATTESTED)


def test_recusing_hides_the_case_and_the_seat(case, office_reviewer):
    seat = desk.active(case, office_reviewer)
    recused = actions.recuse(actor=office_reviewer, assignment=seat, reason="A cousin works there.", at=NOW)
    assert (recused.stored_state, recused.reason) == ("recused", "A cousin works there.")
    conflict = Conflict.objects.get()
    assert (conflict.user, conflict.submission) == (office_reviewer, case.submission)
    assert not Assignment.objects.visible_to(office_reviewer, at=NOW).exists()
    assert people(told("assignment_recused")) == {case.coordinator}


def test_revoking_wants_a_reason_and_tells_the_reviewer(case, office_reviewer):
    seat = desk.active(case, office_reviewer)
    with pytest.raises(Missing) as refused:
        actions.revoke(actor=case.coordinator, assignment=seat, reason="  ", at=NOW)
    assert refused.value.field == "reason"
    actions.revoke(actor=case.coordinator, assignment=seat, reason="The task ended.", at=NOW)
    event = last_event(seat)
    assert (event["verb"], event["reason"], event["data"]["to"]) == ("revoke", "The task ended.", "revoked")
    assert people(told("assignment_revoked")) == {office_reviewer}


def test_completing_by_either_side(case, office_reviewer):
    first = desk.active(case, office_reviewer)
    actions.complete(actor=office_reviewer, assignment=first, at=NOW)
    second = desk.active(case, office_reviewer)
    done = actions.complete(actor=case.coordinator, assignment=second, at=NOW)
    assert (done.stored_state, done.ended_at) == ("completed", NOW)
    with pytest.raises(AlreadyDone):
        actions.complete(actor=case.coordinator, assignment=second, at=NOW)


def test_a_reviewer_hands_over_within_the_agency_and_drafts_come_along():
    case = desk.Reviewed()
    draft = desk.draft(case)
    successor = desk.reviewer(case.agency, "Sue Successor")
    with pytest.raises(Invalid) as refused:
        actions.hand_over(actor=case.reviewer, assignment=case.seat, to=desk.reviewer(make.agency()), at=NOW)
    assert refused.value.field == "to"
    old = actions.hand_over(actor=case.reviewer, assignment=case.seat, to=successor, at=NOW)
    seat = Assignment.objects.get(reviewer=successor)
    assert (old.stored_state, old.handed_over_to, old.ended_at) == ("handed_over", seat, NOW)
    assert (seat.stored_state, seat.reviewer, seat.domain, seat.role) == (
        "proposed",
        successor,
        "cyber",
        "reviewer",
    )
    actions.attest(actor=successor, assignment=seat, at=NOW, **desk.ATTESTED)
    draft.refresh_from_db()
    assert (draft.author, draft.assignment, draft.findings) == (successor, seat, desk.FINDINGS["findings"])


def test_the_lead_is_handed_over_and_stays_one(case, office_reviewer):
    seat = desk.active(case, office_reviewer, role="lead")
    other = desk.reviewer(make.agency())
    ended = actions.hand_over(
        actor=case.coordinator, assignment=seat, to=other, reason="Leaves the office.", at=NOW
    )
    new = ended.handed_over_to
    assert (new.role, new.agency) == ("lead", other.memberships.get().organisation)
    assert people(told("assignment_handed_over")) == {office_reviewer}


def test_handing_over_to_who_is_seated_or_to_oneself_is_refused():
    case = desk.Reviewed()
    for to in (case.peer, case.reviewer, None):
        with pytest.raises(Invalid) as refused:
            actions.hand_over(actor=case.reviewer, assignment=case.seat, to=to, at=NOW)
        assert refused.value.field == "to"
    assert Assignment.objects.get(pk=case.seat.pk).stored_state == "active"


def test_an_expired_seat_is_expired_before_any_job_ran(case, office_reviewer):
    seat = desk.active(case, office_reviewer, expires_at=NOW + DAY)
    assert [seat.state_at(NOW + n * DAY) for n in (0, 1)] == ["active", "expired"]
    assert list(Assignment.objects.in_state("expired", at=NOW + DAY)) == [seat]
    assert not Assignment.objects.live(at=NOW + DAY).exists()
    with pytest.raises(WrongState):
        actions.complete(actor=office_reviewer, assignment=seat, at=NOW + DAY)


def test_the_job_tells_of_an_expiry_once(case, office_reviewer):
    seat = desk.active(case, office_reviewer, expires_at=NOW + DAY)
    late = NOW + 2 * DAY
    assert [actions.record_clock(at=late) for _ in range(2)] == [1, 0]
    assert last_event(seat) == {
        "verb": "expire",
        "actor": None,
        "capacity": "clock",
        "reason": "",
        "case": case.submission.pk,
        "data": {
            "revision": 3,
            "person": str(office_reviewer.pk),
            "expired_at": (NOW + DAY).isoformat(),
            "from": "active",
        },
    }
    assert people(told("assignment_expired")) == {office_reviewer, case.coordinator}


def test_an_expired_lead_does_not_stand_in_a_new_ones_way(case, office_reviewer):
    desk.active(case, office_reviewer, role="lead", expires_at=NOW + DAY)
    new = desk.proposed(case, office_reviewer, role="lead", at=NOW + 2 * DAY)
    assert list(Assignment.objects.live(at=NOW + 2 * DAY)) == [new]
    assert Event.objects.filter(verb="expire").count() == 1


def test_a_proposed_seat_ends_with_the_withdrawal(case, office_reviewer):
    seat = desk.proposed(case, office_reviewer)
    active = desk.reviewer(make.programme_office())
    desk.active(case, active)
    cases.withdraw(actor=case.contributor, submission=case.submission, at=NOW + DAY)
    assert Assignment.objects.get(pk=seat.pk).state_at(NOW + DAY) == "expired"
    assert actions.record_clock(at=NOW + DAY) == 2
    # Who had access was told of the withdrawal itself.
    assert people(told("assignment_expired")) == {office_reviewer}
    assert active in people(told("withdraw"))


def test_the_expiry_follows_the_window_unless_it_was_given(case, office_reviewer):
    other = desk.reviewer(make.programme_office())
    follows, fixed = (
        desk.active(case, office_reviewer),
        desk.active(case, other, expires_at=NOW + 50 * DAY),
    )
    cases.move_dates(
        actor=case.contributor,
        submission=case.submission,
        planned_public_release=NOW + 60 * DAY,
        planned_partner_release=NOW + 20 * DAY,
        at=NOW,
    )
    follows.refresh_from_db()
    fixed.refresh_from_db()
    assert (follows.expires_at, fixed.expires_at) == (NOW + 80 * DAY, NOW + 50 * DAY)


@pytest.mark.parametrize("lost", ["membership", "conflict"])
def test_no_attestation_reminder_to_who_lost_the_right_to_know(case, office_reviewer, lost):
    desk.proposed(case, office_reviewer)
    if lost == "membership":
        Membership.objects.filter(user=office_reviewer).update(ended_at=NOW)
    else:
        _declared(office_reviewer, case)
    actions.record_clock(at=NOW + DAY)
    assert Deadline.objects.get(kind="attest").cancelled_at == NOW + DAY


def test_hooks_name_live_reviewers(case, office_reviewer):
    desk.active(case, office_reviewer, at=NOW, expires_at=NOW + 3650 * DAY)
    gone = desk.reviewer(make.programme_office())
    seat = desk.proposed(case, gone, expires_at=NOW + 3650 * DAY)
    actions.decline(actor=gone, assignment=seat, at=NOW)
    assert hooks.gather(hooks.REVIEWERS_OF, case.submission) == {office_reviewer.pk}


def test_inviting_and_ending_an_invitation(case):
    agency = make.agency()
    coordinator = make.member(agency, Role.COORDINATOR)
    invitation = actions.invite_agency(
        actor=case.coordinator, submission=case.submission, agency=agency, at=NOW
    )
    with pytest.raises(AlreadyDone):
        actions.invite_agency(actor=case.coordinator, submission=case.submission, agency=agency, at=NOW)
    for wrong in (make.lab(), make.programme_office()):
        with pytest.raises(Invalid) as refused:
            actions.invite_agency(actor=case.coordinator, submission=case.submission, agency=wrong, at=NOW)
        assert refused.value.field == "agency"
    seat = desk.proposed(case, desk.reviewer(agency))
    with pytest.raises(WrongState):
        actions.end_invitation(actor=case.coordinator, invitation=invitation, at=NOW)
    actions.revoke(actor=case.coordinator, assignment=seat, reason="Not needed.", at=NOW)
    with pytest.raises(NotAllowed):
        actions.end_invitation(actor=coordinator, invitation=invitation, at=NOW)
    actions.end_invitation(actor=case.coordinator, invitation=invitation, at=NOW + DAY)
    assert coordinator in people(told("agency_invitation_ended"))
    with pytest.raises(AlreadyDone):
        actions.end_invitation(actor=case.coordinator, invitation=invitation, at=NOW + DAY)
