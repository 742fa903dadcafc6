"""What happens next on a case, and by whom: one answer for the lab's pages, the workbench and the API.

A step describes; it never asks leave of anybody. Government steps carry targets, which bind the government alone, and none
of them stands between a lab and its release.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from portal import programme
from portal.deadlines.calendar import add_business_days
from portal.submissions import deadline_kinds, window
from portal.submissions.models import Submission, Terms
from portal.submissions.states import MACHINE, DisclosureState, RequestState, State

# More open questions than these are counted instead of named.
QUESTIONS_NAMED = 5
LAB, OFFICE, REVIEWERS, CLOCK = "lab", "coordinator", "reviewers", "clock"


@dataclass(frozen=True, slots=True)
class NextStep:
    """One thing that comes next: ``by`` in words, ``verb`` of the state table where the step has one.

    ``due_at`` is a target that may be missed without consequence for the lab, or, for the clock, the instant itself.
    """

    who: str
    verb: str
    text: str
    due_at: datetime | None = None
    optional: bool = False

    @property
    def by(self) -> str:
        return {
            LAB: "The lab",
            OFFICE: "The programme office",
            REVIEWERS: "The reviewers",
            CLOCK: "The clock",
        }[self.who]

    @property
    def due_words(self) -> str:
        """What kind of date ``due_at`` is."""
        if self.due_at is None:
            return ""
        return "at" if self.who == CLOCK else "target"


# (submission, at) -> what upper floors know to come next. They fill it from their AppConfig; costs queries, so lists skip it.
UPPER: list[Callable[[Submission, datetime], list[NextStep]]] = []


def next_step(submission: Submission, *, at: datetime) -> NextStep | None:
    """The first thing that comes next; None once nothing does. Costs no query where ``terms`` are prefetched."""
    return next(iter(_own(submission, at)), None)


def next_steps(submission: Submission, *, at: datetime) -> list[NextStep]:
    """Everything that can happen now, the most awaited first, upper floors' steps included."""
    upper = [step for tell in UPPER for step in tell(submission, at)]
    return _own(submission, at) + _questions(submission, at) + upper


def lab_steps(submission: Submission, *, at: datetime) -> list[NextStep]:
    """As ``next_steps``, and before them what is between the lab and an agency alone: whether it objects to a disclosure."""
    return _disclosures(submission, at) + next_steps(submission, at=at)


def road_ahead(submission: Submission, *, at: datetime) -> list[NextStep]:
    """The whole way from here to the end of the case, with targets, as a receipt tells it."""
    state = submission.state_at(at)
    if state in (State.CLOSED, State.WITHDRAWN):
        return []
    stages = [State.DRAFT, State.SUBMITTED, State.ACKNOWLEDGED, State.AGREED, State.OPEN, State.ENDED]
    later = stages[stages.index(State(state)) + 1 :]
    return _own(submission, at) + [step for stage in later for step in _STAGES[stage](submission)]


def _own(submission: Submission, at: datetime) -> list[NextStep]:
    state = State(submission.state_at(at))
    if state not in _STAGES:
        return []
    steps = _STAGES[state](submission)
    if state == State.ENDED and submission.opens_at is None:
        # The window was empty: nobody had access, so there is no feedback to finish.
        steps = [step for step in steps if step.who != REVIEWERS]
    if submission.correction_asked_at is not None and state in (State.SUBMITTED, State.ACKNOWLEDGED):
        ask = "answers the correction that was asked for, by a new version of facts or documents. Nothing waits for it."
        steps.insert(0, NextStep(LAB, "correct_facts", ask))
    return steps


def _disclosures(case: Submission, at: datetime) -> list[NextStep]:
    """The disclosure notices on which an agency waits to hear the lab, in whatever state the case is. One query."""
    if case.submitted_at is None:
        return []
    found = case.disclosure_notices.in_state(DisclosureState.NOTIFIED, at=at).order_by("due_at", "number")
    return [
        NextStep(LAB, "object", f"says whether it objects to what disclosure notice {number} names.", due_at)
        for number, due_at in found.values_list("number", "due_at")
    ]


