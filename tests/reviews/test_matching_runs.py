"""A stored run of matching: who may make one, what it says and to whom, and what becomes of its pairs."""

from uuid import UUID

import pytest
import time_machine
from django.db import DatabaseError, connection, transaction

from portal.accounts.models import Affiliation, Membership, Role
from portal.deadlines.models import Message
from portal.errors import AlreadyDone, Invalid, Missing, NotAllowed, Stale, WrongState
from portal.ledger.models import Event
from portal.submissions import actions as cases
from portal.submissions import hooks
from reviews import actions, candidates, policies
from reviews.actions.matching import MOST_CASES, Wanted
from reviews.matching import Bar
from reviews.models import (
    Assignment,
    CaseAgency,
    MatchingNeed,
    MatchingOutcome,
    MatchingPair,
    MatchingRun,
    ReviewerProfile,
)
from tests import factories as make
from tests import factories_reviews as desk

pytestmark = pytest.mark.django_db
NOW, DAY = make.NOW, make.DAY
CONFLICT = "Cannot take a seat on this case: there is a conflict."


@pytest.fixture(autouse=True)
def _at_now():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def case():
    return make.Case(make.with_access)


@pytest.fixture
def office():
    return make.programme_office()


def pairs(run) -> set:
    return {(pair.reviewer, pair.submission, pair.domain, pair.role) for pair in run.pairs.all()}


def exclusions(run) -> dict:
    """Who was excluded, and why, by the person's name."""
    names = {str(m.pk): m.user.name for m in Membership.objects.select_related("user")}
    return {names[one["reviewer"]]: (one["code"], one["case"]) for one in run.result["exclusions"]}


def outcomes(run, step: str) -> dict:
    rows = MatchingOutcome.objects.filter(pair__run=run, step=step).select_related("pair__reviewer")
    return {row.pair.reviewer.name: (row.done, row.words) for row in rows}


def last_event(subject) -> dict:
    event = Event.objects.filter(subject_id=subject.pk, kind="change").order_by("-seq").first()
    return {
        "verb": event.verb, "actor": event.actor, "capacity": event.capacity, "reason": event.reason,
        "data": event.data, "case": event.case_id,
    }  # fmt: skip


# --- suggesting -------------------------------------------------------------------------------------------------------


def test_a_run_suggests_and_seats_nobody(case, office):
    ada = desk.knowing(office, "cyber", name="Ada")
    agency = make.agency()
    ben = desk.knowing(agency, "chemical", name="Ben")
    wanted = (Wanted(case.submission, "cyber", 1, lead=True), Wanted(case.submission, "chemical"))
    run = desk.suggested(case, *wanted)
    assert pairs(run) == {
        (ada, case.submission, "cyber", "lead"),
        (ben, case.submission, "chemical", "reviewer"),
    }
    assert run.pairs.get(reviewer=ada).why == [
        "Leads: of those suggested for Cyber, the closest fit.",
        "Cyber is the only domain on record for this reviewer.",
        "The reviewer has no seat yet.",
        "The agency carries its part or less.",
        "The lab is new to the reviewer.",
    ]
    assert run.result == {"exclusions": [], "unmet": []}
    assert (run.state, run.made_by, run.made_at) == ("suggested", case.coordinator, NOW)
    assert last_event(run) == {
        "verb": "suggest", "actor": case.coordinator, "capacity": "coordinator", "reason": "", "case": None,
        "data": {"revision": 1, "pairs": 2, "empty": 0},
    }  # fmt: skip
    # Nobody is seated, invited or told.
    assert (Assignment.objects.count(), CaseAgency.objects.count()) == (0, 0)
    assert not Message.objects.filter(recipient__in=[ada, ben]).exists()


