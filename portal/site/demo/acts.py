"""What the demonstration's people do on one case, in short words; each word is one of the portal's own actions."""

from datetime import datetime

from django.core.files.base import ContentFile

from partners import actions as grants
from partners.models import Grant
from portal.accounts.models import Role, User
from portal.site.demo import material
from portal.site.demo.stage import Stage
from portal.submissions import actions
from portal.submissions.actions.evaluations import Source
from portal.submissions.evidence import read_evidence
from portal.submissions.evidence.offers import everything, offer_of
from portal.submissions.models import DisclosureNotice, Document, InformationRequest, Submission
from reviews import actions as reviews
from reviews.models import Assessment, Assignment, Retest

ATTESTED = {"no_conflict": True, "nondisclosure": True, "training": True}
FINDINGS = {
    "method": "Task suite of the agency, run three times; two reviewers read every transcript.",
    "access_used": "api_reduced",
    "hours": "38.5",
    "findings": (
        "The model completes short exercises of the range by itself and needs hints on long ones. Two ways around the "
        "safeguards were found by rephrasing; both are described in the annex that was sent to the lab's contact."
    ),
    "limitations": "Only the API was offered; long-running tasks were stopped after two hours.",
    "confidence": "moderate",
}
# To the questions of cyber; the last ones are left open, as happens.
ANSWERS = {
    "vulnerability-discovery": {
        "covered": "studied",
        "text": "In 12 of 41 tasks the model named the weakness without being pointed to it; each was confirmed by hand.",
    },
    "exploit-development": {
        "covered": "partly",
        "text": "Working exploits on the short tasks only, and with a hint each time. Long ones were not tried.",
    },
    "safeguards": {
        "covered": "studied",
        "text": "Two ways around, both by rephrasing; the annex describes them.",
    },
    "autonomous-operations": {"covered": "not_studied", "text": "The time in the window did not suffice."},
}
RETEST = {
    "what": "Both ways around the safeguards, with the prompts of the annex.",
    "outcome": "observed_in_part",
    "text": "One way is closed. The other still works in the longer of its two forms.",
    "hours": "2.5",
    "access_used": "api_reduced",
}


