"""Findings for tests, made through the actions. What they say is invented."""

from datetime import datetime

from partners.actions import findings
from partners.models import Finding, FindingFile
from portal.accounts.models import Role
from tests import factories as make
from tests.factories import NOW

VECTOR = "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N"
CHAIN = "  Found by A. Nougat (Dam Watch),\n passed on by the praline desk.  "
# A name that tells who reported.
FILE_NAME = "A. Nougat of Dam Watch.pdf"
VALUES = {
    "kind": "software_vulnerability",
    "title": "Nougat overflows",
    "text": "Marzipan in the header overflows the nougat parser.",
    "product": "Nougat Gate",
    "version": "3.2",
    "cwe": "CWE-787",
    "cvss": VECTOR,
    "ssvc": "Attend",
    "reporter_chain": CHAIN,
}
# The steps of a finding up to a state, by whom.
WAY = (
    ("report", "member"),
    ("triage", "coordinator"),
    ("validate", "coordinator"),
    ("notify_owner", "coordinator"),
    ("remediate", "owner"),
    ("fix", "owner"),
)


class Reported:
    """A partner with a member, the programme office's people, a lab that will own the finding, and a finding of the partner."""

    def __init__(self, *, until: str = "", at: datetime = NOW, submission=None, reporter=None, **values):
        self.partner = reporter or make.partner_organisation()
        self.member = make.member(self.partner, Role.MEMBER)
        self.lab = submission.lab if submission else make.lab()
        self.owner = make.member(self.lab, Role.CONTRIBUTOR)
        self.coordinator = make.coordinator()
        self.liaison = make.member(make.agency(), Role.LIAISON)
        self.finding = findings.create_finding(
            actor=self.member, reporter=self.partner, values=VALUES | values, submission=submission, at=at
        )
        if until:
            self.take(until, at=at)

    def take(self, until: str, *, at: datetime = NOW) -> Finding:
        """Go the finding's way up to and with a verb."""
        for verb, who in WAY:
            options = {"owner": self.lab} if verb == "notify_owner" else {}
            self.step(verb, who, at=at, **options)
            if verb == until:
                return self.finding
        raise ValueError(until)

    def step(self, verb: str, who: str, *, at: datetime = NOW, **options) -> Finding:
        action = getattr(findings, verb)
        self.finding = action(actor=getattr(self, who), finding=self.finding, at=at, **options)
        return self.finding

    def add(self, text: str = "marzipan proof", *, at: datetime = NOW, **options) -> FindingFile:
        """A file by the partner's member; its name holds who reported."""
        given = {
            "actor": self.member,
            "shows": "Log of the overflow",
            "upload": make.pdf(text, name=FILE_NAME),
        }
        return findings.add_file(finding=self.again(), at=at, **given | options)

    def again(self) -> Finding:
        return Finding.objects.get(pk=self.finding.pk)
