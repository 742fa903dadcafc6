"""Partner organisations and grants for tests, made through the actions."""

from datetime import datetime

from partners import actions
from partners.actions import organisations, vetting
from partners.attestations import ATTESTATIONS
from partners.models import Grant, PartnerProfile, VettingCriteria
from portal.accounts.models import Role
from portal.submissions import actions as case_actions
from tests import factories as make
from tests.factories import DAY, NOW

GRANT_INSTRUCTIONS = "Endpoint https://kestrel.invalid/partner, key nougat-key-2."
PURPOSE = "To find weaknesses in turbine controllers before others do."
NOMINATION = {"sectors": ["energy"], "country": "US", "operates": "Three dams and a turbine."}
CONTACT = {
    "name": "Sol Marzipan",
    "role": "Security lead",
    "email": "sol@dams.example",
    "telephone": "+1 202 555 0100",
}
PROFILE = NOMINATION | {
    "contacts": [CONTACT],
    "ownership": "none",
    "attestations": list(ATTESTATIONS),
}
# The same application as a browser sends it.
TYPED = NOMINATION | {
    **{f"contact-0-{part}": text for part, text in CONTACT.items()},
    "ownership": "none",
    **{f"attest-{key}": "on" for key in ATTESTATIONS},
}


def answered(
    by, profile: PartnerProfile, *, at: datetime = NOW, found: str = "met", **more: str
) -> PartnerProfile:
    """A profile whose vetting has an answer to every criterion."""
    keys = VettingCriteria.objects.current().criteria.values_list("key", flat=True)
    answers = {key: {"found": found, **more} for key in keys}
    return vetting.answer_criteria(actor=by, profile=profile, answers=answers, at=at)


class Partner:
    """A partner organisation with an administrator and a member; eligible unless asked otherwise."""

    def __init__(self, *, by=None, at: datetime = NOW, eligible: bool = True, name: str = ""):
        by = by or make.coordinator()
        self.organisation = make.partner_organisation(name)
        self.admin = make.member(self.organisation, Role.ADMIN)
        self.member = make.member(self.organisation, Role.MEMBER)
        self.profile = organisations.apply(actor=self.admin, organisation=self.organisation, at=at, **PROFILE)
        if eligible:
            organisations.begin_vetting(actor=by, profile=self.profile, at=at)
            answered(by, self.profile, at=at)
            self.profile = organisations.find_eligible(actor=by, profile=self.profile, at=at)

    def again(self) -> PartnerProfile:
        return PartnerProfile.objects.get(pk=self.organisation.pk)


class GrantCase(make.Case):
    """A case with a document and a partner. ``offer`` and ``agree`` take its grant as far as a test needs it."""

    def __init__(self, case=make.with_access, **options):
        super().__init__(case, **options)
        self.document = case_actions.add_document(
            actor=self.contributor,
            submission=self.submission,
            kind="system_card",
            title="Card of marzipan",
            upload=make.pdf("the marzipan card"),
            at=NOW,
        )
        self.other_document = case_actions.add_document(
            actor=self.contributor,
            submission=self.submission,
            kind="safeguards",
            title="Nougat safeguards",
            upload=make.pdf("nougat out of scope", name="nougat.pdf"),
            at=NOW,
        )
        self.partner = Partner(by=self.coordinator)
        self.grant: Grant | None = None

    def propose(self, *, by=None, at: datetime = NOW, **options) -> Grant:
        """A proposal by the lab unless ``by`` says otherwise, starting 20 days after ``NOW``, with one document in scope."""
        values = {
            "partner": self.partner.organisation,
            "purpose": PURPOSE,
            "starts_at": NOW + 20 * DAY,
            "documents": [self.document],
        }
        if by is None:
            values["instructions"] = GRANT_INSTRUCTIONS
        self.grant = actions.propose_grant(
            actor=by or self.contributor, submission=self.submission, at=at, **values | options
        )
        return self.grant

    def offer(self, *, at: datetime = NOW, **options) -> Grant:
        self.propose(at=at, **options)
        self.grant = actions.concur(actor=self.coordinator, grant=self.grant, at=at)
        return self.grant

    def agree(self, *, at: datetime = NOW, users=None, **options) -> Grant:
        """An agreed grant; the member is named unless ``users`` says otherwise."""
        self.offer(at=at, **options)
        self.grant = actions.accept(
            actor=self.partner.admin,
            grant=self.grant,
            users=[self.partner.member] if users is None else users,
            at=at,
        )
        return self.grant

    def grant_again(self) -> Grant:
        return Grant.objects.select_related("submission", "partner").get(pk=self.grant.pk)
