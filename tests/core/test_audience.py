"""Who sees what, from when to when: the view and ``visible_to`` are one rule (invariants 3, 5, 9)."""

from datetime import timedelta

import pytest
from django.db.models import Q

from partners.models import GrantUser
from portal.accounts.models import Affiliation, Membership, Role, User
from portal.submissions import actions, policies
from portal.submissions.models import Audience, Document, Submission
from portal.submissions.querysets import ASSESSMENTS, DOCUMENTS, FACTS, INSTRUCTIONS, OFFER, RECORD, live
from tests import factories as make
from tests.factories_partners import GrantCase

pytestmark = pytest.mark.django_db
SCOPES = (RECORD, FACTS, DOCUMENTS, INSTRUCTIONS, ASSESSMENTS)
HOURS = timedelta(hours=1)


def _everyone() -> dict[str, User]:
    office = make.programme_office()
    other = make.agency()
    return {
        "coordinator": make.member(office, Role.COORDINATOR),
        "designator": make.member(other, Role.DESIGNATOR),
        "auditor": make.member(other, Role.AUDITOR),
        "security": make.member(office, Role.SECURITY),
        "liaison": make.member(office, Role.LIAISON),
        "reviewer": make.member(office, Role.REVIEWER),
        "foreign coordinator": make.member(other, Role.COORDINATOR),
        "another lab": make.member(make.lab(), Role.ADMIN),
        "partner": make.member(make.partner_organisation(), Role.ADMIN),
        "superuser": make.person(is_superuser=True),
    }


def _seen(people: dict[str, User], case: Submission, at) -> dict[str, set[str]]:
    return {
        name: {
            scope
            for scope in SCOPES
            if Submission.objects.visible_to(user, scope=scope, at=at).filter(pk=case.pk)
        }
        for name, user in people.items()
    }


GOVERNMENT = {RECORD, FACTS, DOCUMENTS, ASSESSMENTS}


def test_a_draft_is_seen_by_its_lab_alone():
    case = make.Case(make.draft)
    people = _everyone() | {"contributor": case.contributor, "viewer": case.viewer}
    seen = _seen(people, case.submission, make.NOW)
    assert {name: scopes for name, scopes in seen.items() if scopes} == {
        "contributor": set(SCOPES),
        "viewer": set(SCOPES),
    }


def test_a_draft_withdrawn_was_never_anybody_elses():
    case = make.Case(make.draft)
    people = _everyone()
    actions.withdraw(actor=case.contributor, submission=case.submission, at=make.NOW)
    assert {scopes for seen in _seen(people, case.submission, make.NOW).values() for scopes in seen} == set()


def test_a_submitted_case_is_seen_by_the_programme_and_by_no_stranger():
    case = make.Case(make.with_access)
    seen = _seen(_everyone(), case.submission, make.NOW + 15 * make.DAY)
    assert {name: scopes for name, scopes in seen.items() if scopes} == {
        "coordinator": GOVERNMENT,
        "designator": GOVERNMENT,
        "auditor": {RECORD, FACTS, ASSESSMENTS},
    }


@pytest.mark.parametrize("verb", ["withdraw", "release"])
def test_leaving_ends_access_at_that_instant(verb):
    case, people = make.Case(make.with_access), _everyone()
    at = make.NOW + 15 * make.DAY
    getattr(actions, verb)(actor=case.contributor, submission=case.submission, at=at)
    before = _seen(people, case.submission, at - HOURS)
    after = _seen(people, case.submission, at)
    assert before["coordinator"] == GOVERNMENT
    kept = {RECORD} if verb == "withdraw" else {RECORD, FACTS, ASSESSMENTS}
    assert {name: scopes for name, scopes in after.items() if scopes} == {
        "coordinator": kept,
        "designator": kept,
        "auditor": kept,
    }


def test_conflicts_hide_a_case_everywhere():
    case = make.Case(make.submitted)
    past_employee, on_case, on_lab = make.coordinator(), make.coordinator(), make.coordinator()
    Affiliation.objects.create(user=past_employee, organisation=case.lab)
    actions.declare_conflict(actor=on_case, user=on_case, submission=case.submission, at=make.NOW)
    actions.declare_conflict(actor=on_lab, user=on_lab, organisation=case.lab, at=make.NOW)
    other = make.Case(make.submitted)
    for user, sees in ((past_employee, 1), (on_case, 1), (on_lab, 1), (case.coordinator, 2)):
        assert Submission.objects.visible_to(user, at=make.NOW).count() == sees
        assert Submission.objects.visible_to(user, at=make.NOW).filter(pk=other.submission.pk).exists()
        assert Audience.objects.filter(live(make.NOW), user=user, submission=case.submission).exists() == (
            sees == 2
        )


def test_a_person_who_left_the_lab_sees_nothing_more():
    case = make.Case(make.submitted)
    membership = case.contributor.memberships.get()
    membership.ended_at = make.NOW + make.DAY
    membership.save()
    for at, sees in ((make.NOW, True), (make.NOW + make.DAY, False)):
        assert Submission.objects.visible_to(case.contributor, at=at).exists() == sees


def test_an_inactive_account_sees_nothing():
    case = make.Case(make.submitted)
    for user in (case.contributor, case.coordinator):
        user.is_active = False
        user.save()
        assert not Submission.objects.visible_to(User.objects.get(pk=user.pk), at=make.NOW).exists()


