"""A small invented world for the stateful test: two labs, two agencies, two partners, and what anybody may try to do."""

import itertools
from datetime import timedelta

from partners import actions as grants
from partners.models import Grant
from partners.states import TRANSITIONS as GRANT_STEPS
from portal.accounts.models import Affiliation, Membership, Role, User
from portal.submissions import actions as cases
from portal.submissions.models import DisclosureNotice, Document, InformationRequest, Submission
from portal.submissions.states import DISCLOSURE, REQUEST
from portal.submissions.states import TRANSITIONS as CASE_STEPS
from reviews import actions as reviews
from reviews.models import Assessment, Assignment, Designation
from reviews.states import ASSESSMENT, ASSIGNMENT
from tests import factories as make
from tests.factories_partners import PURPOSE, Partner

HOUR = timedelta(hours=1)


def _verbs(steps) -> list[str]:
    return sorted({t.verb for t in steps if t.who != "clock"})


CASE_VERBS = _verbs(CASE_STEPS)
GRANT_VERBS = _verbs(GRANT_STEPS)
SEAT_VERBS = [*_verbs(ASSIGNMENT.transitions), "write_none"]
ASSESSMENT_VERBS = _verbs(ASSESSMENT.transitions)
QUESTION_VERBS = _verbs(REQUEST.transitions)
NOTICE_VERBS = _verbs(DISCLOSURE.transitions)


class World:
    """People who may try anything, the objects there are, and the present instant."""

    def __init__(self):
        self.at = make.NOW
        self.counter = itertools.count(1)
        office, other = make.programme_office(), make.agency()
        self.labs = [make.lab(), make.lab()]
        self.partners = [Partner(by=make.member(office, Role.COORDINATOR)) for _ in range(2)]
        people = [
            make.member(lab, role)
            for lab in self.labs
            for role in (Role.ADMIN, Role.CONTRIBUTOR, Role.VIEWER)
        ]
        people += [make.member(office, Role.COORDINATOR), make.member(office, Role.DESIGNATOR)]
        people += [
            make.member(other, role)
            for role in (Role.COORDINATOR, Role.DESIGNATOR, Role.AUDITOR, Role.LIAISON)
        ]
        self.reviewers = [make.member(agency, Role.REVIEWER) for agency in (office, other, other)]
        # One reviewer worked for the first lab, one works for the first partner.
        Affiliation.objects.create(user=self.reviewers[0], organisation=self.labs[0])
        self.employee = make.member(office, Role.REVIEWER)
        Membership.objects.create(
            user=self.employee,
            organisation=self.partners[0].organisation,
            role=Role.MEMBER,
            since=make.NOW - make.DAY,
        )
        people += [*self.reviewers, self.employee]
        people += [user for partner in self.partners for user in (partner.admin, partner.member)]
        people.append(make.person(is_superuser=True))
        self.people = [user.pk for user in people]

    def person(self, number: int) -> User:
        """Fetched anew for each step, as a request does: memberships may have ended meanwhile."""
        return User.objects.get(pk=self.people[number % len(self.people)])

    def pick(self, model, number: int):
        """Some row of a model, whoever's it is; None while there is none."""
        rows = list(model.objects.order_by("pk"))
        return rows[number % len(rows)] if rows else None

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
            return cases.open_version(actor=actor, version=document.versions.first(), at=self.at)
        case = self.pick(Submission, number)
        return cases.reveal_instructions(actor=actor, submission=case, at=self.at)

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

    def propose_grant(self, actor: User, case: Submission, number: int) -> object:
        return grants.propose_grant(
            actor=actor,
            submission=case,
            partner=self.partners[number % 2].organisation,
            purpose=PURPOSE,
            starts_at=self.at + (1 + number % 20) * make.DAY,
            expires_at=self.at + (30 + number % 20) * make.DAY,
            at=self.at,
        )

    def grant_step(self, actor: User, grant: Grant, verb: str, number: int) -> object:
        extra: dict = {
            "decline": {"reason_code": "scope"},
            "revoke": {"reason_code": "terms"},
            "extend": {"expires_at": grant.expires_at + (1 + number % 3) * make.DAY},
        }.get(verb, {})
        return getattr(grants, verb)(actor=actor, grant=grant, at=self.at, **extra)

    def run_clock(self) -> list[int]:
        """Every periodic job of the clock, once."""
        return [module.record_clock(at=self.at) for module in (cases, grants, reviews)]