def test_every_bar_stands_with_its_reason(case, office):
    """Conflicts declared and by a past employer, a seat, a declined seat, a full reviewer, no profile, another domain."""
    people = {name: desk.knowing(office, "cyber", name=name) for name in ("Fit", "Foe", "Past", "Sat", "Shy")}
    desk.knowing(office, "chemical", name="Other")
    desk.reviewer(office, "Blank")
    full = desk.knowing(office, "cyber", cap=1, name="Full")
    elsewhere = make.Case(make.with_access)
    desk.active(elsewhere, full)
    cases.declare_conflict(actor=people["Foe"], user=people["Foe"], organisation=case.lab)
    Affiliation.objects.create(user=people["Past"], organisation=case.lab, until=NOW.date() - 900 * DAY)
    desk.active(case, people["Sat"])
    actions.decline(actor=people["Shy"], assignment=desk.proposed(case, people["Shy"]))
    run = desk.suggested(case)
    here = str(case.submission.pk)
    assert {name for person, *_ in pairs(run) for name in [person.name]} == {"Fit"}
    assert exclusions(run) == {
        "Foe": ("conflict", here),
        "Past": ("conflict", here),
        "Sat": ("seated", here),
        "Shy": ("declined", here),
        "Full": ("full", ""),
        "Blank": ("no_profile", ""),
        "Other": ("domain", ""),
    }


@pytest.mark.parametrize("how", ["membership", "affiliation"])
def test_who_works_for_a_partner_of_the_case_is_not_paired(case, office, how, monkeypatch):
    partner = make.partner_organisation()
    ada = desk.knowing(office, "cyber", name="Ada")
    if how == "membership":
        make.person()
        Membership.objects.create(user=ada, organisation=partner, role=Role.MEMBER)
    else:
        Affiliation.objects.create(user=ada, organisation=partner)
    monkeypatch.setattr(hooks, "PARTNERS_OF", [lambda submission: {partner.pk}])
    run = desk.suggested(case)
    assert (pairs(run), exclusions(run)) == (set(), {"Ada": ("conflict", str(case.submission.pk))})


def test_the_bars_are_those_of_proposing(case, office):
    """In bulk or one by one, a conflict is the same."""
    other = make.Case(make.with_access)
    people = [desk.knowing(office, "cyber") for _ in range(4)]
    cases.declare_conflict(actor=people[0], user=people[0], organisation=case.lab)
    cases.declare_conflict(actor=people[1], user=people[1], submission=other.submission)
    Affiliation.objects.create(user=people[2], organisation=other.lab)
    both = [case.submission, other.submission]
    assert policies.conflicts(people, both) == {
        (person.pk, one.pk) for person in people for one in both if not policies.may_be_seated(person, one)
    }
    wanted = [Wanted(one, "cyber") for one in both]
    barred = candidates.facts_for(wanted, at=NOW).barred
    assert {(who, UUID(one), why) for who, one, why in barred} == {
        (str(person.memberships.get().pk), one.pk, Bar.CONFLICT)
        for person, one in zip(people, [case.submission, other.submission, other.submission], strict=False)
    }


def test_who_reviews_for_two_agencies_is_considered_for_one_with_all_their_seats(case, office):
    ada = desk.knowing(office, "cyber", cap=2, name="Ada")
    second = make.agency()
    Membership.objects.create(user=ada, organisation=second, role=Role.REVIEWER, since=NOW)
    later = ada.memberships.get(organisation=second)
    fresh = type(ada).objects.get(pk=ada.pk)
    actions.record_profile(actor=fresh, membership=later, domains=["cyber"], cap=5)
    run = desk.suggested(case, Wanted(case.submission, "cyber", 2))
    assert [(pair.reviewer, pair.agency) for pair in run.pairs.all()] == [(ada, office)]
    assert [one["code"] for one in run.result["exclusions"]] == ["other_agency"]
    assert [one["seats"] for one in run.result["unmet"]] == [1]


def test_a_reviewer_of_an_earlier_case_of_the_lab_comes_first(case, office):
    ada, ben = (desk.knowing(office, "cyber", cap=9, name=name) for name in ("Ada", "Ben"))
    for who in (ada, ben):
        earlier = make.Case(make.with_access)
        if who == ben:
            type(earlier.submission).objects.filter(pk=earlier.submission.pk).update(lab=case.lab)
            earlier.submission.refresh_from_db()
        desk.active(earlier, who)
    run = desk.suggested(case)
    assert {person for person, *_ in pairs(run)} == {ben}
    assert "The reviewer knows the lab from an earlier case." in run.pairs.get().why


