"""What random people try with partner organisations, nominations, grants and reports."""

from hypothesis import strategies as st
from hypothesis.stateful import rule

from partners.models import Grant, PartnerEvidence, PartnerNomination, PartnerProfile
from partners.states import MACHINE, PARTNERS
from portal.submissions.models import Submission
from tests.machine.trying import Trying, numbers
from tests.machine.world_partners import GRANT_VERBS, ORGANISATION_VERBS, SCOPE_VERBS

# As a vetting goes, by whom.
VETTED = (
    ("apply", "partner"),
    ("begin_vetting", "office"),
    ("answer", "office"),
    ("find_eligible", "office"),
    ("reinstate", "office"),
)
SIGNED = (("consent", "lab"), ("concur", "office"), ("accept", "partner"))


class PartnerRules(Trying):
    @rule(person=numbers, number=numbers, verb=st.sampled_from(ORGANISATION_VERBS))
    def organisation_step(self, person, number, verb):
        organisation = self.world.organisations[number % 3]
        profile = PartnerProfile.objects.filter(pk=organisation.pk).first()
        if profile is not None:
            verb = self.likely(PARTNERS.transitions, profile.state_at(self.world.at), verb, number)
        self.anybody(
            person, lambda actor: self.world.organisation_step(actor, organisation, verb, number // 3)
        )

    @rule(person=numbers, number=numbers, add=st.booleans())
    def evidence(self, person, number, add):
        if add:
            organisation = self.world.organisations[number % 3]
            self.anybody(person, lambda actor: self.world.add_evidence(actor, organisation))
        else:
            self.on(
                PartnerEvidence,
                person,
                number,
                lambda actor, row: self.world.evidence_step(actor, row, number),
            )

    @rule(person=numbers, number=numbers, answer=st.booleans())
    def nomination(self, person, number, answer):
        if answer:
            self.on(
                PartnerNomination,
                person,
                number,
                lambda actor, row: self.world.answer_nomination(actor, row, number),
            )
        else:
            self.anybody(person, lambda actor: self.world.put_forward(actor, number))

    @rule(person=numbers, number=numbers)
    def propose_grant(self, person, number):
        self.on(Submission, person, number, lambda actor, case: self.world.propose_grant(actor, case, number))

    @rule(person=numbers, number=numbers, verb=st.sampled_from(GRANT_VERBS))
    def grant_step(self, person, number, verb):
        grant = self.world.pick(Grant, number)
        if grant is not None:
            verb = self.likely(MACHINE.transitions, grant.state_at(self.world.at), verb, number)
            self.anybody(person, lambda actor: self.world.grant_step(actor, grant, verb, number))

    @rule(person=numbers, number=numbers, verb=st.sampled_from(SCOPE_VERBS))
    def scope_step(self, person, number, verb):
        self.on(Grant, person, number, lambda actor, grant: self.world.scope_step(actor, grant, verb, number))

    @rule(person=numbers, number=numbers)
    def write_report(self, person, number):
        self.on(Grant, person, number, self.world.write_report)

    def offer(self, case, number: int) -> None:
        """A lab proposes, the office concurs, the partner accepts and names its people."""
        world = self.world
        lab = world.lab_people[world.labs.index(case.lab)][1]
        for other in range(3):
            # To the first organisation that may be one's partner.
            if self.by(lab, lambda actor, n=number + other: world.propose_grant(actor, case, n)) == "done":
                break
        for grant in Grant.objects.filter(submission=case, stored_state="proposed").order_by("proposed_at"):
            sides = {
                "lab": lab,
                "office": world.coordinator,
                "partner": world.partner_people[grant.partner_id][0],
            }
            for verb, who in SIGNED:
                self.by(sides[who], lambda actor, v=verb, g=grant: world.grant_step(actor, g, v, number))

    def vet(self, organisation, number: int) -> None:
        """The organisation applies and the office vets it, as far as it goes from where it stands."""
        sides = {"partner": self.world.partner_people[organisation.pk][0], "office": self.world.coordinator}
        for verb, who in VETTED:
            self.by(
                sides[who],
                lambda actor, v=verb: self.world.organisation_step(actor, organisation, v, 4 * number + 1),
            )

    @rule(number=numbers)
    def share_with_a_partner(self, number):
        case = self.world.pick(Submission, number)
        if case is not None:
            self.offer(case, number)

    @rule(number=numbers)
    def a_grant_runs_its_course(self, number):
        """To its start, to a report, or past its end and to the close-out."""
        grant = self.world.pick(Grant, number)
        if grant is None or grant.agreed_at is None:
            return
        administrator = self.world.partner_people[grant.partner_id][0]
        if grant.starts_at > self.world.at:
            self.time_goes_to(grant.starts_at)
        elif number % 3 and grant.state_at(self.world.at) == "active":
            self.by(administrator, lambda actor: self.world.write_report(actor, grant))
        else:
            self.time_goes_to(max(self.world.at, grant.expires_at))
            self.by(administrator, lambda actor: self.world.grant_step(actor, grant, "close_out", number))

    @rule(number=numbers)
    def an_organisation_is_vetted(self, number):
        self.vet(self.world.organisations[number % 3], number)

    @rule(number=numbers)
    def an_organisation_lapses(self, number):
        """Time passes until the next vetting is overdue, where that is not far."""
        profile = (
            PartnerProfile.objects.filter(revet_due_at__gt=self.world.at).order_by("revet_due_at").first()
        )
        if profile is not None and (profile.revet_due_at - self.world.at).days < 60:
            self.time_goes_to(profile.revet_due_at)
