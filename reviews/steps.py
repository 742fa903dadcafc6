"""Where an inquiry stands and what comes next, told in words; decides nothing."""

from django.conf import settings

from portal import programme
from reviews.deadline_kinds import acknowledge_inquiry_due
from reviews.models import Inquiry
from reviews.states import InquiryState

_WAY = (
    (InquiryState.SUBMITTED, "submitted_at"),
    (InquiryState.ACKNOWLEDGED, "acknowledged_at"),
    (InquiryState.IN_BENCHMARKING, "benchmarking_at"),
    (InquiryState.ANSWERED, "answered_at"),
    (InquiryState.CLOSED, "closed_at"),
)


def inquiry_steps(inquiry: Inquiry) -> list[dict]:
    """The way of an inquiry, for a step indicator; none for one that was withdrawn."""
    if inquiry.state == InquiryState.WITHDRAWN:
        return []
    states = [state for state, _ in _WAY]
    here = states.index(InquiryState(inquiry.state)) if inquiry.state in states else -1

    def status(number: int) -> str:
        if number < here or inquiry.state == InquiryState.CLOSED:
            return "complete"
        return "current" if number == here else "upcoming"

    return [
        {"label": state.label, "at": getattr(inquiry, column), "status": status(number)}
        for number, (state, column) in enumerate(_WAY)
    ]


def inquiry_next(inquiry: Inquiry) -> dict | None:
    """Who does what next, and by which target; None once nothing does."""
    office = f"The programme office ({settings.PORTAL_PROGRAMME_OFFICE})"
    sentences = {
        InquiryState.DRAFT: (
            "Your lab",
            "completes the draft and submits it. Until then only your lab sees it.",
        ),
        InquiryState.SUBMITTED: (office, "acknowledges that it has received the inquiry."),
        InquiryState.ACKNOWLEDGED: (office, "begins benchmarking."),
        InquiryState.IN_BENCHMARKING: (
            f"A designator of the {programme.current().determining_authority}",
            "answers the inquiry.",
        ),
        InquiryState.ANSWERED: (office, "closes the inquiry."),
    }
    found = sentences.get(InquiryState(inquiry.state))
    if found is None:
        return None
    waits = inquiry.state == InquiryState.SUBMITTED and inquiry.submitted_at
    due = acknowledge_inquiry_due(inquiry.submitted_at) if waits else None
    return {"by": found[0], "text": found[1], "due_at": due}