def test_an_empty_seat_has_its_reasons_and_three_remedies(case, office):
    full = desk.knowing(office, "cyber", cap=0, name="Full")
    desk.knowing(office, "chemical", name="Free")
    run = desk.suggested(case, Wanted(case.submission, "cyber", 1, lead=True))
    (unmet,) = run.result["unmet"]
    told = [(one["code"], one["words"]) for one in unmet["remedies"]]
    assert (unmet["seats"], unmet["lead"], unmet["reasons"]) == (
        1, True, ["1 reviewer of Cyber has as many seats as the cap allows."],
    )  # fmt: skip
    assert told == [
        ("raise_cap", "Raise this reviewer's cap by one seat more than they have or are suggested for."),
        ("add_expertise", "This reviewer has room: train them in Cyber, and put it on record."),
        ("new_reviewer", "Have any agency add a reviewer of Cyber."),
    ]
    assert unmet["remedies"][0]["reviewer"] == str(full.memberships.get().pk)


def test_who_may_run_a_matching(case, office):
    foreign = make.member(make.agency(), Role.COORDINATOR)
    for actor in (
        case.contributor, foreign, desk.reviewer(office), desk.auditor(), desk.designator(), make.person(is_superuser=True),
    ):  # fmt: skip
        with pytest.raises(NotAllowed):
            desk.suggested(case, actor=actor)
    barred = make.coordinator()
    cases.declare_conflict(actor=barred, user=barred, organisation=case.lab)
    with pytest.raises(NotAllowed):
        desk.suggested(case, actor=barred)
    assert not MatchingRun.objects.exists()


def test_what_cannot_be_asked(case, office):
    early = make.Case(make.submitted)
    desk.active(case, desk.knowing(office, "cyber"), role="lead")
    here = case.submission
    for wanted, refusal in (
        ([], Missing),
        ([Wanted(here, "astrology")], Invalid),
        ([Wanted(here, "cyber", 0)], Invalid),
        ([Wanted(here, "cyber", 11)], Invalid),
        ([Wanted(here, "cyber"), Wanted(here, "cyber")], Invalid),
        ([Wanted(here, "cyber", lead=True)], Invalid),
        ([Wanted(early.submission, "cyber")], Invalid),
    ):
        with pytest.raises(refusal) as caught:
            actions.matching.suggest(actor=case.coordinator, needs=wanted)
        assert caught.value.field == "needs"
    assert MOST_CASES == 50
    assert not MatchingRun.objects.exists()


# --- confirming, undoing, discarding ----------------------------------------------------------------------------------


def test_confirming_proposes_each_seat_by_the_usual_action(case, office):
    agency = make.agency()
    ada = desk.knowing(office, "cyber", name="Ada")
    ben = desk.knowing(agency, "chemical", name="Ben")
    run = desk.suggested(
        case, Wanted(case.submission, "cyber", 1, lead=True), Wanted(case.submission, "chemical")
    )
    run = actions.matching.confirm(actor=case.coordinator, run=run, expected_revision=1)
    assert (run.state, run.revision) == ("confirmed", 2)
    seats = Assignment.objects.in_state("proposed", at=NOW)
    assert {(seat.reviewer, seat.agency, seat.domain, seat.role, seat.proposed_by) for seat in seats} == {
        (ada, office, "cyber", "lead", case.coordinator),
        (ben, agency, "chemical", "reviewer", case.coordinator),
    }
    assert outcomes(run, "confirm") == dict.fromkeys(("Ada", "Ben"), (True, "The seat is proposed."))
    assert CaseAgency.objects.get().agency == agency
    assert {m.recipient for m in Message.objects.filter(kind="assignment_proposed")} == {ada, ben}
    assert last_event(run)["data"] == {"revision": 2, "proposed": 2, "refused": 0}
    with pytest.raises(AlreadyDone):
        actions.matching.confirm(actor=case.coordinator, run=run)


