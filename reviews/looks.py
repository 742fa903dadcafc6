"""Recording who read what a lab wrote on this side: assessments with their responses, and inquiries."""

from collections.abc import Iterable

from portal.ledger import actions as ledger
from portal.submissions import looks
from reviews import policies
from reviews.models import AgencyLog, Assessment, Inquiry
from reviews.states import LAB_READS

VERB = "viewed_assessments"


def read_assessments(*, actor, assessments: Iterable[Assessment]) -> None:
    """A list, or a page of one case's: one event a case, and one for each that was not shared yet, in one statement."""
    rows = list(assessments)
    cases = {row.submission_id: row.submission for row in rows if row.state in LAB_READS}
    broken = looks.under_break_glass(actor, [row.submission for row in rows])
    seen = [(case, case.pk, looks.standing(actor, case, broken=broken)) for case in cases.values()]
    seen += [_beside_the_case(actor, row, broken) for row in rows if row.state not in LAB_READS]
    ledger.look(actor=actor, verb=VERB, subjects=seen)


def read_assessment(*, actor, assessment: Assessment) -> None:
    _at_assessment(actor, assessment, VERB, None)


def _at_assessment(actor, assessment: Assessment, verb: str, data: dict | None) -> None:
    if assessment.state in LAB_READS:
        looks.looked(actor=actor, submission=assessment.submission, verb=verb, subject=assessment, data=data)
    else:
        ledger.look(actor=actor, verb=verb, subjects=[_beside_the_case(actor, assessment)], data=data)


def _beside_the_case(actor, draft: Assessment, broken: set | None = None) -> tuple:
    """A look at what was not shared yet. The lab reads every look on its case, and would learn by this one that there is a
    draft, which is the agency's own; who audits reads it (``readers.events``).
    """
    return draft, None, looks.standing(actor, draft.submission, broken=broken)


def read_evidence(*, actor, assessment: Assessment, verb: str = VERB, data: dict | None = None) -> None:
    """An assessment's logs beside what the lab's own say: what is the lab's of it is a look at its facts."""
    looks.looked(actor=actor, submission=assessment.submission, verb="viewed_facts")
    _at_assessment(actor, assessment, verb, data)


def downloaded_log(*, actor, log: AgencyLog) -> None:
    _at_assessment(actor, log.assessment, "downloaded_log", {"log": log.pk, "log_sha256": log.sha256})


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
    return looks.standing(actor, inquiry, broken=set())
