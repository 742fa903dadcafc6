"""What a reviewer's seat and an agency's invitation open, from when to when; and what each role reads of the seats."""

import pytest

from portal.accounts.models import Affiliation, Membership, Role, User
from portal.submissions import actions as cases
from portal.submissions.models import Audience, Document, Submission
from portal.submissions.querysets import live
from reviews import actions
from reviews.models import Assignment, CaseAgency
from tests import factories as make
from tests import factories_reviews as desk

pytestmark = pytest.mark.django_db
NOW, DAY = make.NOW, make.DAY
ALL = {"record", "facts", "documents", "instructions", "assessments"}
SHUT = ALL - {"instructions"}
KEPT = {"record", "facts", "assessments"}


def scopes(user, case, at) -> set[str]:
    rows = Audience.objects.filter(live(at), user=user, submission=case.submission)
    return set(rows.values_list("scope", flat=True))


def seen(user, case, at) -> set[str]:
    """The same by the doorway that doors use."""
    user = User.objects.get(pk=user.pk)
    return {
        scope
        for scope in ALL
        if Submission.objects.visible_to(user, scope=scope, at=at).filter(pk=case.submission.pk).exists()
    }


@pytest.fixture
def reviewer():
    return desk.reviewer(make.programme_office())


def test_nothing_before_the_terms_are_agreed(reviewer):
    case = make.Case(make.submitted)
    cases.acknowledge(actor=case.coordinator, submission=case.submission, at=NOW)
    desk.active(case, reviewer)
    assert scopes(reviewer, case, NOW + DAY) == set()
    for actor in (case.coordinator, case.contributor):
        cases.accept_terms(actor=actor, submission=case.submission, at=NOW + 2 * DAY)
    assert [scopes(reviewer, case, NOW + n * DAY) for n in (1, 2)] == [set(), SHUT]


def test_nothing_before_the_attestation(reviewer):
    case = make.Case(make.with_access)
    seat = desk.proposed(case, reviewer)
    assert scopes(reviewer, case, NOW) == set()
    actions.attest(actor=reviewer, assignment=seat, at=NOW + DAY, **desk.ATTESTED)
    assert [scopes(reviewer, case, NOW + n * DAY) for n in (0, 1)] == [set(), SHUT]


def test_the_seat_over_the_life_of_a_case(reviewer):
    case = make.Case(make.with_access)
    desk.active(case, reviewer)
    assert (case.submission.opens_at, case.submission.closes_at) == (NOW + 10 * DAY, NOW + 40 * DAY)
    second = DAY / 86400
    expected = {
        NOW: SHUT,
        NOW + 10 * DAY - second: SHUT,
        NOW + 10 * DAY: ALL,
        NOW + 40 * DAY - second: ALL,
        NOW + 40 * DAY: KEPT,
        NOW + 100 * DAY - second: KEPT,
        NOW + 100 * DAY: set(),
    }
    assert {at: scopes(reviewer, case, at) for at in expected} == expected
    assert {at: seen(reviewer, case, at) for at in expected} == expected


def test_the_seat_ends_when_the_case_is_closed(reviewer):
    case = make.Case(make.with_access)
    desk.active(case, reviewer)
    cases.close(actor=case.coordinator, submission=case.submission, at=NOW + 45 * DAY)
    assert [scopes(reviewer, case, NOW + n * DAY) for n in (44, 45)] == [KEPT, set()]


@pytest.mark.parametrize(("day", "before"), [(5, SHUT), (20, ALL)])
def test_a_withdrawal_ends_everything_in_its_transaction(reviewer, day, before):
    case = make.Case(make.with_access)
    desk.active(case, reviewer)
    at = NOW + day * DAY
    assert scopes(reviewer, case, at) == before
    cases.withdraw(actor=case.contributor, submission=case.submission, at=at)
    assert scopes(reviewer, case, at) == set()


def test_a_release_ends_documents_and_instructions(reviewer):
    case = make.Case(make.with_access)
    desk.active(case, reviewer)
    cases.release(actor=case.contributor, submission=case.submission, at=NOW + 20 * DAY)
    assert scopes(reviewer, case, NOW + 20 * DAY) == KEPT


