"""Recording who read what a lab wrote on this side: assessments with their responses, and inquiries."""

from collections.abc import Iterable

from portal.ledger import actions as ledger
from portal.submissions import looks
from reviews import policies
from reviews.models import Assessment, Inquiry
from reviews.states import LAB_READS

VERB = "viewed_assessments"


def read_assessments(*, actor, assessments: Iterable[Assessment]) -> None:
    """A list, or a page of one case's: one event a case, in one statement.

    A draft is the agency's own, and the lab reads every look on its case: a look at one would tell it that there is one.
    """
    cases = {row.submission_id: row.submission for row in assessments if row.state in LAB_READS}
    looks.listed(actor=actor, submissions=cases.values(), verb=VERB)


def read_assessment(*, actor, assessment: Assessment) -> None:
    if assessment.state in LAB_READS:
        looks.looked(actor=actor, submission=assessment.submission, verb=VERB, subject=assessment)


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