def test_a_pair_that_is_refused_meanwhile_is_told_and_the_others_stand(case, office):
    ada = desk.knowing(office, "cyber", name="Ada")
    desk.knowing(office, "cyber", name="Ben")
    desk.knowing(office, "cyber", name="Cleo")
    run = desk.suggested(case, Wanted(case.submission, "cyber", 3))
    cases.declare_conflict(actor=ada, user=ada, organisation=case.lab)
    desk.proposed(case, run.pairs.get(reviewer__name="Ben").reviewer)
    with pytest.raises(Stale) as caught:
        actions.matching.confirm(actor=case.coordinator, run=run)
    assert caught.value.changes == [
        "Reviewers, their domains, caps or seats",
        "Conflicts, or seats on these cases",
    ]
    assert MatchingRun.objects.get().state == "suggested"
    run = actions.matching.confirm(actor=case.coordinator, run=run, despite_changes=True)
    assert outcomes(run, "confirm") == {
        "Ada": (False, "This person cannot take a seat on this case: there is a conflict."),
        "Ben": (False, "This person has a seat on this case already."),
        "Cleo": (True, "The seat is proposed."),
    }
    assert last_event(run)["data"] == {"revision": 2, "proposed": 1, "refused": 2}


def change_cap(case, office, people):
    profile = ReviewerProfile.objects.get(membership__user=people[0])
    actions.change_profile(actor=people[0], profile=profile, domains=["cyber"], cap=7)


def declare(case, office, people):
    cases.declare_conflict(actor=people[1], user=people[1], organisation=case.lab)


def seat_elsewhere(case, office, people):
    desk.active(make.Case(make.with_access), people[0])


def another_agency(case, office, people):
    make.agency()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (change_cap, ["Reviewers, their domains, caps or seats"]),
        (declare, ["Conflicts, or seats on these cases"]),
        (seat_elsewhere, ["Reviewers, their domains, caps or seats"]),
        (another_agency, ["The agencies"]),
        (None, []),
    ],
)
def test_which_part_of_the_facts_changed_is_told(case, office, change, told):
    people = [desk.knowing(office, "cyber") for _ in range(2)]
    run = desk.suggested(case)
    if change:
        change(case, office, people)
    assert candidates.changes_since(run, at=NOW) == told


def test_undoing_revokes_what_nobody_attested_and_leaves_the_rest(case, office):
    ada, ben, cleo = (desk.knowing(office, "cyber", name=name) for name in ("Ada", "Ben", "Cleo"))
    run = desk.suggested(case, Wanted(case.submission, "cyber", 3))
    actions.matching.confirm(actor=case.coordinator, run=run)
    seats = {seat.reviewer: seat for seat in Assignment.objects.all()}
    actions.attest(actor=ben, assignment=seats[ben], **desk.ATTESTED)
    actions.decline(actor=cleo, assignment=seats[cleo])
    with pytest.raises(Missing):
        actions.matching.undo(actor=case.coordinator, run=run, reason=" ")
    run = actions.matching.undo(actor=case.coordinator, run=run, reason="The lab moved its dates.")
    assert run.state == "undone"
    assert outcomes(run, "undo") == {
        "Ada": (True, "The seat is revoked."),
        "Ben": (False, "The seat stays as it is: active."),
        "Cleo": (False, "The seat stays as it is: declined."),
    }
    states = {seat.reviewer: (seat.state, seat.reason) for seat in Assignment.objects.all()}
    assert states == {
        ada: ("revoked", "The lab moved its dates."), ben: ("active", ""), cleo: ("declined", ""),
    }  # fmt: skip
    assert last_event(run)["data"] == {"revision": 3, "revoked": 1, "left": 2}
    assert last_event(run)["reason"] == "The lab moved its dates."


