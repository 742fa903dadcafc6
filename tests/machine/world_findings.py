"""What anybody may try to do with a finding."""

from partners.actions import findings
from partners.findings_states import TRANSITIONS
from partners.models import Finding, Grant
from portal.accounts.models import Organisation, User
from portal.errors import NotAllowed
from portal.submissions.models import Submission
from tests import factories as make
from tests.factories_findings import VALUES
from tests.machine.naming import named, verbs_of
from tests.machine.world_partners import PartnersWorld

FINDING_VERBS = [*verbs_of(TRANSITIONS), "save_finding"]


@named
class FindingsWorld(PartnersWorld):
    def write_finding(self, actor: User, number: int) -> object:
        """For an organisation of one's own, about no case or about what one sees, as a door offers it."""
        own = [seat.organisation_id for seat in sorted(actor.seats, key=lambda seat: seat.kind)]
        if not own:
            raise NotAllowed("There is nobody to write it for.")
        values = VALUES | {"title": f"Nougat overflows {next(self.counter)}"}
        if number % 3 == 0:
            values["embargo_until"] = self.at + (3 + number % 50) * make.DAY
        about: dict = {}
        if number % 4:
            seen = list(Grant.objects.visible_to(actor, at=self.at).order_by("proposed_at"))
            cases = list(Submission.objects.visible_to(actor, at=self.at).order_by("created_at"))
            if seen:
                about = {"grant": seen[number % len(seen)]}
            elif cases:
                about = {"submission": cases[number % len(cases)]}
        reporter = Organisation.objects.get(pk=own[0])
        return findings.create_finding(actor=actor, reporter=reporter, values=values, at=self.at, **about)

    def finding_step(self, actor: User, finding: Finding, verb: str, number: int) -> object:
        extra: dict = {
            "save_finding": {"values": {"text": f"Marzipan {next(self.counter)}."}},
            "not_reproduce": {"reason": "Not seen again."},
            "close_unpublished": {"reason": "Nobody is helped."},
            "triage": {"ssvc": "Act" if number % 2 else None},
            "set_embargo": {"embargo_until": self.at + (1 + number % 60) * make.DAY},
            "set_marking": {"tlp": ("TLP:AMBER", "TLP:GREEN", "TLP:RED")[number % 3]},
            "relay": {"clearinghouse_id": f"CH-{number}" if number % 2 else ""},
        }.get(verb, {})
        if verb == "address":
            others = [one.organisation for one in self.partners if one.organisation.pk != finding.reporter_id]
            extra = {"partners": [others[number % len(others)]]}
        if verb == "mark_duplicate":
            seen = list(Finding.objects.visible_to(actor, at=self.at).order_by("created_at", "title"))
            extra = {"duplicate_of": seen[number % len(seen)] if seen else None}
        if verb == "notify_owner" and finding.submission_id is None:
            extra = (
                {"owner": self.labs[number % 2]} if number % 3 else {"vendor_contact": "psirt@vendor.example"}
            )
        return getattr(findings, verb)(actor=actor, finding=finding, at=self.at, **extra)

    def add_file(self, actor: User, finding: Finding, number: int) -> object:
        """One for the owner and one that is not, in turns."""
        text = f"Praline {next(self.counter)}"
        return findings.add_file(
            actor=actor,
            finding=finding,
            upload=make.pdf(text),
            shows=text,
            for_owner=bool(number % 2),
            at=self.at,
        )
