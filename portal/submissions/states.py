"""The states of a submission and every step between them."""

from django.db import models

from portal.machine import Machine, Transition, steps


class State(models.TextChoices):
    DRAFT = "draft", "Draft"
    SUBMITTED = "submitted", "Submitted"
    ACKNOWLEDGED = "acknowledged", "Acknowledged"
    AGREED = "agreed", "Terms agreed"
    OPEN = "open", "Access window open"
    ENDED = "ended", "Access window ended"
    CLOSED = "closed", "Closed"
    WITHDRAWN = "withdrawn", "Withdrawn"


S = State
LIVE = (S.DRAFT, S.SUBMITTED, S.ACKNOWLEDGED, S.AGREED, S.OPEN, S.ENDED)
PENDING = (S.SUBMITTED, S.ACKNOWLEDGED, S.AGREED, S.OPEN)


def _stay(states, verb, who, **options):
    return tuple(Transition(str(s), str(s), verb, who, **options) for s in states)


TRANSITIONS = (
    *steps([S.DRAFT], S.SUBMITTED, "submit", "lab", label="Submit"),
    *steps([S.SUBMITTED], S.ACKNOWLEDGED, "acknowledge", "coordinator", label="Acknowledge"),
    *_stay(
        [S.SUBMITTED, S.ACKNOWLEDGED],
        "request_correction",
        "coordinator",
        needs_reason=True,
        label="Ask for a correction",
    ),
    *steps([S.ACKNOWLEDGED], S.AGREED, "accept_terms", "lab", label="Accept the access terms"),
    *steps([S.ACKNOWLEDGED], S.AGREED, "accept_terms", "coordinator", label="Accept the access terms"),
    *_stay([S.AGREED, S.OPEN], "provide_access", "lab", label="Provide access"),
    *steps([S.AGREED], S.OPEN, "open", "clock"),
    *steps([S.AGREED, S.OPEN], S.ENDED, "end", "clock"),
    *_stay(LIVE, "move_dates", "lab", label="Move dates"),
    *steps([S.AGREED, S.OPEN], S.ENDED, "release", "lab", label="Record the release"),
    *_stay(
        [S.DRAFT, S.SUBMITTED, S.ACKNOWLEDGED, S.ENDED, S.CLOSED, S.WITHDRAWN],
        "release",
        "lab",
        label="Record the release",
    ),
    *steps([S.ENDED], S.CLOSED, "close", "coordinator", label="Close"),
    *steps(LIVE, S.WITHDRAWN, "withdraw", "lab", label="Withdraw"),
)

MACHINE = Machine(
    name="case",
    transitions=TRANSITIONS,
    terminal=frozenset({S.CLOSED, S.WITHDRAWN}),
    derived={S.OPEN: S.AGREED, S.ENDED: S.AGREED},
)
