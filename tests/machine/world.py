"""A small invented world for the stateful test: two labs, two agencies, three partner organisations, and what anybody may try
to do on a case.
"""

import itertools
from datetime import date, timedelta

from allauth.account.models import EmailAddress

from portal import scope
from portal.accounts.actions import ties
from portal.accounts.models import Affiliation, MailDomain, Membership, OtherAddress, Role, User
from portal.submissions import actions as cases
from portal.submissions.models import (
    BreakGlass,
    Conflict,
    DisclosureNotice,
    Document,
    InformationRequest,
    Spill,
    Submission,
    Terms,
)
from portal.submissions.states import BREAK_GLASS, DISCLOSURE, REQUEST, SPILL
from portal.submissions.states import TRANSITIONS as CASE_STEPS
from reviews import actions as reviews
from reviews.models import Assessment, Assignment, Designation
from reviews.states import ASSESSMENT, ASSIGNMENT
from tests import factories as make
from tests.factories_partners import Partner
from tests.machine.naming import named, verbs_of

HOUR = timedelta(hours=1)


CASE_VERBS = verbs_of(CASE_STEPS)
SEAT_VERBS = [*verbs_of(ASSIGNMENT.transitions), "write_none"]
ASSESSMENT_VERBS = verbs_of(ASSESSMENT.transitions)
QUESTION_VERBS = verbs_of(REQUEST.transitions)
NOTICE_VERBS = verbs_of(DISCLOSURE.transitions)
SPILL_VERBS = verbs_of(SPILL.transitions)
BREAK_GLASS_VERBS = verbs_of(BREAK_GLASS.transitions)


