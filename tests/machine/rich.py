"""A world in which there is everything to break: what ``test_invariants_bite`` breaks, one thing at a time."""

from uuid import UUID

import time_machine

from partners.models import Finding, Grant
from portal.submissions import actions as cases
from portal.submissions.models import Submission, UnusualReading
from tests.factories import DAY
from tests.machine.rules_findings import TOLD
from tests.machine.world_clock import ClockWorld


class Rich(ClockWorld):
    """A world that holds everything there is to break: at its end one grant is active and one waits for the office."""

    def __init__(self):
        super().__init__()
        office = self.coordinator
        self.cases = [self._case(number) for number in (0, 1)]
        first, second = self.cases
        self.documents = [self.add_document(self.lab_people[0][1], first) for _ in range(2)]
        self.other_document = self.add_document(self.lab_people[1][1], second)
        self.mark(self.lab_people[0][1], self.documents[1], 0)
        for reviewer in self.reviewers[1:]:
            self._seat(first, reviewer)
        cases.open_version(
            actor=self.reviewers[1], version=self.documents[0].versions.get(), at=self.at
        ).close()
        self.absence = self.add_absence(self.reviewers[1], 200)
        self.choose_quiet_hours(self.lab_people[0][1], 22)
        self.question = self.ask(self.reviewers[1], first, 0)
        self.write_assessment(self.reviewers[1], first)
        self.notice = self.give_notice(office, first, 0)
        self.give_notice(office, second, 0)
        self.designation = self.designate(next(u for u in self._all() if self._is(u, "designator")), 0)
        for side, actor in ((0, self.lab_people[0][1]), (1, self.lab_people[1][1]), (2, office)):
            self.put_forward(actor, side)
        for partner in self.partners:
            self.add_evidence(partner.admin, partner.organisation)
        self.grant = self._grant(first, 4)
        self.waiting = self.propose_grant(self.lab_people[1][1], second, 1)
        self.at = self.grant.starts_at + DAY
        with time_machine.travel(self.at, tick=False):
            self._later(second)

    def _later(self, second: Submission) -> None:
        admin = self.partners[0].admin
        self.report = self.write_report(admin, self.grant)
        self.relayed = self._told(self.write_finding(admin, 1), 6)
        self.add_file(admin, self.relayed, 0)
        self.fixed = self._told(self.write_finding(self.partners[1].admin, 4), len(TOLD))
        self.draft = self.write_finding(self.lab_people[1][1], 1)
        self.about_second = self._told(self.write_finding(self.lab_people[1][1], 1), 5)
        access = self.ask_to_break_glass(self.other_security, self.cases[0], 2)
        self.access = self.break_glass_step(self.coordinator, access, "concur")
        for case in self.cases:
            UnusualReading.objects.create(
                person=self.reviewers[1], organisation=self.agencies[1], submission=case, kind="volume",
                day=self.at.date(), number=600, noted_at=self.at,
            )  # fmt: skip
        self.spilt = self.add_document(self.lab_people[1][1], second)
        self.report_spill(self.coordinator, self.spilt)
        cases.holds.place(actor=self.coordinator, matter="A", reason="A suit.", lab=self.labs[1], at=self.at)
        cases.holds.place(actor=self.coordinator, matter="B", reason="A suit.", submission=second, at=self.at)

    def _case(self, number: int) -> Submission:
        lab = self.lab_people[number][1]
        case = self.start(lab, number)
        for actor, verb in (
            (lab, "submit"),
            (self.coordinator, "acknowledge"),
            (self.coordinator, "accept_terms"),
            (lab, "accept_terms"),
            (lab, "provide_access"),
        ):
            self.case_step(actor, case, verb, 0)
        return Submission.objects.get(pk=case.pk)

    def _seat(self, case: Submission, reviewer) -> None:
        number = [*self.reviewers, self.employee].index(reviewer)
        seat = self.propose_seat(self.coordinator, case, number)
        self.seat_step(reviewer, seat, "attest", 1)

    def _grant(self, case: Submission, number: int) -> Grant:
        grant = self.propose_grant(self.lab_people[0][1], case, number)
        grant = self.grant_step(self.coordinator, grant, "concur", number)
        return self.grant_step(self.partner_people[grant.partner_id][0], grant, "accept", number)

    def _told(self, finding: Finding, steps: int) -> Finding:
        for verb, who in TOLD[:steps]:
            found = Finding.objects.get(pk=finding.pk)
            owner = self.coordinator if found.owner_id is None else self._writer(found.owner_id)
            sides = {"reporter": found.created_by, "office": self.coordinator, "owner": owner}
            step = 0 if steps < len(TOLD) else 1
            if verb not in ("set_embargo", "mark_exploited", "extend_disclosure"):
                self.finding_step(sides.get(who, self.liaison), found, verb, step)
        return Finding.objects.get(pk=finding.pk)

    def _writer(self, lab: UUID):
        return self.lab_people[[one.pk for one in self.labs].index(lab)][1]

    def _all(self) -> list:
        return [self.person(number) for number in range(len(self.people))]

    def _is(self, user, role: str) -> bool:
        return any(seat.role == role for seat in user.seats)

    def some(self) -> list:
        """People of every side, those among them whom a conflict keeps from a lab."""
        auditor = next(user for user in self._all() if self._is(user, "auditor"))
        people = [
            self.partners[0].admin, self.partners[1].member, self.partner_people[self.newcomer.pk][0],
            self.lab_people[0][1], self.lab_people[1][2], *self.reviewers, self.second, auditor, self.liaison,
            self.other_security,
        ]  # fmt: skip
        superuser = next(user for user in self._all() if user.is_superuser)
        return [user.pk for user in (*people, superuser)]
