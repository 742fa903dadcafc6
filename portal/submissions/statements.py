"""What two sides said about a disclosure, in order, as a page or a program tells it. Reads; decides nothing."""

from dataclasses import dataclass
from datetime import datetime

from portal.submissions import history
from portal.submissions.models import DisclosureNotice


@dataclass(frozen=True, slots=True)
class Said:
    """One contribution: ``verb`` of the state table or ``give_notice``, in words as ``what``. An agency's people stay unnamed to
    a lab; to the agency a lab's person is named.
    """

    verb: str
    what: str
    at: datetime
    who: str
    text: str
    by_lab: bool


def statements(notice: DisclosureNotice, *, for_lab: bool) -> list[Said]:
    """Everything said about a notice read ``whole()``, beginning with the notice itself. Costs no query."""
    lab = notice.submission.lab_id
    said = [
        Said(
            "give_notice",
            history.DISCLOSURES["give_notice"],
            notice.given_at,
            _who(notice.agency, notice.given_by, named=not for_lab),
            notice.text,
            by_lab=False,
        )
    ]
    for one in notice.statements.all():
        by_lab = one.organisation_id == lab
        who = _who(one.organisation, one.said_by, named=by_lab or not for_lab)
        said.append(Said(one.verb, history.DISCLOSURES[one.verb], one.said_at, who, one.text, by_lab))
    return said


def _who(organisation, person, *, named: bool) -> str:
    return f"{organisation.name}, {person}" if named else organisation.name
