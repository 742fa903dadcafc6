"""What anybody may arrange for themselves: absences, quiet hours, and that what is on record about them is complete."""

from datetime import time, timedelta

from portal.accounts.models import User
from portal.deadlines import absences, quiet
from portal.deadlines.models import Absence, QuietHours
from portal.errors import AlreadyDone
from portal.submissions import actions as cases
from tests.machine.naming import named
from tests.machine.world_findings import FindingsWorld


@named
class PeopleWorld(FindingsWorld):
    def confirm_conflicts(self, actor: User) -> object:
        return cases.confirm_conflicts(actor=actor, at=self.at)

    def add_absence(self, actor: User, number: int) -> object:
        first = self.at.date() + timedelta(days=number % 40)
        return absences.add_absence(
            actor=actor, first=first, last=first + timedelta(days=number // 40 % 30), at=self.at
        )

    def remove_absence(self, actor: User, absence: Absence) -> object:
        return absences.remove_absence(actor=actor, absence=absence, at=self.at)

    def choose_quiet_hours(self, actor: User, number: int) -> object:
        begins, ends = time(number % 24), time((number + 8) % 24)
        if QuietHours.objects.visible_to(actor).filter(begins=begins, ends=ends).exists():
            raise AlreadyDone("They are so already.")
        return quiet.choose_quiet_hours(actor=actor, begins=begins, ends=ends, at=self.at)

    def end_quiet_hours(self, actor: User) -> object:
        return quiet.end_quiet_hours(actor=actor, at=self.at)
