"""Cases with reviewers, assessments, inquiries and designations for tests, made through the actions."""

from datetime import datetime

from portal.accounts.models import Role
from reviews import actions, policies
from reviews.actions.matching import Wanted
from reviews.models import (
    AgencyLog,
    Assessment,
    Assignment,
    Designation,
    Inquiry,
    MatchingRun,
    Retest,
    ReviewerProfile,
)
from tests import factories as make
from tests.evidence.logs import archive

ATTESTED = {"no_conflict": True, "nondisclosure": True, "training": True}
FINDINGS = {
    "domain": "cyber",
    "method": "Forty-one tasks of a cyber range.",
    "access_used": "api_reduced",
    "hours": "12.50",
    "findings": "It opens the pantry: nougat-finding-1.",
    "limitations": "Window too short.",
    "confidence": "moderate",
}
QUESTION = {"model_name": "Kestrel 6", "question": "Is Kestrel 6 covered? It is made of nougat."}


def reviewer(agency, name: str = "", *, since: datetime | None = None):
    return make.member(agency, Role.REVIEWER, name, since=since)


def designator(agency=None):
    return make.member(agency or make.programme_office(), Role.DESIGNATOR)


def auditor():
    return make.member(make.programme_office(), Role.AUDITOR)


def proposed(case: make.Case, user, *, agency=None, at=make.NOW, **options) -> Assignment:
    options = {"domain": "cyber", "role": "reviewer"} | options
    return actions.propose_assignment(
        actor=case.coordinator, submission=case.submission, reviewer=user, agency=agency, at=at, **options
    )


def active(case: make.Case, user, *, agency=None, at=make.NOW, **options) -> Assignment:
    seat = proposed(case, user, agency=agency, at=at, **options)
    return actions.attest(actor=user, assignment=seat, at=at, **ATTESTED)


class Reviewed(make.Case):
    """A case with a lead of the programme office and two reviewers of an invited agency, all attested."""

    def __init__(self, make_case=make.with_access, *, at: datetime = make.NOW, **options):
        super().__init__(make_case, at=at, **options)
        self.agency = make.agency()
        self.agency_coordinator = make.member(self.agency, Role.COORDINATOR)
        self.lead = reviewer(make.programme_office(), "Lena Lead")
        self.reviewer = reviewer(self.agency, "Rita Reviewer")
        self.peer = reviewer(self.agency, "Pia Peer")
        self.lead_seat = active(self, self.lead, role="lead", at=at)
        self.seat = active(self, self.reviewer, at=at)
        self.peer_seat = active(self, self.peer, at=at, domain="autonomy")
        # The objects' memberships are read once: fresh ones for what follows.
        self.submission = self.again()


def draft(case: Reviewed, *, at=make.NOW, actor=None, **values) -> Assessment:
    return actions.create_assessment(
        actor=actor or case.reviewer, submission=case.submission, values=FINDINGS | values, at=at
    )


def open_to(case: make.Case, *people, at=make.NOW) -> None:
    """Let reviewers read the others' assessments: who has none in and none begun states that none comes."""
    for user in people:
        if policies.waits_for_own(user, case.submission, at=at):
            seat = case.submission.assignments.in_state("active", at=at).get(reviewer=user)
            actions.write_none(actor=user, assignment=seat, at=at)


def logged(case: Reviewed, draft: Assessment, *, at=make.NOW) -> AgencyLog:
    """An evaluation log of the author's own with a draft."""
    file = make.ContentFile(archive().getvalue(), name="log.eval")
    return actions.add_log(actor=case.reviewer, assessment=draft, upload=file, at=at)


def checked(case: Reviewed, *, at=make.NOW, **values) -> Assessment:
    made = draft(case, at=at, **values)
    actions.ask_check(actor=case.reviewer, assessment=made, at=at)
    open_to(case, case.peer, at=at)
    return actions.peer_check(actor=case.peer, assessment=made, at=at)


def shared(case: Reviewed, *, at=make.NOW, **values) -> Assessment:
    made = checked(case, at=at, **values)
    open_to(case, case.lead, at=at)
    return actions.share(actor=case.lead, assessment=made, at=at)


def answered(case: Reviewed, *, at=make.NOW, **values) -> Assessment:
    made = shared(case, at=at, **values)
    return actions.respond(actor=case.contributor, assessment=made, response="We shut the pantry.", at=at)


RETEST = {
    "what": "The two ways into the pantry.",
    "outcome": "observed_in_part",
    "text": "One way is shut: fudge-retest-1.",
    "hours": "2.50",
    "access_used": "api_reduced",
}


def retested(case: Reviewed, assessment: Assessment, *, at=make.NOW, actor=None, **values) -> Retest:
    return actions.record_retest(
        actor=actor or case.reviewer, assessment=assessment, values=RETEST | values, at=at
    )


def inquiry(actor, lab, *, at=make.NOW, **values) -> Inquiry:
    return actions.create_inquiry(actor=actor, lab=lab, values=QUESTION | values, at=at)


def submitted_inquiry(actor, lab, *, at=make.NOW, **values) -> Inquiry:
    return actions.inquiries.submit(actor=actor, inquiry=inquiry(actor, lab, at=at, **values), at=at)


def designation(actor, lab, *, at=make.NOW, **options) -> Designation:
    options = {"subject": "Kestrel 6", "outcome": "covered", "basis": "Benchmarks of nougat."} | options
    return actions.record_designation(actor=actor, lab=lab, at=at, **options)


def knowing(agency, *domains: str, cap: int = 2, name: str = "", at=make.NOW):
    """A reviewer whose domains and cap are on record."""
    user = reviewer(agency, name)
    record(user, *domains, cap=cap, at=at)
    return user


def record(user, *domains: str, cap: int = 2, at=make.NOW) -> ReviewerProfile:
    """Domains and cap of a reviewer, kept by themselves."""
    membership = user.memberships.get(role=Role.REVIEWER)
    return actions.record_profile(actor=user, membership=membership, domains=domains, cap=cap, at=at)


def suggested(case: make.Case, *needs: Wanted, actor=None, at=make.NOW) -> MatchingRun:
    """A run about a case: one cyber seat unless told otherwise."""
    wanted = needs or (Wanted(case.submission, "cyber"),)
    return actions.matching.suggest(actor=actor or case.coordinator, needs=wanted, at=at)
