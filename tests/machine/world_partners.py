"""What anybody may try to do with partner organisations, nominations, grants and reports."""

from datetime import timedelta

from partners import actions as grants
from partners.actions import evidence, nominations, organisations, vetting
from partners.models import Grant, PartnerEvidence, PartnerNomination, PartnerProfile, VettingCriteria
from partners.states import PARTNER_TRANSITIONS
from partners.states import TRANSITIONS as GRANT_STEPS
from portal import scope
from portal.accounts.models import Organisation, User
from portal.errors import AlreadyDone
from portal.submissions.models import Document, Submission
from tests import factories as make
from tests.factories_partners import GRANT_INSTRUCTIONS, NOMINATION, PROFILE, PURPOSE
from tests.machine.naming import named, verbs_of
from tests.machine.world import World

GRANT_VERBS = verbs_of(GRANT_STEPS)
SCOPE_VERBS = ("name_user", "reveal", "set_documents", "set_instructions", "unname_user")
ORGANISATION_VERBS = [*verbs_of(PARTNER_TRANSITIONS), "answer", "nominate", "update_profile"]


@named
class PartnersWorld(World):
    def organisation_step(self, actor: User, organisation: Organisation, verb: str, number: int) -> object:
        """One verb of an organisation's state table, or what goes before or beside it."""
        told = PROFILE | {"operates": f"Dams and turbine {next(self.counter)}."}
        if verb == "apply":
            return organisations.apply(actor=actor, organisation=organisation, at=self.at, **told)
        if verb == "nominate":
            return organisations.nominate(actor=actor, organisation=organisation, at=self.at, **NOMINATION)
        with scope.lifted("partners"):
            profile = PartnerProfile.objects.filter(pk=organisation.pk).first()
        if profile is None:
            raise AlreadyDone("There is nothing to change yet.")
        if verb == "answer":
            return self.answer(actor, profile, number)
        if verb == "remove" and number % 3:
            # It never comes back: left to chance, soon nobody would be there.
            verb = "suspend"
        extra: dict = {
            "not_select": {
                "reason_code": "capacity",
                "reapply_on": self.at.date() + timedelta(days=number % 20) if number % 2 else None,
            },
            "remove": {"reason": "It left."},
            "suspend": {"reason": "An incident."},
            "update_profile": told,
        }.get(verb, {})
        return getattr(organisations, verb)(actor=actor, profile=profile, at=self.at, **extra)

    def answer(self, actor: User, profile: PartnerProfile, number: int) -> object:
        keys = list(VettingCriteria.objects.current().criteria.values_list("key", flat=True))
        chosen = keys if number % 4 else keys[: 1 + number % len(keys)]
        found = {"found": "met" if number % 3 else "not_met", "reason": f"Seen {next(self.counter)}."}
        return vetting.answer_criteria(
            actor=actor, profile=profile, answers=dict.fromkeys(chosen, found), at=self.at
        )

    def add_evidence(self, actor: User, organisation: Organisation) -> object:
        text = f"audit {next(self.counter)}"
        return evidence.add_evidence(
            actor=actor, organisation=organisation, upload=make.pdf(text), shows=text, at=self.at
        )

    def evidence_step(self, actor: User, row: PartnerEvidence, number: int) -> object:
        if number % 2:
            return evidence.remove_evidence(actor=actor, evidence=row, at=self.at)
        return evidence.open_evidence(actor=actor, evidence=row, at=self.at)

    def put_forward(self, actor: User, number: int) -> object:
        side = [*self.labs, *self.agencies][number % 4]
        return nominations.put_forward(
            actor=actor, side=side, name=f"Nougat Works {next(self.counter)}", country="US", sectors=["energy"],
            why="It keeps the dams.", at=self.at,
        )  # fmt: skip

    def answer_nomination(self, actor: User, nomination: PartnerNomination, number: int) -> object:
        if number % 2:
            return nominations.set_aside(actor=actor, nomination=nomination, reason="No place.", at=self.at)
        organisation = self.organisations[-1 - number % 3]
        return nominations.take_up(
            actor=actor, nomination=nomination, organisation=organisation, operates="Dams.", at=self.at
        )

    def propose_grant(self, actor: User, case: Submission, number: int) -> object:
        """By the lab with documents and instructions; what the office proposes, the lab fills."""
        of_lab = bool(actor.organisations_as("lab"))
        documents = Document.objects.visible_to(actor, at=self.at).filter(submission=case)
        return grants.propose_grant(
            actor=actor,
            submission=case,
            partner=self.organisations[number % 2 if number % 5 else 2],
            purpose=PURPOSE,
            starts_at=None if number % 7 == 0 else self.at + (1 + number % 20) * make.DAY,
            expires_at=None if number % 7 == 0 else self.at + (30 + number % 20) * make.DAY,
            documents=documents if number % 3 else [],
            instructions=GRANT_INSTRUCTIONS if of_lab else "",
            at=self.at,
        )

    def grant_step(self, actor: User, grant: Grant, verb: str, number: int) -> object:
        extra: dict = {
            "decline": {"reason_code": "scope"},
            "revoke": {"reason_code": "terms"},
            "extend": {"expires_at": grant.expires_at + (1 + number % 3) * make.DAY},
            "accept": {"users": self._chosen(grant, number)},
        }.get(verb, {})
        return getattr(grants, verb)(actor=actor, grant=grant, at=self.at, **extra)

    def _chosen(self, grant: Grant, number: int) -> list[User]:
        """Some of the partner's people, or all."""
        people = self.partner_people[grant.partner_id]
        return people[number % 2 :] if number % 3 else people

    def scope_step(self, actor: User, grant: Grant, verb: str, number: int) -> object:
        """What a grant covers and for whom, and the one look at its instructions."""
        people = self.partner_people[grant.partner_id]
        if verb in ("name_user", "unname_user"):
            user = people[number % len(people)]
            return getattr(grants, verb)(actor=actor, grant=grant, user=user, at=self.at)
        if verb == "set_instructions":
            return grants.set_instructions(
                actor=actor, grant=grant, instructions=f"key {next(self.counter)}", at=self.at
            )
        if verb == "set_documents":
            there = list(grant.submission.documents.filter(removed_at=None).order_by("created_at", "title"))
            present = set(grant.scope.filter(ended_at=None).values_list("document_id", flat=True))
            wanted = [row for place, row in enumerate(there) if (number >> place) % 2]
            if present == {row.pk for row in wanted}:
                raise AlreadyDone("It is in scope already.")
            return grants.set_documents(actor=actor, grant=grant, documents=wanted, at=self.at)
        if grant.instructions_sealed is None:
            raise AlreadyDone("There are none yet.")
        return grants.reveal_grant_instructions(actor=actor, grant=grant, at=self.at)

    def write_report(self, actor: User, grant: Grant) -> object:
        return grants.write_report(
            actor=actor, grant=grant, used_for=f"Turbine {next(self.counter)}.", at=self.at
        )
