"""What stands between a draft and its submission, all of it at once; asked of the same rules that the action asks."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from portal.errors import Invalid
from portal.submissions.actions.drafts import check_dates, require_complete
from portal.submissions.models import Facts, Submission


@dataclass(frozen=True, slots=True)
class Lack:
    """A field that is missing or cannot be as it is, and why."""

    field: str
    message: str


def missing(case: Submission, *, at: datetime) -> list[Lack]:
    """Everything that submitting at this instant would refuse, in the order of the form; empty when nothing would."""
    checks: list[Callable[[], None]] = []
    for name in Facts.REQUIRED:
        values = dict.fromkeys(Facts.REQUIRED, "given") | {name: getattr(case.facts, name)}
        checks.append(lambda values=values: require_complete(values))
    partner, public = case.planned_partner_release, case.planned_public_release
    checks.append(lambda: check_dates(partner=None, public=public, at=at))
    if partner is not None:
        # The partner's date by itself; beside a public one that is missing or wrong it would go unheard.
        beside = public if public is not None and public > at else datetime.max.replace(tzinfo=at.tzinfo)
        checks.append(lambda: check_dates(partner=partner, public=beside, at=at))
    return [lack for check in checks if (lack := _lack(check)) is not None]


def _lack(check: Callable[[], None]) -> Lack | None:
    try:
        check()
    except Invalid as error:
        return Lack(error.field or "", error.message)
    return None
