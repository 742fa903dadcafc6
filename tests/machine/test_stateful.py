"""Random people try random things at random times, on real PostgreSQL; after each step the invariants are asked."""

import os

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from partners.models import Grant
from portal.errors import Refused
from portal.ledger.models import Event
from portal.submissions import actions as cases
from portal.submissions.models import DisclosureNotice, InformationRequest, Submission
from reviews.models import Assessment, Assignment
from tests import factories as make
from tests.machine import invariants
from tests.machine.world import (
    ASSESSMENT_VERBS,
    CASE_VERBS,
    GRANT_VERBS,
    NOTICE_VERBS,
    QUESTION_VERBS,
    SEAT_VERBS,
    World,
)

numbers = st.integers(0, 10_000)
WAY = ("submit", "acknowledge", "accept_terms", "accept_terms", "provide_access")
DATES = ("planned_partner_release", "planned_public_release", "released_at")


class Portal(RuleBasedStateMachine):
    """Each run happens in one transaction that is rolled back, each step in a savepoint: a refusal leaves no trace."""

    @initialize(depths=st.tuples(st.integers(0, 3), st.integers(0, 3)))
    def begin(self, depths):
        """A case of each lab, taken as far as ``depths`` says, so that short runs meet every state."""
        self.outer = transaction.atomic()
        self.outer.__enter__()
        self.world = World()
        for lab, depth in enumerate(depths):
            self.anybody(3 * lab, lambda actor, n=lab: self.world.start(actor, n))
            case = Submission.objects.get(lab=self.world.labs[lab])
            self.along(case, lab, verbs=("submit", "acknowledge") if depth == 1 else WAY if depth > 1 else ())
            if depth > 1:
                self.seats(case, 1)
                for person in (6, 9):
                    self.anybody(person, lambda actor, c=case, n=person: self.world.ask(actor, c, n))
                self.anybody(0, lambda actor, c=case: self.world.add_document(actor, c))
                self.anybody(6, lambda actor, c=case: self.world.give_notice(actor, c, 0))
            if depth == 3:
                self.offer(case, lab)
                self.world.at += make.DAY
                # By one of the seats: from the others it is withheld for now.
                self.anybody(0, lambda actor, c=case: self.world.write_assessment(actor, c))

    def teardown(self):
        if hasattr(self, "outer"):
            transaction.set_rollback(True)
            self.outer.__exit__(None, None, None)

    def attempt(self, person: int, call) -> str:
        """One try by one person: done with its event, or refused without a trace. Returns ``done`` or the refusal's code."""
        actor = self.world.person(person)
        events = Event.objects.count()
        dates = {case.pk: [getattr(case, name) for name in DATES] for case in Submission.objects.all()}
        over = set(self.ended_windows())
        try:
            with transaction.atomic():
                call(actor)
        except Refused as refused:
            assert Event.objects.count() == events
            return refused.code
        assert Event.objects.count() > events, "15: done without an event"
        assert over <= set(self.ended_windows()), "4 and 5: a window that had ended is another one now"
        for case in Submission.objects.filter(pk__in=dates):
            if [getattr(case, name) for name in DATES] != dates[case.pk]:
                assert actor.organisations_as("lab") == [case.lab_id], (
                    "2: a date moved that the lab did not move"
                )
        return "done"

    def ended_windows(self) -> list[tuple]:
        found = Submission.objects.filter(agreed_at__isnull=False, closes_at__lte=self.world.at)
        return list(found.values_list("pk", "opens_at", "closes_at"))

    def anybody(self, person: int, call) -> None:
        """Person after person tries until it is somebody's to do: who may not, leaves no trace; who may, gets an answer."""
        for step in range(len(self.world.people)):
            if self.attempt(person + step, call) != "not_allowed":
                return

    def on(self, model, person: int, number: int, call) -> None:
        found = self.world.pick(model, number)
        if found is not None:
            self.anybody(person, lambda actor: call(actor, found))

    @rule(person=numbers, number=numbers)
    def start(self, person, number):
        if Submission.objects.count() < 5:
            self.anybody(person, lambda actor: self.world.start(actor, number))

    @rule(person=numbers, number=numbers, verb=st.sampled_from(CASE_VERBS))
    def case_step(self, person, number, verb):
        self.on(
            Submission, person, number, lambda actor, case: self.world.case_step(actor, case, verb, number)
        )

    @rule(person=numbers, number=numbers)
    def add_document(self, person, number):
        self.on(Submission, person, number, self.world.add_document)

    @rule(person=numbers, number=numbers)
    def look(self, person, number):
        if Submission.objects.exists():
            self.anybody(person, lambda actor: self.world.look(actor, number))

    @rule(person=numbers, number=numbers)
    def propose_seat(self, person, number):
        self.on(Submission, person, number, lambda actor, case: self.world.propose_seat(actor, case, number))

    @rule(person=numbers, number=numbers, verb=st.sampled_from(SEAT_VERBS))
    def seat_step(self, person, number, verb):
        self.on(
            Assignment, person, number, lambda actor, seat: self.world.seat_step(actor, seat, verb, number)
        )

    @rule(person=numbers, number=numbers)
    def write_assessment(self, person, number):
        self.on(Submission, person, number, self.world.write_assessment)

    @rule(person=numbers, number=numbers, verb=st.sampled_from(ASSESSMENT_VERBS))
    def assessment_step(self, person, number, verb):
        self.on(
            Assessment, person, number, lambda actor, found: self.world.assessment_step(actor, found, verb)
        )

    @rule(person=numbers, number=numbers)
    def ask(self, person, number):
        self.on(Submission, person, number, lambda actor, case: self.world.ask(actor, case, number))

    @rule(person=numbers, number=numbers, verb=st.sampled_from(QUESTION_VERBS))
    def question_step(self, person, number, verb):
        self.on(
            InformationRequest,
            person,
            number,
            lambda actor, found: self.world.question_step(actor, found, verb, number),
        )

    @rule(person=numbers, number=numbers)
    def give_notice(self, person, number):
        self.on(Submission, person, number, lambda actor, case: self.world.give_notice(actor, case, number))

    @rule(person=numbers, number=numbers, verb=st.sampled_from(NOTICE_VERBS))
    def notice_step(self, person, number, verb):
        self.on(
            DisclosureNotice, person, number, lambda actor, found: self.world.notice_step(actor, found, verb)
        )

    @rule(person=numbers, number=numbers)
    def designate(self, person, number):
        self.anybody(person, lambda actor: self.world.designate(actor, number))

    @rule(person=numbers, number=numbers)
    def propose_grant(self, person, number):
        self.on(Submission, person, number, lambda actor, case: self.world.propose_grant(actor, case, number))

    @rule(person=numbers, number=numbers, verb=st.sampled_from(GRANT_VERBS))
    def grant_step(self, person, number, verb):
        self.on(Grant, person, number, lambda actor, grant: self.world.grant_step(actor, grant, verb, number))

    def along(self, case, number: int, verbs) -> None:
        for verb in verbs:
            self.anybody(number, lambda actor, v=verb: self.world.case_step(actor, case, v, number))

    def seats(self, case, number: int) -> None:
        for candidate in (number, number + 1, number + 2):
            self.anybody(6, lambda actor, n=candidate: self.world.propose_seat(actor, case, n))
        for seat in Assignment.objects.filter(submission=case):
            person = self.world.people.index(seat.reviewer_id)
            self.attempt(person, lambda actor, s=seat: self.world.seat_step(actor, s, "attest", 1))

    def offer(self, case, number: int) -> None:
        self.anybody(number, lambda actor: self.world.propose_grant(actor, case, number))
        for grant in Grant.objects.filter(submission=case, stored_state="proposed"):
            for verb in ("consent", "concur", "accept"):
                self.anybody(
                    number, lambda actor, v=verb, g=grant: self.world.grant_step(actor, g, v, number)
                )

    @rule(number=numbers)
    def get_along(self, number):
        """Everybody does what is theirs on one case, so that runs reach the far states too."""
        case = self.world.pick(Submission, number)
        if case is not None:
            self.along(case, number, WAY)
            self.seats(case, number)

    @rule(number=numbers)
    def share_with_a_partner(self, number):
        """A lab proposes, the office concurs, the partner accepts."""
        case = self.world.pick(Submission, number)
        if case is not None:
            self.offer(case, number)

    @rule(hours=st.integers(1, 24 * 20))
    def time_passes(self, hours):
        self.world.at += hours * (self.world.at.resolution * 3_600_000_000)

    @rule()
    def the_clocks_jobs_run_twice(self):
        self.world.run_clock()
        assert self.world.run_clock() == [0, 0, 0], "19: a job that ran has nothing left to do"

    @rule(number=numbers)
    def a_lab_could_leave_at_once(self, number):
        """3: from every state that is no end the lab withdraws in one step; tried and undone."""
        case = self.world.pick(Submission, number)
        if case is None or case.state_at(self.world.at) in ("closed", "withdrawn"):
            return
        lab_person = next(
            self.world.person(n)
            for n in range(6)
            if self.world.person(n).organisations_as("lab") == [case.lab_id]
        )
        with transaction.atomic():
            cases.withdraw(actor=lab_person, submission=case, at=self.world.at)
            assert invariants.withdrawn_is_over(self.world.at) == []
            transaction.set_rollback(True)

    @rule(number=numbers)
    def the_window_ends_by_itself(self, number):
        """18: at its close it is over, whatever was assessed and whichever job is late."""
        case = self.world.pick(Submission, number)
        if case is not None and case.stored_state == "agreed":
            assert case.state_at(case.closes_at) == "ended"

    @invariant()
    def invariants_hold(self):
        if not hasattr(self, "world"):
            return
        # Asked again only when something happened or time passed: the questions read the whole database.
        present = (self.world.at, Event.objects.count())
        if present == getattr(self, "asked", None):
            return
        self.asked = present
        for question in invariants.ALL:
            broken = question(self.world.at)
            assert broken == [], (question.__doc__, broken)


@pytest.mark.django_db
def test_whatever_anybody_tries():
    run_state_machine_as_test(
        Portal,
        settings=settings(
            max_examples=int(os.environ.get("PORTAL_TEST_MACHINE_RUNS", "8")),
            stateful_step_count=int(os.environ.get("PORTAL_TEST_MACHINE_STEPS", "25")),
            deadline=None,
            suppress_health_check=list(HealthCheck),
            print_blob=True,
        ),
    )
