"""Legal holds and what is kept of cases, made through the actions."""

from datetime import timedelta

from portal.submissions import actions
from portal.submissions.actions import holds
from portal.submissions.models import LegalHold, Submission
from tests import factories as make
from tests.factories_disclosures import document

MATTER = "Matter 2026-nougat-7"
REASON = "A court asks that everything be kept: nougat-reason-1."


def held(case, actor=None, *, at=make.NOW, **options) -> LegalHold:
    options = {"matter": MATTER, "reason": REASON, "submission": case.submission} | options
    return holds.place(actor=actor or case.coordinator, at=at, **options)


def lifted(actor, hold: LegalHold, *, at=make.NOW, reason: str = "The matter is over.") -> LegalHold:
    return holds.lift(actor=actor, hold=hold, reason=reason, at=at)


# A year and a day after the cases below were withdrawn.
PAST = make.NOW + timedelta(days=367)


def withdrawn(*titles: str, case: make.Case | None = None) -> make.Case:
    """A case with these documents that its lab withdrew the day after; nobody owes anything of it."""
    case = case or make.Case(make.submitted)
    for title in titles or ("Card",):
        document(case, title)
    actions.withdraw(actor=case.contributor, submission=case.submission, at=make.NOW + make.DAY)
    return case


def disposed(case: make.Case, actor=None, *, at=PAST) -> Submission:
    return actions.dispose(actor=actor or case.coordinator, submission=case.submission, at=at)
