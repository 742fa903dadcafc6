"""Findings in every state: reported by partners, a lab and an agency, followed by the programme office, and relayed."""

from collections.abc import Sequence

from django.core.files.base import ContentFile

from partners.actions import findings
from partners.models import Finding, Grant
from portal.site.demo.stage import Script, Stage

OFFICE, LIAISON = "cora_coordinator", "lionel_liaison"
CHAIN = "Seen by the night desk of {house}, passed on by {name}. Everyone named here is invented."
# Who reports for whom: key of the house -> key of the person.
REPORTERS = {
    "harbor": "milo_member",
    "meridian": "marta_admin",
    "cloverleaf": "cleo_member",
    "quillon": "rosa_contributor",
    "dcda": "rafael_reviewer",
}


class _Tale:
    """One finding, told step by step."""

    def __init__(self, stage: Stage, house: str, title: str, **values):
        self.stage, person = stage, stage.cast.person(REPORTERS[house])
        self.reporter = person
        written = {
            "title": title,
            "text": f"{title}. Three steps show it again on a test bench; all of it is invented.",
            "reporter_chain": CHAIN.format(house=stage.cast.house(house).name, name=person.name),
        }
        grant = values.pop("grant", None)
        self.finding: Finding = findings.create_finding(
            actor=person, reporter=stage.cast.house(house), values=written | values, grant=grant
        )

    def take(self, verb: str, by: str = OFFICE, **options) -> "_Tale":
        action = getattr(findings, verb)
        self.finding = action(actor=self.stage.cast.person(by), finding=self.finding, **options)
        return self

    def add(self, shows: str, *, for_owner: bool = False) -> "_Tale":
        """An evidence file, named by its sender."""
        file = ContentFile(
            f"{shows}. All of it is invented.\n".encode(), name=f"{self.reporter.name}, notes.txt"
        )
        findings.add_file(
            actor=self.reporter, finding=self.finding, upload=file, shows=shows, for_owner=for_owner
        )
        return self

    def report(self) -> "_Tale":
        self.finding = findings.report(actor=self.reporter, finding=self.finding)
        return self


def draft(stage: Stage) -> Script:
    yield stage.ago(hours=30)
    tale = _Tale(
        stage, "harbor", "Relay settings leak into a prompt", kind="model_safeguard", product="Kestrel 5"
    )
    tale.add("The prompt, and what came back")


def reported(stage: Stage) -> Script:
    yield stage.ago(hours=26)
    tale = _Tale(
        stage,
        "dcda",
        "Plans a route through a badge reader",
        kind="model_capability",
        product="Quillon Atlas",
    )
    tale.report()


def owned_by_kestrel(stage: Stage) -> Script:
    """Found under a grant where there is one; the lab has recorded nothing yet."""
    yield stage.day(-6, 9)
    partner, lab = stage.cast.house("harbor"), stage.cast.house("kestrel")
    grant = Grant.objects.filter(partner=partner, submission__lab=lab, agreed_at__isnull=False).first()
    tale = _Tale(
        stage,
        "harbor",
        "A refusal is talked away in two turns",
        kind="model_safeguard",
        product="Kestrel 5",
        version="preview",
        cvss="CVSS:4.0/AV:N/AC:L/AT:P/PR:L/UI:N/VC:L/VI:H/VA:L/SC:N/SI:L/SA:N",
        ssvc="Attend",
        grant=grant,
    )
    tale.add("Transcript of the two turns", for_owner=True).add("Notes of the night desk, by name")
    tale.report().take("triage")
    yield stage.day(-5, 11)
    tale.take("validate").take("notify_owner", owner=lab)


def remedied_by_quillon(stage: Stage) -> Script:
    """Exploited, so that its days are few; relayed to a clearinghouse, whose id is on record."""
    yield stage.day(-4, 9)
    tale = _Tale(
        stage,
        "meridian",
        "Pump commands follow from a crafted log line",
        kind="incident",
        product="Quillon Ink 3",
        cwe="CWE-77",
        ssvc="Act",
        tlp="TLP:RED",
    )
    tale.report().take("triage", LIAISON).take("validate")
    yield stage.day(-3, 10)
    tale.take("notify_owner", owner=stage.cast.house("quillon")).take("mark_exploited")
    tale.take("relay", LIAISON, clearinghouse="Demo AI Clearinghouse (invented)")
    yield stage.day(-2, 9)
    tale.take("relay", LIAISON, clearinghouse_id="DAC-2026-0117").take("remediate", "rosa_contributor")


def vendor_fixed(stage: Stage) -> Script:
    """An outside vendor's, in whose place the programme office records; and a second report of the same."""
    yield stage.day(-40, 9)
    first = _gate(stage, "cloverleaf", "Header overflow in Turbine Gate")
    first.report().take("triage").take("validate")
    first.take("notify_owner", vendor_contact="security@turbine-gate.example")
    yield stage.day(-20, 9)
    second = _gate(stage, "meridian", "Turbine Gate overflows on a long header").report().take("triage")
    second.take("mark_duplicate", duplicate_of=first.finding)
    first.take("remediate").take("fix")
    # Others protect themselves first: its reporter lets it be passed on, and the vendor consents.
    first.take("set_marking", "cleo_member", tlp="TLP:AMBER").take("consent_publication")
    first.take("address", partners=[stage.cast.house("harbor")])


def over(stage: Stage) -> Script:
    """One published with its owner's consent, one closed without, one that nobody saw again, and two on their way."""
    yield stage.day(-60, 9)
    told = _gate(stage, "quillon", "Token reuse in Lantern SDK", product="Lantern SDK")
    kept = _gate(stage, "cloverleaf", "Debug port of a retired pump", product="Pump 2")
    for tale in (told, kept):
        tale.report().take("triage").take("validate").take(
            "notify_owner", vendor_contact="desk@vendor.example"
        )
    unseen = _gate(stage, "cloverleaf", "Gate opens at noon").report().take("triage")
    yield stage.day(-45, 9)
    unseen.take("not_reproduce", reason="Two benches, three days: not seen again.")
    for tale in (told, kept):
        tale.take("remediate").take("fix")
    told.take("consent_publication").take("publish")
    kept.take("close_unpublished", reason="The last device was taken out of service.")
    yield stage.day(-2, 14)
    _gate(stage, "harbor", "Clock drift unlocks a session").report().take("triage")
    _gate(stage, "meridian", "Valve names are guessable").report().take("triage").take("validate")


def _gate(stage: Stage, house: str, title: str, *, product: str = "Turbine Gate") -> _Tale:
    return _Tale(
        stage, house, title, kind="software_vulnerability", product=product, version="4.1", cwe="CWE-787"
    )


SCRIPTS: Sequence = (draft, reported, owned_by_kestrel, remedied_by_quillon, vendor_fixed, over)