def _questions(case: Submission, at: datetime) -> list[NextStep]:
    """The questions that agencies have open with the lab, as one step with the earliest of their dates. One query."""
    if case.submitted_at is None or case.state_at(at) in MACHINE.terminal:
        return []
    found = case.questions.in_state(RequestState.ASKED, at=at).order_by("due_at", "number")
    rows = list(found.values_list("number", "due_at"))
    if not rows:
        return []
    numbers = sorted(number for number, _ in rows)
    if len(numbers) > QUESTIONS_NAMED:
        words = f"answers {len(numbers)} questions, the earliest of them question {rows[0][0]}"
    elif len(numbers) > 1:
        words = f"answers questions {', '.join(map(str, numbers[:-1]))} and {numbers[-1]}"
    else:
        words = f"answers question {numbers[0]}"
    return [NextStep(LAB, "answer", f"{words}. Nothing waits for it.", rows[0][1], optional=True)]


def _draft(case: Submission) -> list[NextStep]:
    return [NextStep(LAB, "submit", "completes the draft and submits it. Until then only the lab sees it.")]


def _submitted(case: Submission) -> list[NextStep]:
    due = deadline_kinds.acknowledge_due(case.submitted_at) if case.submitted_at else None
    return [NextStep(OFFICE, "acknowledge", "acknowledges that it has received the submission.", due)]


def _acknowledged(case: Submission) -> list[NextStep]:
    terms = newest_terms(case)
    if terms is None:
        both = "and the programme office accept the same version of the access terms."
        return [NextStep(LAB, "accept_terms", both)]
    steps = []
    if terms.lab_accepted_at is None:
        words = f"accepts version {terms.number} of the access terms, or proposes another."
        steps.append(NextStep(LAB, "accept_terms", words))
    if terms.government_accepted_at is None:
        words = f"accepts version {terms.number} of the access terms, or proposes another."
        steps.append(NextStep(OFFICE, "accept_terms", words))
    return steps


def _agreed(case: Submission) -> list[NextStep]:
    if case.access_provided_at is not None:
        return [NextStep(CLOCK, "open", "opens the access window.", case.opens_at)]
    provide = "provides access, if and when it chooses. The access window stays shut until then."
    opens = "opens the access window once access was provided, and no earlier than 30 days before the first release."
    return [
        NextStep(LAB, "provide_access", provide, _provide_access_due(case), optional=True),
        NextStep(CLOCK, "open", opens),
    ]


def _open(case: Submission) -> list[NextStep]:
    closes = case.closes_at
    draft = closes - timedelta(days=programme.target("draft_feedback_days")) if closes else None
    return [
        NextStep(CLOCK, "end", "closes the access window, whatever is finished by then.", closes),
        NextStep(REVIEWERS, "share", "share draft feedback with the lab.", draft),
    ]


def _ended(case: Submission) -> list[NextStep]:
    days = programme.target("final_feedback_business_days")
    due = add_business_days(case.closes_at, days) if case.closes_at else None
    steps = [
        NextStep(REVIEWERS, "finalize", "finish their feedback and share it with the lab.", due),
        NextStep(OFFICE, "close", "closes the case once feedback is finished."),
    ]
    if case.released_at is None:
        words = "records its release, when the model is released."
        steps.append(NextStep(LAB, "release", words, optional=True))
    return steps


_STAGES: dict[State, Callable[[Submission], list[NextStep]]] = {
    State.DRAFT: _draft,
    State.SUBMITTED: _submitted,
    State.ACKNOWLEDGED: _acknowledged,
    State.AGREED: _agreed,
    State.OPEN: _open,
    State.ENDED: _ended,
}


def newest_terms(case: Submission) -> Terms | None:
    """The newest version of the terms; from the prefetched ones when they are there."""
    return next(iter(case.terms.all()), None)


def _provide_access_due(case: Submission) -> datetime | None:
    if case.planned_public_release is None:
        return None
    dates = window.Dates(
        planned_public_release=case.planned_public_release,
        planned_partner_release=case.planned_partner_release,
        first_grant_starts_at=case.first_grant_starts_at,
    )
    return deadline_kinds.provide_access_due(window.anchor(dates))