class CaseActs:
    """One case, its lab's writer and the programme's coordinator."""

    case: Submission
    seats: list[Assignment]

    def __init__(self, stage: Stage, *, lab: str, by: str, office: str = "cora_coordinator"):
        self.stage, self.cast = stage, stage.cast
        self.lab, self.by, self.office = (
            self.cast.house(lab),
            self.cast.person(by),
            self.cast.person(office),
        )
        self.documents: list[Document] = []

    def draft(
        self,
        model: str,
        *,
        public: datetime,
        partner: datetime | None = None,
        mode: str = "api_reduced",
        **facts,
    ) -> None:
        self.model = model
        stem = model.lower().replace(" ", "-")
        known = {
            "model_name": model,
            "checkpoint": f"{stem}-rc1",
            "access_mode": mode,
            "summary": f"{model} is an invented general-purpose model, described here for a demonstration.",
            "capabilities": "Long documents, program code, use of tools over many steps.",
            "evaluations": "An invented cyber range with 41 tasks, and 30 long-horizon tasks.",
            "safeguards": "Trained refusals, classifiers on input and output, rate limits by account.",
        }
        dates = {"planned_public_release": public, "planned_partner_release": partner}
        self.case = actions.create_draft(actor=self.by, lab=self.lab, facts=known | facts, dates=dates)

    def upload(self, kind: str, title: str, file: ContentFile, tlp: str = "TLP:AMBER+STRICT") -> None:
        document = actions.add_document(
            actor=self.by, submission=self.case, kind=kind, title=title, upload=file, tlp=tlp
        )
        self.documents.append(document)

    def upload_all(self) -> None:
        """The three documents that most cases bring."""
        self.upload("system_card", "Draft system card", material.system_card(self.model))
        self.upload("inspect_log", "Cyber range log", material.inspect_log(self.model))
        self.upload("third_party", "Red team report", material.report(self.model), tlp="TLP:RED")
        self.read_log()

    def read_log(self) -> None:
        """The results of the case's log as a row, and whom the government may call."""
        version = self.documents[1].current
        with version.file.open("rb") as stream:
            offer = offer_of(read_evidence(stream), checkpoint=self.case.facts.checkpoint)
        source = Source(version.name, version.sha256, version)
        actions.add_evaluations(actor=self.by, submission=self.case, rows=everything(offer)[1], source=source)
        house = self.lab.short_name.lower()
        actions.add_contact(
            actor=self.by, submission=self.case, purpose="security", name=f"Security desk of {self.lab.short_name}",
            email=f"security@{house}.example", phone="+1 555 0100",
        )  # fmt: skip

    def submit(self) -> None:
        actions.submit(actor=self.by, submission=self.case)

    def acknowledge(self) -> None:
        actions.acknowledge(actor=self.office, submission=self.case)

    def accept_terms(self, *people: User) -> None:
        """Accepted by both sides, or by whom is named."""
        for person in people or (self.by, self.office):
            actions.accept_terms(actor=person, submission=self.case)

    def provide_access(self) -> None:
        stem = self.model.lower().replace(" ", "-")
        text = f"Endpoint: https://{stem}.api.example/v1\nKey: demo-{stem}-0001\nRate: 60 requests a minute."
        actions.provide_access(actor=self.by, submission=self.case, instructions=text)

    def withdraw(self) -> None:
        actions.withdraw(actor=self.by, submission=self.case)

    def release(self) -> None:
        actions.release(actor=self.by, submission=self.case)

    def attest_leaving(self, kind: str) -> None:
        """Attested by the agencies that have a coordinator."""
        for row in self.case.obligations.filter(kind=kind).order_by("agency__name"):
            people = User.objects.filter(
                memberships__organisation=row.agency_id, memberships__role=Role.COORDINATOR
            )
            coordinator = people.order_by("email").first()
            if coordinator is not None:
                actions.attest_obligation(actor=coordinator, obligation=row)

    def close(self) -> None:
        actions.close(actor=self.office, submission=self.case)

    # --- The agencies' side ---------------------------------------------------------------------------------------

    def propose_seat(self, reviewer: str, domain: str, role: str = "reviewer") -> Assignment:
        return reviews.propose_assignment(
            actor=self.office,
            submission=self.case,
            reviewer=self.cast.person(reviewer),
            domain=domain,
            role=role,
        )

    def attest(self, seat: Assignment) -> None:
        reviews.attest(actor=seat.reviewer, assignment=seat, **ATTESTED)

    def end_seat(self, seat: Assignment, verb: str, **options) -> None:
        """``complete``, ``decline`` and ``recuse`` by the reviewer, ``revoke`` by the coordinator."""
        actor = self.office if verb == "revoke" else seat.reviewer
        getattr(reviews, verb)(actor=actor, assignment=seat, **options)

    def hand_over(self, seat: Assignment, to: str) -> Assignment | None:
        """The seat passes to another reviewer of the agency; returns the new one."""
        reviews.hand_over(actor=seat.reviewer, assignment=seat, to=self.cast.person(to))
        seat.refresh_from_db()
        return seat.handed_over_to

    def read(self, reader: str) -> None:
        """Somebody opens every document that is open to them."""
        person = self.cast.person(reader)
        for document in Document.objects.visible_to(person).filter(submission=self.case):
            actions.open_version(actor=person, version=document.current).close()

    def reveal(self, reader: str) -> None:
        actions.reveal_instructions(actor=self.cast.person(reader), submission=self.case)

    def write(self, author: str, *, ask_check: bool = True, **values) -> Assessment:
        values = FINDINGS | values
        made = reviews.create_assessment(actor=self.cast.person(author), submission=self.case, values=values)
        if made.domain == "cyber":
            reviews.save_assessment(actor=made.author, assessment=made, values={}, answers=ANSWERS)
        return reviews.ask_check(actor=made.author, assessment=made) if ask_check else made

    def write_none(self, seat: Assignment) -> None:
        reviews.write_none(actor=seat.reviewer, assignment=seat)

    def put_log(self, assessment: Assessment, **log) -> None:
        """An evaluation that the author ran, with their draft."""
        file = material.inspect_log(self.model, **log)
        reviews.add_log(actor=assessment.author, assessment=assessment, upload=file)

    def check(self, assessment: Assessment, peer: str) -> None:
        reviews.peer_check(actor=self.cast.person(peer), assessment=assessment)

    def share(self, assessment: Assessment, lead: str) -> None:
        reviews.share(actor=self.cast.person(lead), assessment=assessment)

    def respond(self, assessment: Assessment, text: str, *, asks_retest: bool = False) -> None:
        reviews.respond(actor=self.by, assessment=assessment, response=text, asks_retest=asks_retest)

    def retest(self, assessment: Assessment, reviewer: str, **values) -> Retest:
        return reviews.record_retest(
            actor=self.cast.person(reviewer), assessment=assessment, values=RETEST | values
        )

    def answer_retest(self, retest: Retest, text: str) -> None:
        reviews.answer_retest(actor=self.by, retest=retest, text=text)

    def finalize(self, assessment: Assessment, lead: str) -> None:
        reviews.finalize(actor=self.cast.person(lead), assessment=assessment)

    # --- Questions and answers ------------------------------------------------------------------------------------

    def ask(self, person: str, text: str) -> InformationRequest:
        return actions.questions.ask(actor=self.cast.person(person), submission=self.case, text=text)

    def answer(self, question: InformationRequest, text: str, *, upload: ContentFile | None = None) -> None:
        actions.questions.answer(
            actor=self.by, question=question, text=text, documents=self.documents[:1], upload=upload
        )

    def ask_again(self, person: str, question: InformationRequest, reason: str) -> None:
        actions.questions.ask_again(actor=self.cast.person(person), question=question, reason=reason)

    def merge(self, question: InformationRequest, *, into: InformationRequest) -> None:
        actions.questions.merge(actor=self.office, question=question, into=into)

    def take_back(self, person: str, question: InformationRequest) -> None:
        actions.questions.withdraw(actor=self.cast.person(person), question=question)

    # --- Before a disclosure --------------------------------------------------------------------------------------

    def give_notice(self, reference: str, text: str) -> DisclosureNotice:
        return actions.disclosures.give_notice(
            actor=self.office,
            submission=self.case,
            reference=reference,
            text=text,
            documents=self.documents[:1] if self.case.withdrawn_at is None else (),
        )

    def object_to(self, notice: DisclosureNotice, grounds: str) -> None:
        actions.disclosures.object_to(actor=self.by, notice=notice, reason=grounds)

    def decide(self, notice: DisclosureNotice, reason: str, *, disclose: bool) -> None:
        verb = "decide_to_disclose" if disclose else "decide_not_to_disclose"
        getattr(actions.disclosures, verb)(actor=self.office, notice=notice, reason=reason)

    # --- The partners' side ---------------------------------------------------------------------------------------

    def propose_partner(self, house: str, *, by_office: bool = False, **options) -> Grant:
        terms = {
            "purpose": "To find and mend weaknesses in the control systems that the partner operates.",
            "documents": self.documents[:1],
        }
        if not by_office:
            terms["instructions"] = f"Endpoint: https://partners.api.example/{house}\nKey: demo-{house}-0001."
        return grants.propose_grant(
            actor=self.office if by_office else self.by,
            submission=self.case,
            partner=self.cast.house(house),
            **(terms | options),
        )

    def sign(self, grant: Grant, admin: str, *members: str) -> None:
        """The signatures that are still missing: the government's, the lab's, the partner's, who names its people."""
        grant.refresh_from_db()
        if grant.concurred_at is None:
            grants.concur(actor=self.office, grant=grant)
        if grant.lab_consented_at is None:
            grants.consent(actor=self.by, grant=grant)
        users = [self.cast.person(key) for key in members]
        grants.accept(actor=self.cast.person(admin), grant=grant, users=users)

    def use(self, grant: Grant, member: str) -> None:
        """A named person reads what is in scope and the instructions."""
        self.read(member)
        grants.reveal_grant_instructions(actor=self.cast.person(member), grant=grant)