@named
class World:
    """People who may try anything, the objects there are, and the present instant."""

    BEGIN = make.NOW

    def __init__(self):
        self.at = self.BEGIN
        self.counter = itertools.count(1)
        self.met: dict = {}
        self.trying = ""
        office, other = make.programme_office(), make.agency()
        self.agencies = [office, other]
        self.labs = [make.lab(), make.lab()]
        self.coordinator = make.member(office, Role.COORDINATOR)
        # The second was vetted long ago: its standing lapses before long. The third is not known to the programme yet.
        self.partners = [
            Partner(by=self.coordinator),
            Partner(by=self.coordinator, at=make.NOW - 350 * make.DAY),
        ]
        self.newcomer = make.partner_organisation()
        self.organisations = [*(partner.organisation for partner in self.partners), self.newcomer]
        self.lab_people = [
            [make.member(lab, role) for role in (Role.ADMIN, Role.CONTRIBUTOR, Role.VIEWER)]
            for lab in self.labs
        ]
        people = [
            *self.lab_people[0],
            *self.lab_people[1],
            self.coordinator,
            make.member(office, Role.DESIGNATOR),
        ]
        others = [
            make.member(other, role)
            for role in (Role.COORDINATOR, Role.DESIGNATOR, Role.AUDITOR, Role.LIAISON)
        ]
        self.liaison = others[-1]
        self.reviewers = [make.member(agency, Role.REVIEWER) for agency in (office, other, other)]
        self.employee = make.member(office, Role.REVIEWER)
        Membership.objects.create(
            user=self.employee,
            organisation=self.partners[0].organisation,
            role=Role.MEMBER,
            since=make.NOW - make.DAY,
        )
        self.security = make.member(office, Role.SECURITY)
        self.second = make.member(office, Role.COORDINATOR)
        self.tie(others)
        people += [*others, *self.reviewers, self.employee]
        self.partner_people = {
            partner.organisation.pk: [partner.admin, partner.member] for partner in self.partners
        }
        self.partner_people[self.newcomer.pk] = [make.member(self.newcomer, Role.ADMIN)]
        people += [user for users in self.partner_people.values() for user in users]
        # Of the invited agency: its asks are for the office to concur with.
        self.other_security = make.member(other, Role.SECURITY)
        people += [make.person(is_superuser=True), self.second, self.security, self.other_security]
        self.people = [user.pk for user in people]
        # The first coordinator stays free of conflicts: without anybody who acts nothing would happen.
        self.government = [*others, *self.reviewers, self.employee, self.second, self.security]
        self.government.append(self.other_security)

    def tie(self, others) -> None:
        """What keeps people from a lab: work there, past work, an address that nobody verified, another that was written down."""
        first, second = self.labs
        by, long_ago = self.coordinator, make.NOW - 300 * make.DAY
        for number, lab in enumerate(self.labs):
            MailDomain.objects.create(
                organisation=lab, domain=f"lab{number}.example", recorded_by=by, recorded_at=long_ago
            )
        Affiliation.objects.create(user=self.reviewers[0], organisation=first, recorded_at=long_ago)
        Affiliation.objects.create(
            user=self.second, organisation=second, until=date(2020, 6, 30), recorded_at=long_ago
        )
        auditor = next(user for user in others if user.memberships.get().role == Role.AUDITOR)
        EmailAddress.objects.create(
            user=auditor, email=f"{auditor.pk}@mail.lab1.example", primary=False, verified=False
        )
        OtherAddress.objects.create(
            user=self.reviewers[2], email="old@lab1.example", recorded_by=by, recorded_at=long_ago
        )

    def person(self, number: int) -> User:
        """Fetched anew for each step, as a request does: memberships may have ended meanwhile."""
        return User.objects.get(pk=self.people[number % len(self.people)])

    def pick(self, model, number: int):
        """Some row of a model that is there, whoever's it is, in the order in which they came; None while there is none."""
        with scope.lifted(*scope.ROOMS):
            there = {row.pk: row for row in model.objects.order_by("pk")}
        known = self.met.get(model, [])
        met = self.met[model] = [pk for pk in known if pk in there] + [pk for pk in there if pk not in known]
        return there[met[number % len(met)]] if met else None

    # Each of these lets one person try one thing; whether it is theirs is for the action to say.

    def start(self, actor: User, number: int) -> object:
        lab = self.labs[number % 2]
        checkpoint = f"checkpoint {number % 3}"
        return make.draft(
            actor=actor,
            lab=lab,
            at=self.at,
            public_in=20 + number % 70,
            partner_in=10 + number % 10,
            checkpoint=checkpoint,
        )

    def case_step(self, actor: User, case: Submission, verb: str, number: int) -> object:
        extra: dict = {
            "request_correction": {"reason": "Which cluster?"},
            "provide_access": {"instructions": f"key {number}"},
            "move_dates": {
                "planned_public_release": self.at + (5 + number % 80) * make.DAY,
                "planned_partner_release": self.at + (2 + number % 5) * make.DAY if number % 2 else None,
            },
        }.get(verb, {})
        return getattr(cases, verb)(actor=actor, submission=case, at=self.at, **extra)

    def add_document(self, actor: User, case: Submission) -> object:
        text = f"marzipan {next(self.counter)}"
        return cases.add_document(
            actor=actor, submission=case, kind="other", title=text, upload=make.pdf(text), at=self.at
        )

    def look(self, actor: User, number: int) -> object:
        """Open a file or the access instructions, if one is let."""
        document = self.pick(Document, number)
        if document is not None and number % 2:
            return cases.open_version(actor=actor, version=document.versions.earliest("number"), at=self.at)
        case = self.pick(Submission, number)
        return cases.reveal_instructions(actor=actor, submission=case, at=self.at)

    def mark(self, actor: User, document: Document, number: int) -> object:
        """Stricter or laxer, in one of the three dimensions."""
        marks: dict = (
            {"tlp": Document.Tlp.values[number % 5]},
            {"cui": ("", "CUI", "CUI//SP-PROPIN", "CUI//SP-PROPIN/PRVCY//NOFORN")[number % 4]},
            {"confidential_commercial": number % 2 == 0},
        )[number % 3]
        return cases.mark_document(actor=actor, document=document, at=self.at, **marks)

    def report_spill(self, actor: User, document: Document) -> object:
        return cases.report_spill(actor=actor, subject=document, feared="classified", at=self.at)

    def spill_step(self, actor: User, spill: Spill, verb: str) -> object:
        extra = {"reason": "It was none."} if verb == "lift_spill" else {"keep_name": True}
        return getattr(cases, verb)(actor=actor, spill=spill, at=self.at, **extra)

    def ask_to_break_glass(self, actor: User, case: Submission, number: int) -> object:
        parts = (["documents"], ["facts", "documents"], ["facts", "documents", "assessments"])[number % 3]
        return cases.break_glass.ask(
            actor=actor, submission=case, scopes=parts, hours=1 + number % 4, reason="A leak.", at=self.at
        )

    def break_glass_step(self, actor: User, access: BreakGlass, verb: str) -> object:
        extra = {"reason": "No need."} if verb == "turn_down" else {}
        return getattr(cases.break_glass, verb)(actor=actor, access=access, at=self.at, **extra)

    def propose_terms(self, actor: User, case: Submission) -> object:
        texts = {name: f"{name} {next(self.counter)}" for name in ("purpose", *Terms.HEADS)}
        return cases.propose_terms(actor=actor, submission=case, texts=texts, names_shown=False, at=self.at)

    def correct_facts(self, actor: User, case: Submission, number: int) -> object:
        """Another text, or another checkpoint, which needs another consent."""
        facts = {"checkpoint": f"checkpoint {number % 3}"} if number % 3 else {"summary": f"Nougat {number}."}
        return cases.correct_facts(actor=actor, submission=case, facts=facts, at=self.at)

    def declare_conflict(self, actor: User, number: int) -> object:
        """Somebody of the government is kept from a lab, or from one case that the actor sees, as a door offers it."""
        user = self.government[number % len(self.government)]
        seen = list(Submission.objects.visible_to(actor, at=self.at).order_by("created_at", "case_number"))
        about: dict = (
            {"submission": seen[number % len(seen)]}
            if seen and number % 2
            else {"organisation": self.labs[number % 3 % 2]}
        )
        return cases.declare_conflict(actor=actor, user=user, at=self.at, **about)

    def end_conflict(self, actor: User, conflict: Conflict) -> object:
        return cases.end_conflict(actor=actor, conflict=conflict, reason="It is over.", at=self.at)

    def own_up(self, actor: User, number: int) -> object:
        """It becomes known that somebody of the government worked for a lab or a partner, or has an address at a lab."""
        user, lab = self.government[number % len(self.government)], number % 2
        if number % 3:
            employer = [*self.labs, *self.organisations][number // 3 % 5]
            return ties.record_affiliation(
                actor=actor, user=user, organisation=employer, until=date(2021, 1, 31), at=self.at
            )
        email = f"old{next(self.counter)}@lab{lab}.example"
        return ties.record_address(actor=actor, user=user, email=email, at=self.at)

    def propose_seat(self, actor: User, case: Submission, number: int) -> object:
        candidates = [*self.reviewers, self.employee]
        return reviews.propose_assignment(
            actor=actor,
            submission=case,
            reviewer=candidates[number % len(candidates)],
            domain="cyber",
            role="lead" if number % 3 == 0 else "reviewer",
            at=self.at,
        )

    def seat_step(self, actor: User, seat: Assignment, verb: str, number: int) -> object:
        extra: dict = {
            "attest": {"no_conflict": number % 5 > 0, "nondisclosure": True, "training": True},
            "revoke": {"reason": "Somebody else does it."},
            "hand_over": {"to": self.reviewers[number % 3]},
        }.get(verb, {})
        return getattr(reviews, verb)(actor=actor, assignment=seat, at=self.at, **extra)

    def write_assessment(self, actor: User, case: Submission) -> object:
        values = {
            "method": "Cyber range",
            "access_used": "api_reduced",
            "hours": "12.5",
            "findings": "Finds marzipan.",
            "limitations": "Window short.",
            "confidence": "moderate",
        }
        return reviews.create_assessment(
            actor=actor, submission=case, values=values, ask_check=True, at=self.at
        )

    def assessment_step(self, actor: User, assessment: Assessment, verb: str) -> object:
        extra = {"response": "We retested."} if verb == "respond" else {}
        return getattr(reviews, verb)(actor=actor, assessment=assessment, at=self.at, **extra)

    def ask(self, actor: User, case: Submission, number: int) -> object:
        text = f"Question {number % 4}?"
        return cases.questions.ask(actor=actor, submission=case, text=text, at=self.at)

    def question_step(self, actor: User, question: InformationRequest, verb: str, number: int) -> object:
        extra: dict = {
            "answer": {"text": f"Answer {next(self.counter)}."},
            "ask_again": {"reason": "Of what?"},
            "merge": {"into": self.pick(InformationRequest, number + 1)},
        }.get(verb, {})
        return getattr(cases.questions, verb)(actor=actor, question=question, at=self.at, **extra)

    def give_notice(self, actor: User, case: Submission, number: int) -> object:
        documents = list(Document.objects.visible_to(actor, at=self.at).filter(submission=case))
        return cases.disclosures.give_notice(
            actor=actor,
            submission=case,
            reference=f"FOIA-{number % 3}",
            text="The recipe.",
            documents=documents,
            at=self.at,
        )

    def notice_step(self, actor: User, notice: DisclosureNotice, verb: str) -> object:
        extra: dict = {"record_disclosure": {"unmarked": list(notice.documents.all())}}.get(verb, {})
        verb = {"object": "object_to"}.get(verb, verb)
        reason = f"Because {next(self.counter)}."
        return getattr(cases.disclosures, verb)(
            actor=actor, notice=notice, reason=reason, at=self.at, **extra
        )

    def designate(self, actor: User, number: int) -> object:
        found = self.pick(Designation, number)
        if found is not None and number % 2:
            return reviews.confirm(actor=actor, designation=found, at=self.at)
        lab = self.labs[number % 2]
        return reviews.record_designation(
            actor=actor,
            lab=lab,
            subject=f"Kestrel {number}",
            outcome="covered",
            basis="Benchmarks.",
            at=self.at,
        )
