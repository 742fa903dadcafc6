"""What random people arrange for themselves."""

from hypothesis import strategies as st
from hypothesis.stateful import rule

from portal.deadlines.models import Absence
from tests.machine.trying import Trying, numbers


class PeopleRules(Trying):
    @rule(person=numbers)
    def confirm_conflicts(self, person):
        self.anybody(person, self.world.confirm_conflicts)

    @rule(person=numbers, number=numbers, add=st.booleans())
    def absence(self, person, number, add):
        if add:
            self.anybody(person, lambda actor: self.world.add_absence(actor, number))
        else:
            self.on(Absence, person, number, self.world.remove_absence)

    @rule(person=numbers, number=numbers, choose=st.booleans())
    def quiet_hours(self, person, number, choose):
        if choose:
            self.anybody(person, lambda actor: self.world.choose_quiet_hours(actor, number))
        else:
            self.anybody(person, self.world.end_quiet_hours)
