"""What one person's step may not change: asked of the rows before it and after it."""

from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from partners.models import Finding, FindingRelay, Grant
from portal.accounts.models import Kind, Role, User
from portal.submissions.models import Document, Submission, Terms

RELEASES = ("planned_partner_release", "planned_public_release", "released_at")
CONSENTED = ("purpose", "access_mode", "partner_id", "submission_id")
DATES = ("embargo_until", "disclosure_due_at")


@dataclass(frozen=True, slots=True)
class Present:
    """What a step is held against, by ids."""

    events: int
    ledger: dict
    releases: dict
    ended_windows: dict
    checkpoints: dict
    marks: dict
    consented: dict
    terms: dict
    dates: dict
    relayed: frozenset

    @classmethod
    def read(cls, at: datetime) -> "Present":
        cases = Submission.objects.order_by()
        ended = cases.filter(agreed_at__isnull=False, closes_at__lte=at)
        grants = Grant.objects.filter(lab_consented_at__isnull=False).order_by()
        relayed = FindingRelay.objects.filter(recorded_at=None).order_by()
        ledger = _ledger()
        return cls(
            len(ledger),
            ledger,
            _of(cases, "lab_id", *RELEASES),
            _of(ended, "opens_at", "closes_at"),
            _of(cases.filter(agreed_at__isnull=False), "checkpoint_id", "agreed_at"),
            _of(Document.objects.order_by(), "submission__lab_id", "tlp", "cui", "confidential_commercial"),
            _of(grants, *CONSENTED),
            _of(Terms.objects.order_by(), "purpose", "use_nondisclosure", "number"),
            _of(Finding.objects.order_by(), *DATES),
            frozenset(relayed.values_list("finding_id", flat=True)),
        )


def _ledger() -> dict:
    """Every event, whole, as a hash."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT seq, md5(e::text) FROM ledger_event e")
        return dict(cursor.fetchall())


def _of(rows, *columns: str) -> dict:
    return {pk: values for pk, *values in rows.values_list("pk", *columns)}


def broken_by(actor: User, before: Present, after: Present) -> list:
    """Which invariants a step of this person broke, and on what."""
    broken: list = []
    if after.events <= before.events:
        broken.append(("15 no event",))
    broken += _changed("15 ledger", before.ledger, after.ledger)
    labs = actor.organisations_as(Kind.LAB)
    writes = actor.organisations_as(Kind.LAB, Role.ADMIN, Role.CONTRIBUTOR)
    for pk, releases in before.releases.items():
        if after.releases[pk] != releases and releases[0] not in labs:
            broken.append(("2 release moved", pk))
    broken += _changed("4 and 5 ended window", before.ended_windows, after.ended_windows)
    broken += _changed("20 checkpoint", before.checkpoints, after.checkpoints)
    broken += _changed("20 purpose", before.consented, after.consented)
    broken += _changed("20 terms", before.terms, after.terms)
    for pk in before.relayed:
        pairs = zip(before.dates[pk], after.dates[pk], strict=True)
        # A clock may start meanwhile; what was told stands.
        if any(was is not None and was != now for was, now in pairs):
            broken.append(("16 mid-relay", pk))
    for pk, marks in before.marks.items():
        lab, *was = marks
        _, *now = after.marks[pk]
        commercial_alone = was[:2] == now[:2] and was[2] and not now[2]
        # What was disclosed under a notice loses that mark alone; a file that comes anew has it back.
        if was != now and lab not in writes and not commercial_alone:
            broken.append(("13 another's mark", pk))
    return broken


def _changed(name: str, before: dict, after: dict) -> list:
    return [(name, pk) for pk, values in before.items() if after.get(pk) != values]
