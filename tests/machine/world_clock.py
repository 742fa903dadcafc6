"""The periodic jobs of the clock."""

from partners import actions as grants
from partners import tasks as partners_tasks
from partners.actions import findings
from portal.deadlines import planning as deadlines
from portal.deadlines.tasks import tick
from portal.submissions import actions as cases
from portal.submissions import tasks as submissions_tasks
from reviews import actions as reviews
from reviews import tasks as reviews_tasks
from tests.machine.world_people import PeopleWorld

TASKS = (
    partners_tasks.follow_findings,
    submissions_tasks.record_clock,
    partners_tasks.record_clock,
    reviews_tasks.record_clock,
    submissions_tasks.note_readings,
    tick,
)


class ClockWorld(PeopleWorld):
    def run_tasks(self) -> None:
        """Every periodic job of the clock, as a worker runs it: it sees the rooms that it names, and no others."""
        for task in TASKS:
            task()

    def run_clock(self) -> list[int]:
        """Every periodic job of the clock, once, with all rows before it: how much each had to do."""
        findings.follow_staff(at=self.at)
        cases.end_renewals(at=self.at)
        done = [module.record_clock(at=self.at) for module in (cases, grants, reviews)]
        done.append(cases.note_readings(at=self.at))
        return [*done, deadlines.plan(at=self.at)]