@pytest.mark.parametrize("verb", ["recuse", "complete", "revoke", "hand_over"])
def test_access_ends_with_the_seat(reviewer, verb):
    case = make.Case(make.with_access)
    seat = desk.active(case, reviewer)
    at = NOW + 20 * DAY
    options = {
        "revoke": {"reason": "Not needed."},
        "hand_over": {"to": desk.reviewer(make.programme_office())},
    }
    actor = case.coordinator if verb == "revoke" else reviewer
    getattr(actions, verb)(actor=actor, assignment=seat, at=at, **options.get(verb, {}))
    assert (scopes(reviewer, case, at), seen(reviewer, case, at)) == (set(), set())


def test_access_ends_with_the_membership_and_a_new_one_begins_anew(reviewer):
    case = make.Case(make.with_access)
    desk.active(case, reviewer)
    old = Membership.objects.filter(user=reviewer)
    old.update(ended_at=NOW + 15 * DAY)
    assert [scopes(reviewer, case, NOW + n * DAY) for n in (14, 15)] == [ALL, set()]
    Membership.objects.create(
        user=reviewer, organisation=make.programme_office(), role=Role.REVIEWER, since=NOW + 20 * DAY
    )
    assert [scopes(reviewer, case, NOW + n * DAY) for n in (19, 20)] == [set(), ALL]


def test_another_role_in_the_agency_does_not_keep_the_seat_open(reviewer):
    case = make.Case(make.with_access)
    desk.active(case, reviewer)
    Membership.objects.filter(user=reviewer).update(role=Role.LIAISON)
    assert scopes(reviewer, case, NOW + 15 * DAY) == set()


@pytest.mark.parametrize("kind", ["declared", "on the case", "affiliation", "former member"])
def test_a_conflict_hides_the_case_at_once(reviewer, kind):
    case = make.Case(make.with_access)
    desk.active(case, reviewer)
    if kind == "declared":
        cases.declare_conflict(actor=reviewer, user=reviewer, organisation=case.lab, at=NOW)
    elif kind == "on the case":
        cases.declare_conflict(actor=reviewer, user=reviewer, submission=case.submission, at=NOW)
    elif kind == "affiliation":
        Affiliation.objects.create(user=reviewer, organisation=case.lab)
    else:
        Membership.objects.create(
            user=reviewer, organisation=case.lab, role=Role.ADMIN, since=NOW - 9 * DAY, ended_at=NOW - DAY
        )
    assert scopes(reviewer, case, NOW + 15 * DAY) == set()
    assert not Assignment.objects.visible_to(User.objects.get(pk=reviewer.pk), at=NOW + 15 * DAY).exists()


def test_capacity_organisation_and_source(reviewer):
    case = make.Case(make.with_access)
    seat = desk.active(case, reviewer, role="lead")
    rows = Audience.objects.filter(user=reviewer).values_list(
        "capacity", "organisation_id", "source_id", "document_id"
    )
    assert set(rows) == {("lead", make.programme_office().pk, seat.pk, None)}


def test_a_reviewer_reads_documents_until_the_window_ends(reviewer):
    case = make.Case(make.agreed)
    document = cases.add_document(
        actor=case.contributor,
        submission=case.submission,
        kind="system_card",
        title="Card",
        upload=make.pdf(),
        at=NOW,
    )
    desk.active(case, reviewer)
    open_at, shut_at = case.submission.closes_at - DAY, case.submission.closes_at
    assert [list(Document.objects.visible_to(reviewer, at=at)) for at in (open_at, shut_at)] == [
        [document],
        [],
    ]


def test_the_window_and_its_secret_stay_shut_without_access(reviewer):
    case = make.Case(make.agreed)
    desk.active(case, reviewer)
    assert scopes(reviewer, case, NOW + 15 * DAY) == SHUT


