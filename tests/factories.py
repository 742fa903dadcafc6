"""Real objects for tests, made through the actions wherever an action makes them. Everything here is invented."""

import itertools
from datetime import UTC, datetime, timedelta

from allauth.mfa.totp.internal.auth import TOTP
from django.core.files.base import ContentFile

from portal.accounts.models import Kind, Membership, Organisation, Role, User
from portal.submissions import actions
from portal.submissions.models import Submission

_numbers = itertools.count(1)
# A Monday, 10:00 in US Eastern, with no federal holiday near.
NOW = datetime(2026, 9, 14, 14, 0, tzinfo=UTC)
DAY = timedelta(days=1)
FACTS = {
    "model_name": "Kestrel 5",
    "checkpoint": "sha256:4f1c",
    "access_mode": "api_reduced",
    "summary": "A general model with a secret ingredient: marzipan.",
    "capabilities": "Finds bugs in marzipan.",
    "evaluations": "Cyber range, 41 tasks.",
    "safeguards": "Refuses to eat marzipan.",
}
PASSWORD = "a long enough passphrase"
TOTP_SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
INSTRUCTIONS = "Endpoint https://kestrel.invalid/v1, key marzipan-key-1."


def organisation(
    kind: str = Kind.LAB, name: str = "", *, programme_office: bool = False, **fields
) -> Organisation:
    name = name or f"Invented {kind} {next(_numbers)}"
    return Organisation.objects.create(
        kind=kind,
        name=name,
        short_name=fields.pop("short_name", name[:40]),
        is_programme_office=programme_office,
        **fields,
    )


def lab(name: str = "") -> Organisation:
    return organisation(Kind.LAB, name)


def agency(name: str = "", *, programme_office: bool = False) -> Organisation:
    return organisation(Kind.AGENCY, name, programme_office=programme_office)


def partner_organisation(name: str = "") -> Organisation:
    return organisation(Kind.PARTNER, name)


def programme_office() -> Organisation:
    """The one programme office of this test, made when it is first asked for."""
    found = Organisation.objects.filter(is_programme_office=True).first()
    return found or organisation(
        Kind.AGENCY, "Invented Programme Office", programme_office=True, short_name="IPO"
    )


def person(name: str = "", *, second_factor: bool = True, **fields) -> User:
    """A person who can sign in: password, and unless told otherwise an authenticator app with ``TOTP_SECRET``."""
    number = next(_numbers)
    user = User.objects.create_user(
        email=f"person{number}@example.invalid",
        password=PASSWORD,
        name=name or f"Person {number}",
        **fields,
    )
    if second_factor:
        TOTP.activate(user, TOTP_SECRET)
    return user


def member(organisation: Organisation, role: str, name: str = "", *, since: datetime | None = None) -> User:
    """A person with one active membership."""
    user = person(name)
    Membership.objects.create(user=user, organisation=organisation, role=role, since=since or NOW - 365 * DAY)
    return user


def coordinator() -> User:
    return member(programme_office(), Role.COORDINATOR)


def pdf(text: str = "marzipan", name: str = "card.pdf") -> ContentFile:
    return ContentFile(b"%PDF-1.7\n" + text.encode() + b"\n%%EOF\n", name=name)


def draft(
    *,
    actor: User,
    lab: Organisation,
    at: datetime = NOW,
    public_in: int = 60,
    partner_in: int | None = 40,
    **facts,
):
    dates = {
        "planned_public_release": at + public_in * DAY,
        "planned_partner_release": at + partner_in * DAY if partner_in is not None else None,
    }
    return actions.create_draft(actor=actor, lab=lab, facts=FACTS | facts, dates=dates, at=at)


def submitted(*, actor: User, lab: Organisation, at: datetime = NOW, **options) -> Submission:
    case = draft(actor=actor, lab=lab, at=at, **options)
    return actions.submit(actor=actor, submission=case, at=at)


def agreed(*, actor: User, lab: Organisation, by: User, at: datetime = NOW, **options) -> Submission:
    """A case whose access terms both sides accepted; ``by`` is the programme's coordinator."""
    case = submitted(actor=actor, lab=lab, at=at, **options)
    actions.acknowledge(actor=by, submission=case, at=at)
    actions.accept_terms(actor=by, submission=case, at=at)
    return actions.accept_terms(actor=actor, submission=case, at=at)


def with_access(*, actor: User, lab: Organisation, by: User, at: datetime = NOW, **options) -> Submission:
    """An agreed case with access instructions; with the usual dates its window opens 10 days after ``at``."""
    case = agreed(actor=actor, lab=lab, by=by, at=at, **options)
    return actions.provide_access(actor=actor, submission=case, instructions=INSTRUCTIONS, at=at)


class Case:
    """A lab, its people, the programme's coordinator and one case: what most tests begin with."""

    def __init__(self, make=with_access, **options):
        self.lab = lab()
        self.contributor = member(self.lab, Role.CONTRIBUTOR)
        self.viewer = member(self.lab, Role.VIEWER)
        self.coordinator = coordinator()
        by = {"by": self.coordinator} if make in (agreed, with_access) else {}
        self.submission = make(actor=self.contributor, lab=self.lab, **by, **options)

    def again(self) -> Submission:
        """The case as the database has it now."""
        return Submission.objects.get(pk=self.submission.pk)
