"""What random people try with findings."""

from hypothesis import strategies as st
from hypothesis.stateful import rule

from partners.findings_states import FINDING
from partners.models import Finding
from tests.machine.trying import Trying, numbers
from tests.machine.world_findings import FINDING_VERBS

# A finding's way to the public, by whom; relayed in between, and its dates tried meanwhile.
TOLD = (
    ("report", "reporter"),
    ("triage", "office"),
    ("validate", "office"),
    ("notify_owner", "office"),
    ("set_marking", "owner"),
    ("relay", "liaison"),
    ("set_embargo", "office"),
    ("remediate", "owner"),
    ("mark_exploited", "office"),
    ("relay", "liaison"),
    ("extend_disclosure", "owner"),
    ("set_embargo", "office"),
    ("fix", "owner"),
    ("consent_publication", "owner"),
    ("address", "office"),
    ("publish", "office"),
)
BEGUN = TOLD.index(("relay", "liaison"))


class FindingRules(Trying):
    @rule(person=numbers, number=numbers)
    def write_finding(self, person, number):
        self.anybody(person, lambda actor: self.world.write_finding(actor, number))

    @rule(person=numbers, number=numbers, verb=st.sampled_from(FINDING_VERBS))
    def finding_step(self, person, number, verb):
        finding = self.world.pick(Finding, number)
        if finding is not None:
            verb = self.likely(FINDING.transitions, finding.state, verb, number)
            self.anybody(person, lambda actor: self.world.finding_step(actor, finding, verb, number // 5))

    @rule(person=numbers, number=numbers)
    def add_file(self, person, number):
        finding = self.world.pick(Finding, number)
        if finding is not None:
            self.anybody(person, lambda actor: self.world.add_file(actor, finding, number))

    def tell(self, finding: Finding, number: int, steps: int) -> None:
        """The next so many steps of its way, by whom they are; what was done already is refused."""
        world = self.world
        done = 0
        for place, (verb, who) in enumerate(TOLD):
            found = Finding.objects.get(pk=finding.pk)
            actor = self._who(found, who)
            # The relay begins without their id and is answered with it.
            step = 2 * (number // 2) + (place > BEGUN if verb == "relay" else 1)
            if actor is None or done == steps:
                continue
            outcome = self.by(
                actor, lambda actor, v=verb, f=found, n=step: world.finding_step(actor, f, v, n)
            )
            done += outcome == "done"

    def _who(self, finding: Finding, who: str):
        world = self.world
        if who == "owner":
            if finding.owner_id is None:
                return world.coordinator
            return world.lab_people[[lab.pk for lab in world.labs].index(finding.owner_id)][1]
        return {"reporter": finding.created_by, "office": world.coordinator, "liaison": world.liaison}[who]

    @rule(number=numbers, steps=st.integers(1, len(TOLD)))
    def a_finding_goes_its_way(self, number, steps):
        finding = self.world.pick(Finding, number)
        if finding is not None:
            self.tell(finding, number, steps)

    @rule(number=numbers)
    def an_embargo_passes(self, number):
        """Published then without the owner's word."""
        finding = self.world.pick(Finding, number)
        if finding is None or finding.owner_notified_at is None:
            return
        self.time_goes_to(max(self.world.at, finding.embargo_until))
        self.by(
            self.world.coordinator, lambda actor: self.world.finding_step(actor, finding, "publish", number)
        )
