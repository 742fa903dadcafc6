"""What random people try on cases: the lab's steps and the government's, documents, seats, questions, notices, conflicts."""

from hypothesis import strategies as st
from hypothesis.stateful import rule

from portal.submissions.models import (
    BreakGlass,
    Conflict,
    DisclosureNotice,
    Document,
    InformationRequest,
    Spill,
    Submission,
)
from portal.submissions.states import BREAK_GLASS, DISCLOSURE
from portal.submissions.states import MACHINE as CASE
from reviews.models import Assessment, Assignment
from reviews.states import ASSESSMENT, ASSIGNMENT
from tests.machine.trying import Trying, numbers
from tests.machine.world import (
    ASSESSMENT_VERBS,
    BREAK_GLASS_VERBS,
    CASE_VERBS,
    NOTICE_VERBS,
    QUESTION_VERBS,
    SEAT_VERBS,
    SPILL_VERBS,
)

WAY = ("submit", "acknowledge", "accept_terms", "accept_terms", "provide_access")


class CaseRules(Trying):
    @rule(person=numbers, number=numbers)
    def start(self, person, number):
        if Submission.objects.count() < 5:
            self.anybody(person, lambda actor: self.world.start(actor, number))

    @rule(person=numbers, number=numbers, verb=st.sampled_from(CASE_VERBS))
    def case_step(self, person, number, verb):
        case = self.world.pick(Submission, number)
        if case is not None:
            # A case that its lab left is over for a run.
            verb = self.likely(
                CASE.transitions, case.state_at(self.world.at), verb, number, seldom=("release", "withdraw")
            )
            self.anybody(person, lambda actor: self.world.case_step(actor, case, verb, number))

    @rule(person=numbers, number=numbers, terms=st.booleans())
    def say_it_anew(self, person, number, terms):
        """Another version of the terms, or of the facts."""
        if terms:
            self.on(Submission, person, number, self.world.propose_terms)
        else:
            self.on(
                Submission, person, number, lambda actor, case: self.world.correct_facts(actor, case, number)
            )

    @rule(person=numbers, number=numbers)
    def add_document(self, person, number):
        self.on(Submission, person, number, self.world.add_document)

    @rule(person=numbers, number=numbers)
    def mark(self, person, number):
        self.on(
            Document, person, number, lambda actor, document: self.world.mark(actor, document, number // 7)
        )

    @rule(person=numbers, number=numbers)
    def look(self, person, number):
        if Submission.objects.exists():
            self.anybody(person, lambda actor: self.world.look(actor, number))

    @rule(person=numbers, number=numbers, verb=st.sampled_from([*SPILL_VERBS, "report_spill"]))
    def spill(self, person, number, verb):
        if verb == "report_spill":
            self.on(Document, person, number, self.world.report_spill)
        else:
            self.on(Spill, person, number, lambda actor, found: self.world.spill_step(actor, found, verb))

    @rule(person=numbers, number=numbers, verb=st.sampled_from([*BREAK_GLASS_VERBS, "ask"]))
    def break_glass(self, person, number, verb):
        access = self.world.pick(BreakGlass, number)
        if verb == "ask" or access is None:
            self.on(
                Submission, person, number, lambda actor, c: self.world.ask_to_break_glass(actor, c, number)
            )
        else:
            verb = self.likely(BREAK_GLASS.transitions, access.state_at(self.world.at), verb, number)
            self.anybody(person, lambda actor: self.world.break_glass_step(actor, access, verb))

    @rule(number=numbers)
    def somebody_breaks_the_glass(self, number):
        """A security officer asks, another person concurs, and the officer opens what that opens."""
        world, case = self.world, self.world.pick(Submission, number)
        officer = (world.security, world.other_security)[number % 2]
        if case is None or self.by(officer, lambda a: world.ask_to_break_glass(a, case, number)) != "done":
            return
        access = BreakGlass.objects.filter(submission=case, asked_by=officer).latest("asked_at")
        self.by(world.coordinator, lambda actor: world.break_glass_step(actor, access, "concur"))
        self.by(officer, lambda actor: world.look(actor, number | 1))

    @rule(person=numbers, number=numbers)
    def propose_seat(self, person, number):
        self.on(Submission, person, number, lambda actor, case: self.world.propose_seat(actor, case, number))

    @rule(person=numbers, number=numbers, verb=st.sampled_from(SEAT_VERBS))
    def seat_step(self, person, number, verb):
        seat = self.world.pick(Assignment, number)
        if seat is not None:
            verb = self.likely(ASSIGNMENT.transitions, seat.state_at(self.world.at), verb, number)
            self.anybody(person, lambda actor: self.world.seat_step(actor, seat, verb, number))

    @rule(person=numbers, number=numbers)
    def write_assessment(self, person, number):
        self.on(Submission, person, number, self.world.write_assessment)

    @rule(person=numbers, number=numbers, verb=st.sampled_from(ASSESSMENT_VERBS))
    def assessment_step(self, person, number, verb):
        found = self.world.pick(Assessment, number)
        if found is not None:
            verb = self.likely(ASSESSMENT.transitions, found.state, verb, number)
            self.anybody(person, lambda actor: self.world.assessment_step(actor, found, verb))

    @rule(person=numbers, number=numbers)
    def ask_a_question(self, person, number):
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
        found = self.world.pick(DisclosureNotice, number)
        if found is not None:
            verb = self.likely(DISCLOSURE.transitions, found.state_at(self.world.at), verb, number)
            self.anybody(person, lambda actor: self.world.notice_step(actor, found, verb))

    @rule(number=numbers)
    def a_notice_runs_its_course(self, number):
        """The lab's days pass, the agency decides to disclose, that day comes, and it discloses."""
        notice = self.world.pick(DisclosureNotice, number)
        if notice is None or notice.disclosed_at is not None:
            return
        if notice.disclose_at is None:
            self.time_goes_to(max(self.world.at, notice.due_at))
            verb = "decide_to_disclose"
        else:
            self.time_goes_to(max(self.world.at, notice.disclose_at))
            verb = "record_disclosure"
        self.by(notice.given_by, lambda actor: self.world.notice_step(actor, notice, verb))

    @rule(number=numbers)
    def a_case_is_wound_up(self, number):
        """Its window ends, and the office closes it."""
        case = self.world.pick(Submission, number)
        if case is not None and case.stored_state == "agreed" and number % 3 == 0:
            self.time_goes_to(max(self.world.at, case.closes_at))
            self.by(self.world.coordinator, lambda actor: self.world.case_step(actor, case, "close", number))

    @rule(person=numbers, number=numbers)
    def designate(self, person, number):
        self.anybody(person, lambda actor: self.world.designate(actor, number))

    @rule(person=numbers, number=numbers, verb=st.sampled_from(("declare", "end", "own_up")))
    def conflict(self, person, number, verb):
        if verb == "end":
            self.on(Conflict, person, number, self.world.end_conflict)
        elif verb == "declare":
            self.anybody(person, lambda actor: self.world.declare_conflict(actor, number))
        else:
            self.anybody(person, lambda actor: self.world.own_up(actor, number))

    def along(self, case, number: int, verbs=WAY) -> None:
        """The lab and the office take a case its way."""
        world = self.world
        lab = world.lab_people[world.labs.index(case.lab)][1]
        for place, verb in enumerate(verbs):
            actor = world.coordinator if verb == "acknowledge" or place == 2 else lab
            self.by(actor, lambda actor, v=verb: world.case_step(actor, case, v, number))

    def seats(self, case, number: int) -> None:
        for candidate in (number, number + 1, number + 2):
            self.by(
                self.world.coordinator, lambda actor, n=candidate: self.world.propose_seat(actor, case, n)
            )
        for seat in Assignment.objects.filter(submission=case, stored_state="proposed").order_by(
            "proposed_at", "role", "reviewer__email"
        ):
            self.by(seat.reviewer, lambda actor, s=seat: self.world.seat_step(actor, s, "attest", 1))

    @rule(number=numbers)
    def get_along(self, number):
        """Everybody does what is theirs on one case, so that runs reach the far states too."""
        case = self.world.pick(Submission, number)
        if case is not None:
            self.along(case, number)
            self.seats(case, number)
