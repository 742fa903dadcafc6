"""Random people try random things at random times, on real PostgreSQL; after each step the invariants are asked.

``running`` drives it: for some minutes in ``test_stateful``, for hours in ``bench.invariants``.
"""

import time_machine
from django.db import transaction
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule

from partners.models import Finding
from portal.submissions import actions as cases
from portal.submissions.models import Submission
from tests import factories as make
from tests.machine.invariants import Sight
from tests.machine.invariants.cases import withdrawn_is_over
from tests.machine.rules_cases import WAY, CaseRules
from tests.machine.rules_findings import TOLD, FindingRules
from tests.machine.rules_partners import PartnerRules
from tests.machine.rules_people import PeopleRules
from tests.machine.trying import numbers

# How far a case of a run's beginning has come: not at all, acknowledged, under review, offered to a partner.
DEPTHS = st.sampled_from((3, 0, 2, 1, 3))


class Portal(CaseRules, PartnerRules, FindingRules, PeopleRules):
    @initialize(depths=st.tuples(DEPTHS, DEPTHS), told=st.integers(0, len(TOLD)), number=numbers)
    def begin(self, depths, told, number):
        """A case of each lab, taken as far as ``depths`` says, and a finding as far as ``told``: short runs meet every state."""
        self.open()
        for lab, depth in enumerate(depths):
            people = self.world.lab_people[lab]
            self.by(people[0], lambda actor, n=lab: self.world.start(actor, n))
            case = Submission.objects.get(lab=self.world.labs[lab])
            self.along(case, lab, WAY[:2] if depth == 1 else WAY if depth > 1 else ())
            if depth > 1:
                self.filled(case, people[0])
            if depth == 3:
                self.offer(case, number + lab)
                self.time_goes_to(self.world.at + make.DAY)
                # By one of the seats: from the others it is withheld for now.
                self.anybody(0, lambda actor, c=case: self.world.write_assessment(actor, c))
        writer = self.world.partner_people[self.world.organisations[number % 2].pk][number % 3 % 2]
        self.by(writer, lambda actor: self.world.write_finding(actor, number))
        self.by(self.world.lab_people[0][1], lambda actor: self.world.put_forward(actor, 0))
        self.tell(Finding.objects.get(), number, told)

    def filled(self, case, writer) -> None:
        """With seats, questions of both agencies, a document and a notice."""
        self.seats(case, self.world.labs.index(case.lab))
        for person in (6, 9):
            self.anybody(person, lambda actor, n=person: self.world.ask(actor, case, n))
        self.by(writer, lambda actor: self.world.add_document(actor, case))
        self.by(self.world.coordinator, lambda actor: self.world.give_notice(actor, case, 0))

    @rule(hours=st.integers(1, 24 * 20))
    def time_passes(self, hours):
        self.time_goes_to(self.world.at + hours * (self.world.at.resolution * 3_600_000_000))

    @rule()
    def the_clocks_jobs_run_twice(self):
        """19: a second run does nothing; nor does one that sees all rows find what the tasks left for want of a room."""
        with time_machine.travel(self.world.at, tick=False):
            self.world.run_tasks()
            assert not any(self.world.run_clock()), "19: a job that ran has nothing left to do"
        self.time_goes_to(self.world.at)

    @rule(number=numbers)
    def a_lab_could_leave_at_once(self, number):
        """3: from every state that is no end the lab withdraws in one step; tried and undone."""
        case = self.world.pick(Submission, number)
        if case is None or case.state_at(self.world.at) in ("closed", "withdrawn"):
            return
        actor = self.world.lab_people[self.world.labs.index(case.lab)][0]
        with time_machine.travel(self.world.at, tick=False), transaction.atomic():
            cases.withdraw(actor=actor, submission=case, at=self.world.at)
            left = Submission.objects.get(pk=case.pk)
            assert left.state_at(self.world.at) == "withdrawn", "3: withdrawn in one step"
            assert withdrawn_is_over(Sight(self.world.at)) == []
            transaction.set_rollback(True)

    @invariant()
    def invariants_hold(self):
        if hasattr(self, "world"):
            self.ask()
