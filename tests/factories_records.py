"""Legal holds and what is kept of cases, made through the actions."""

from datetime import date, timedelta

from portal import clock
from portal.submissions import actions
from portal.submissions.actions import holds, records_requests
from portal.submissions.models import LegalHold, RecordsRequest, Submission
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


NUMBER = "FOIA-2026-0200"
WANTED = "Everything on early access of frontier models: fudge-request-1."
RECEIVED = date(2026, 9, 14)


def logged(actor, *, at=make.NOW, **options) -> RecordsRequest:
    options = {
        "tracking_number": NUMBER,
        "received_on": RECEIVED,
        "category": "news_media",
        "description": WANTED,
    } | options
    return records_requests.log(actor=actor, at=at, **options)


def answered(
    actor, request: RecordsRequest, outcome: str = "in_full", *, at=make.NOW, **options
) -> RecordsRequest:
    options = {"answered_on": clock.calendar_day(at)} | options
    return records_requests.answer(actor=actor, request=request, outcome=outcome, at=at, **options)