def test_documents_follow_their_case_and_taken_out_ones_are_gone():
    case = make.Case(make.draft)
    kept, gone = (
        actions.add_document(
            actor=case.contributor,
            submission=case.submission,
            kind="other",
            title=title,
            upload=make.pdf(),
            at=make.NOW,
        )
        for title in ("kept", "gone")
    )
    actions.remove_document(actor=case.contributor, document=gone, at=make.NOW)
    actions.submit(actor=case.contributor, submission=case.submission, at=make.NOW)
    stranger = make.member(make.lab(), Role.ADMIN)
    for user, sees in ((case.contributor, [kept]), (case.coordinator, [kept]), (stranger, [])):
        assert list(Document.objects.visible_to(user, at=make.NOW)) == sees


def test_memberships_that_change_count_at_each_instant_as_the_view_has_it():
    """Who was of an agency, is of a partner for a while yet, or will be of the office: seats say what is held today alone."""
    case, other = GrantCase(), make.Case()
    case.agree()
    office, change = make.programme_office(), make.NOW + 30 * make.DAY
    before = make.NOW - 300 * make.DAY
    seats = (
        [(office, Role.COORDINATOR, before, change), (other.lab, Role.VIEWER, change, None)],
        [
            (case.partner.organisation, Role.ADMIN, before, change),
            (other.lab, Role.CONTRIBUTOR, before, None),
        ],
        [(other.lab, Role.VIEWER, before, None), (case.partner.organisation, Role.ADMIN, change, None)],
        [(other.lab, Role.ADMIN, before, change)],
        [(other.lab, Role.ADMIN, before, None)],
        [(office, Role.COORDINATOR, change, None)],
        [
            (office, Role.AUDITOR, before, None),
            (make.agency(), Role.DESIGNATOR, change, None),
            (case.partner.organisation, Role.MEMBER, before, change),
        ],
        [],
    )
    people = []
    for held in seats:
        people.append(make.person())
        for organisation, role, since, ended in held:
            Membership.objects.create(
                user=people[-1], organisation=organisation, role=role, since=since, ended_at=ended
            )
    GrantUser.objects.create(grant=case.grant, user=people[6], added_by=case.partner.admin, since=make.NOW)
    for again in (User.objects, User.objects.with_standing()):
        for user in (again.get(pk=person.pk) for person in people):
            for days in (-1, 0, 21, 30, 45):
                at = make.NOW + days * make.DAY
                rows = Audience.objects.filter(live(at), user=user)
                for scope in (*SCOPES, OFFER, "model"):
                    seen = Submission.objects.visible_to(user, scope=scope, at=at)
                    assert set(seen) == {row.submission for row in rows.filter(scope=scope)}, (scope, days)
                documents = rows.filter(scope=DOCUMENTS)
                assert set(Document.objects.visible_to(user, at=at)) == set(
                    Document.objects.filter(
                        Q(pk__in=documents.values("document"))
                        | Q(submission__in=documents.filter(document=None).values("submission"))
                    )
                )
                for each in (case, other):
                    assert policies.capacities(user, each.submission, at=at) == {
                        row.capacity for row in rows.filter(submission=each.submission)
                    }


def test_querysets_and_capacities_say_what_the_view_says():
    """For every person, scope and instant tried: what ``visible_to`` admits, and in what capacity, is what the view has."""
    cases = [make.Case(maker) for maker in (make.draft, make.submitted, make.agreed, make.with_access)]
    cases += [make.Case(make.with_access), make.Case(make.with_access)]
    actions.withdraw(actor=cases[4].contributor, submission=cases[4].submission, at=make.NOW + 12 * make.DAY)
    actions.release(actor=cases[5].contributor, submission=cases[5].submission, at=make.NOW + 12 * make.DAY)
    people = list(_everyone().values()) + [user for case in cases for user in (case.contributor, case.viewer)]
    # Who is of two labs, of a lab and of something else, of a lab later on, and of a lab no more.
    several, mixed, later, left = make.person(), make.person(), make.person(), make.person()
    before, change = make.NOW - 365 * make.DAY, make.NOW + 12 * make.DAY
    for user, organisation, role, since, ended in (
        (several, cases[2].lab, Role.VIEWER, before, None),
        (several, cases[2].lab, Role.ADMIN, before, None),
        (several, cases[3].lab, Role.VIEWER, before, None),
        (mixed, cases[3].lab, Role.CONTRIBUTOR, before, None),
        (mixed, people[0].memberships.get().organisation, Role.COORDINATOR, before, None),
        (later, cases[3].lab, Role.ADMIN, change, None),
        (left, cases[3].lab, Role.ADMIN, before, change),
    ):
        Membership.objects.create(
            user=user, organisation=organisation, role=role, since=since, ended_at=ended
        )
    people += [User.objects.get(pk=person.pk) for person in (several, mixed, later, left)]
    actions.declare_conflict(actor=people[0], user=people[0], submission=cases[3].submission, at=make.NOW)
    for at in (
        make.NOW - HOURS,
        make.NOW,
        make.NOW + 11 * make.DAY,
        make.NOW + 13 * make.DAY,
        make.NOW + 90 * make.DAY,
    ):
        for user in people:
            for scope in SCOPES:
                rows = Audience.objects.filter(live(at), user=user, scope=scope, document=None)
                assert set(Submission.objects.visible_to(user, scope=scope, at=at)) == {
                    row.submission for row in rows
                }
            for case in cases:
                rows = Audience.objects.filter(live(at), user=user, submission=case.submission)
                assert policies.capacities(user, case.submission, at=at) == {row.capacity for row in rows}