def test_a_discarded_run_stays_on_record(case, office):
    desk.knowing(office, "cyber")
    run = actions.matching.discard(actor=case.coordinator, run=desk.suggested(case))
    assert (run.state, run.pairs.count(), Assignment.objects.count()) == ("discarded", 1, 0)
    with pytest.raises(WrongState):
        actions.matching.confirm(actor=case.coordinator, run=run)
    with pytest.raises(WrongState):
        actions.matching.undo(actor=case.coordinator, run=run, reason="No.")


def test_a_run_that_found_nobody_is_not_confirmed(case):
    run = desk.suggested(case)
    with pytest.raises(WrongState):
        actions.matching.confirm(actor=case.coordinator, run=run)
    assert MatchingRun.objects.get().state == "suggested"


def test_steps_are_the_programmes_coordinators(case, office):
    desk.knowing(office, "cyber")
    run = desk.suggested(case)
    foreign = make.member(make.agency(), Role.COORDINATOR)
    for actor in (case.contributor, foreign, desk.reviewer(office), desk.auditor(), desk.designator()):
        for step in (actions.matching.confirm, actions.matching.discard):
            with pytest.raises(NotAllowed):
                step(actor=actor, run=run)
    with pytest.raises(Stale):
        actions.matching.discard(actor=case.coordinator, run=run, expected_revision=7)


# --- who sees a run ---------------------------------------------------------------------------------------------------


def test_a_run_is_for_the_office_and_hides_with_any_of_its_cases(case, office):
    """A conflict with one lab, or with another case of it, takes the whole run out of sight."""
    other, sibling = make.Case(make.with_access), make.Case(make.with_access)
    type(sibling.submission).objects.filter(pk=sibling.submission.pk).update(lab=other.lab)
    run = desk.suggested(case, Wanted(case.submission, "cyber"), Wanted(other.submission, "cyber"))
    free, against_lab, against_case, against_sibling = (make.coordinator() for _ in range(4))
    for user, barred in (
        (against_lab, {"organisation": other.lab}),
        (against_case, {"submission": other.submission}),
        (against_sibling, {"submission": sibling.submission}),
    ):
        cases.declare_conflict(actor=user, user=user, **barred)
    affiliated = make.coordinator()
    Affiliation.objects.create(user=affiliated, organisation=case.lab)
    seen = {
        "coordinator": case.coordinator, "another": free, "auditor": desk.auditor(),
        "lab conflict": against_lab, "case conflict": against_case, "sibling conflict": against_sibling,
        "affiliated": affiliated, "designator": desk.designator(), "reviewer": desk.knowing(office, "cyber"),
        "agency": make.member(make.agency(), Role.COORDINATOR), "lab": case.contributor,
        "partner": make.member(make.partner_organisation(), Role.ADMIN), "superuser": make.person(is_superuser=True),
    }  # fmt: skip
    found = {name for name, user in seen.items() if MatchingRun.objects.visible_to(user).exists()}
    assert found == {"coordinator", "another", "auditor"}
    readers = {
        name for name, user in seen.items() if Event.objects.visible_to(user).filter(subject_id=run.pk)
    }
    assert readers == found


def test_a_run_tells_no_number_of_a_persons_seats(case, office):
    """Nor of costs: a number would tell of seats on cases that its reader may not know."""
    busy = desk.knowing(office, "cyber", cap=17, name="Busy")
    for _ in range(3):
        desk.active(make.Case(make.with_access), busy)
    run = desk.suggested(case)
    said = " ".join([*run.pairs.get().why, str(run.result)])
    assert [digit for digit in "0123456789" if digit in said] == []
    assert "The reviewer has seats, and room for more." in said


# --- kept by the database ---------------------------------------------------------------------------------------------


