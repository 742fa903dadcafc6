"""Recording who read what a lab wrote on this side: assessments with their responses, and inquiries."""

from collections.abc import Iterable

from portal.ledger import actions as ledger
from portal.submissions import looks
from reviews import policies
from reviews.models import Assessment, Inquiry
from reviews.states import LAB_READS

VERB = "viewed_assessments"


def read_assessments(*, actor, assessments: Iterable[Assessment]) -> None:
    """A list, or a page of one case's: one event a case, and one for each that was not shared yet, in one statement."""
    rows = list(assessments)
    cases = {row.submission_id: row.submission for row in rows if row.state in LAB_READS}
    seen = [(case, case.pk, looks.standing(actor, case)) for case in cases.values()]
    seen += [_beside_the_case(actor, row) for row in rows if row.state not in LAB_READS]
    ledger.look(actor=actor, verb=VERB, subjects=seen)


def read_assessment(*, actor, assessment: Assessment) -> None:
    if assessment.state in LAB_READS:
        looks.looked(actor=actor, submission=assessment.submission, verb=VERB, subject=assessment)
    else:
        ledger.look(actor=actor, verb=VERB, subjects=[_beside_the_case(actor, assessment)])


def _beside_the_case(actor, draft: Assessment) -> tuple:
    """A look at what was not shared yet. The lab reads every look on its case, and would learn by this one that there is a
    draft, which is the agency's own; who audits reads it (``readers.events``).
    """
    return draft, None, looks.standing(actor, draft.submission)


def read_inquiries(*, actor, inquiries: Iterable[Inquiry], verb: str = "viewed_inquiry") -> None:
    """Inquiries whose words were shown: one event each, in one statement. They hang on no case."""
    rows = [
        (inquiry, None, standing(actor, inquiry))
        for inquiry in inquiries
        if policies.reads_text_of(actor, inquiry)
    ]
    if rows:
        ledger.look(actor=actor, verb=verb, subjects=rows)


def standing(actor, inquiry: Inquiry) -> str:
    """The capacity in which a person reads, told from their memberships alone."""
    return looks.standing(actor, inquiry)