def test_an_invited_agency_s_coordinators(reviewer):
    case = make.Case(make.with_access)
    agency = make.agency()
    invited = make.member(agency, Role.COORDINATOR)
    stranger = make.member(make.agency(), Role.COORDINATOR)
    other_role = make.member(agency, Role.LIAISON)
    invitation = actions.invite_agency(
        actor=case.coordinator, submission=case.submission, agency=agency, at=NOW + DAY
    )
    assert [scopes(invited, case, NOW + n * DAY) for n in (0, 1, 20, 50)] == [set(), SHUT, SHUT, SHUT]
    assert seen(invited, case, NOW + 20 * DAY) == SHUT
    assert {*scopes(stranger, case, NOW + DAY), *scopes(other_role, case, NOW + DAY)} == set()
    actions.end_invitation(actor=case.coordinator, invitation=invitation, at=NOW + 30 * DAY)
    assert [scopes(invited, case, NOW + n * DAY) for n in (29, 30)] == [SHUT, set()]


def test_an_invitation_ends_with_withdrawal_and_its_documents_with_the_release():
    case, other = make.Case(make.with_access), make.Case(make.with_access)
    agency = make.agency()
    invited = make.member(agency, Role.COORDINATOR)
    for one in (case, other):
        actions.invite_agency(actor=case.coordinator, submission=one.submission, agency=agency, at=NOW)
    cases.withdraw(actor=case.contributor, submission=case.submission, at=NOW + DAY)
    cases.release(actor=other.contributor, submission=other.submission, at=NOW + DAY)
    assert (scopes(invited, case, NOW + DAY), scopes(invited, other, NOW + DAY)) == (set(), KEPT)


def test_a_conflicted_coordinator_of_an_invited_agency_sees_nothing():
    case = make.Case(make.with_access)
    agency = make.agency()
    invited = make.member(agency, Role.COORDINATOR)
    cases.declare_conflict(actor=invited, user=invited, organisation=case.lab, at=NOW)
    actions.invite_agency(actor=case.coordinator, submission=case.submission, agency=agency, at=NOW)
    assert scopes(invited, case, NOW + DAY) == set()


def test_who_reads_seats_and_invitations():
    case = desk.Reviewed()
    other = desk.Reviewed()
    own, lead, peer = case.seat, case.lead_seat, case.peer_seat
    others = {other.seat, other.lead_seat, other.peer_seat}
    later = NOW + DAY

    def seats(user):
        return set(Assignment.objects.visible_to(User.objects.get(pk=user.pk), at=later))

    def invitations(user):
        return set(CaseAgency.objects.visible_to(User.objects.get(pk=user.pk), at=later))

    invitation, foreign = case.submission.agencies.get(), other.submission.agencies.get()
    assert seats(case.reviewer) == {own}
    assert seats(case.coordinator) == {own, lead, peer} | others
    assert seats(desk.auditor()) == {own, lead, peer} | others
    assert seats(case.agency_coordinator) == {own, peer}
    for nobody in (
        desk.designator(),
        case.contributor,
        make.person(),
        make.member(make.partner_organisation(), "admin"),
    ):
        assert seats(nobody) == set()
    assert invitations(case.agency_coordinator) == {invitation}
    assert invitations(case.contributor) == {invitation}
    assert invitations(case.coordinator) == {invitation, foreign}
    assert invitations(case.reviewer) == set()


def test_a_coordinator_with_a_conflict_sees_neither_seat_nor_count():
    case, other = desk.Reviewed(), desk.Reviewed()
    coordinator = make.coordinator()
    cases.declare_conflict(actor=coordinator, user=coordinator, organisation=case.lab, at=NOW)
    assert set(Assignment.objects.visible_to(coordinator, at=NOW)) == {
        other.seat,
        other.lead_seat,
        other.peer_seat,
    }


def test_a_superuser_reads_nothing():
    desk.Reviewed()
    admin = make.person(is_superuser=True)
    assert not Assignment.objects.visible_to(admin, at=NOW).exists()
    assert not CaseAgency.objects.visible_to(admin, at=NOW).exists()