def test_the_database_changes_nothing_of_a_run_but_its_state(case, office):
    desk.knowing(office, "cyber")
    run = desk.suggested(case)
    actions.matching.confirm(actor=case.coordinator, run=run)
    changes = [
        lambda: MatchingRun.objects.filter(pk=run.pk).update(result={}),
        lambda: MatchingRun.objects.filter(pk=run.pk).update(made_at=NOW + DAY),
        lambda: MatchingRun.objects.filter(pk=run.pk).update(state="discarded"),
        lambda: MatchingNeed.objects.update(seats=9),
        lambda: MatchingPair.objects.update(why=[]),
        lambda: MatchingOutcome.objects.update(words="Nothing happened."),
    ]
    for table in ("matchingrun", "matchingneed", "matchingpair", "matchingoutcome"):
        changes.append(lambda table=table: connection.cursor().execute(f"DELETE FROM reviews_{table}"))
        changes.append(lambda table=table: connection.cursor().execute(f"TRUNCATE reviews_{table} CASCADE"))
    for change in changes:
        with pytest.raises(DatabaseError), transaction.atomic():
            change()
    kept = MatchingRun.objects.get()
    assert (kept.state, kept.result, MatchingPair.objects.count()) == ("confirmed", run.result, 1)


# --- profiles ---------------------------------------------------------------------------------------------------------


def test_a_profile_is_kept_by_the_reviewer_and_their_own_agency(case, office):
    agency = make.agency()
    ada = desk.reviewer(agency, "Ada")
    membership = ada.memberships.get()
    own, foreign = make.member(agency, Role.COORDINATOR), make.member(make.agency(), Role.COORDINATOR)
    colleague = desk.reviewer(agency)
    for actor in (case.coordinator, foreign, colleague, desk.auditor(), case.contributor):
        with pytest.raises(NotAllowed):
            actions.record_profile(actor=actor, membership=membership, domains=["cyber"], cap=1)
    made = actions.record_profile(actor=own, membership=membership, domains=["cyber", "cyber"], cap=1)
    assert last_event(made) == {
        "verb": "record_profile", "actor": own, "capacity": "coordinator", "reason": "", "case": None,
        "data": {"revision": 1, "person": str(ada.pk), "domains": ["cyber"], "cap": 1},
    }  # fmt: skip
    with pytest.raises(AlreadyDone):
        actions.record_profile(actor=ada, membership=membership, domains=["cyber"], cap=1)
    changed = actions.change_profile(
        actor=ada, profile=made, domains=["other", "cyber"], cap=0, expected_revision=1
    )
    assert (changed.domains, changed.cap, changed.revision, changed.updated_by) == (
        ["cyber", "other"],
        0,
        2,
        ada,
    )
    assert last_event(made)["capacity"] == "reviewer"
    for actor in (case.coordinator, foreign, colleague):
        with pytest.raises(NotAllowed):
            actions.change_profile(actor=actor, profile=made, domains=["cyber"], cap=1)
    with pytest.raises(Stale):
        actions.change_profile(actor=ada, profile=made, domains=["cyber"], cap=1, expected_revision=1)
    for values, field in (
        ({"domains": [], "cap": 1}, "domains"),
        ({"domains": ["astrology"], "cap": 1}, "domains"),
        ({"domains": ["cyber"], "cap": 21}, "cap"),
        ({"domains": ["cyber"], "cap": -1}, "cap"),
    ):
        with pytest.raises(Invalid) as caught:
            actions.change_profile(actor=ada, profile=made, **values)
        assert caught.value.field == field
    seen = {
        user: set(ReviewerProfile.objects.visible_to(user))
        for user in (ada, own, foreign, colleague, case.coordinator, desk.auditor(), case.contributor)
    }
    assert [len(rows) for rows in seen.values()] == [1, 1, 0, 0, 1, 1, 0]


def test_who_is_no_reviewer_any_more_has_no_profile_to_keep(office):
    ada = desk.knowing(office, "cyber")
    Membership.objects.filter(user=ada).update(ended_at=NOW)
    profile = ReviewerProfile.objects.get()
    fresh = type(ada).objects.get(pk=ada.pk)
    with pytest.raises(NotAllowed):
        actions.change_profile(actor=fresh, profile=profile, domains=["cyber"], cap=1)
    assert candidates.facts_for([], at=NOW).reviewers == ()
