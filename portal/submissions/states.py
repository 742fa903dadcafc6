"""The states of a submission, of the questions on it, of notices, requests, spills and accesses, and every step between them."""

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


class RequestState(models.TextChoices):
    ASKED = "asked", "Asked"
    ANSWERED = "answered", "Answered"
    MERGED = "merged", "Merged"
    WITHDRAWN = "withdrawn", "Withdrawn"
    LAPSED = "lapsed", "Lapsed"


R = RequestState

REQUEST = Machine(
    name="question",
    # "asking agency": a person who may ask on the case, of an agency whom the question serves; "only asking agency": where it
    # serves no other.
    transitions=(
        *steps([R.ASKED, R.ANSWERED], R.ANSWERED, "answer", "lab", label="Answer"),
        *steps([R.ANSWERED], R.ASKED, "ask_again", "asking_agency", needs_reason=True, label="Ask again"),
        *steps([R.ASKED], R.MERGED, "merge", "coordinator", label="Merge into another question"),
        *steps([R.ASKED], R.WITHDRAWN, "withdraw", "only_asking_agency", label="Withdraw the question"),
        *steps([R.ASKED], R.WITHDRAWN, "withdraw", "coordinator", label="Withdraw the question"),
        # The case was closed or withdrawn with the question open: nobody answers it any more.
        *steps([R.ASKED], R.LAPSED, "lapse", "clock"),
    ),
    terminal=frozenset({R.MERGED, R.WITHDRAWN, R.LAPSED}),
    derived={R.LAPSED: R.ASKED},
)


class DisclosureState(models.TextChoices):
    NOTIFIED = "notified", "Awaits the lab's answer"
    SILENT = "silent", "No answer in time"
    OBJECTED = "objected", "Lab objects"
    NOT_OBJECTED = "not_objected", "Lab does not object"
    TO_DISCLOSE = "to_disclose", "To be disclosed"
    NOT_DISCLOSED = "not_disclosed", "Not disclosed"
    DISCLOSED = "disclosed", "Disclosed"
    DROPPED = "dropped", "Request ended"


D = DisclosureState
_HEARD = (D.SILENT, D.OBJECTED, D.NOT_OBJECTED)
_UNDECIDED = (D.NOTIFIED, *_HEARD)

# Executive Order 12600: told first, heard, and told again with reasons and a date before anything is disclosed against the lab's
# objection. "agency": a coordinator of the agency that gave the notice. Nothing is disclosed by the passing of time.
DISCLOSURE = Machine(
    name="disclosure notice",
    transitions=(
        *steps(_UNDECIDED, D.OBJECTED, "object", "lab", needs_reason=True, label="Object"),
        *steps(_UNDECIDED, D.NOT_OBJECTED, "not_object", "lab", label="Say that there is no objection"),
        *steps(
            _HEARD,
            D.TO_DISCLOSE,
            "decide_to_disclose",
            "agency",
            needs_reason=True,
            label="Decide to disclose",
        ),
        *steps(
            [*_UNDECIDED, D.TO_DISCLOSE],
            D.NOT_DISCLOSED,
            "decide_not_to_disclose",
            "agency",
            label="Decide not to disclose",
        ),
        *steps([D.TO_DISCLOSE], D.DISCLOSED, "record_disclosure", "agency", label="Record the disclosure"),
        *steps(
            [*_UNDECIDED, D.TO_DISCLOSE], D.DROPPED, "drop", "agency", label="Record that the request ended"
        ),
        *(
            Transition(str(s), str(s), "report_suit", "agency", needs_reason=True, label="Tell of a suit")
            for s in (D.TO_DISCLOSE, D.NOT_DISCLOSED)
        ),
        *steps([D.NOTIFIED], D.SILENT, "fall_silent", "clock"),
    ),
    terminal=frozenset({D.NOT_DISCLOSED, D.DISCLOSED, D.DROPPED}),
    derived={D.SILENT: D.NOTIFIED},
)


class RecordsRequestState(models.TextChoices):
    RECEIVED = "received", "Received"
    EXTENDED = "extended", "Extended"
    ANSWERED = "answered", "Answered"


Q = RecordsRequestState

# 5 U.S.C. 552(a)(6): answered within its days, which are extended once. "agency": a coordinator of the agency that got it.
RECORDS_REQUEST = Machine(
    name="records request",
    transitions=(
        *steps([Q.RECEIVED], Q.EXTENDED, "extend", "agency", needs_reason=True, label="Extend the date"),
        *(
            Transition(str(s), str(s), "link_notice", "agency", label="Link a disclosure notice")
            for s in (Q.RECEIVED, Q.EXTENDED)
        ),
        *steps([Q.RECEIVED, Q.EXTENDED], Q.ANSWERED, "answer", "agency", label="Record the answer"),
    ),
    terminal=frozenset({Q.ANSWERED}),
    derived={},
)


class SpillState(models.TextChoices):
    FROZEN = "frozen", "Frozen"
    LIFTED = "lifted", "Lifted: it was none"
    REMOVED = "removed", "Content removed"


# "security": a security officer of an agency that looks after it. Reporting is outside the table: it makes the row.
SPILL = Machine(
    name="spill",
    transitions=(
        *steps(
            [SpillState.FROZEN], SpillState.LIFTED, "lift_spill", "security", needs_reason=True, label="Lift"
        ),
        *steps(
            [SpillState.FROZEN], SpillState.REMOVED, "remove_content", "security", label="Remove the content"
        ),
    ),
    terminal=frozenset({SpillState.LIFTED, SpillState.REMOVED}),
    derived={},
)


class BreakGlassState(models.TextChoices):
    ASKED = "asked", "Asked for"
    OPEN = "open", "Open"
    EXPIRED = "expired", "Expired"
    ENDED = "ended", "Ended early"
    TURNED_DOWN = "turned_down", "Turned down"
    TAKEN_BACK = "taken_back", "Taken back"
    LAPSED = "lapsed", "Lapsed: nobody answered"


B = BreakGlassState

# "officer": the security officer who asked. "second_person": another security officer of their agency or of the programme office,
# or one of its coordinators. Asking is outside the table: it makes the row.
BREAK_GLASS = Machine(
    name="break-glass access",
    transitions=(
        *steps([B.ASKED], B.OPEN, "concur", "second_person", label="Concur, and open it"),
        *steps(
            [B.ASKED], B.TURNED_DOWN, "turn_down", "second_person", needs_reason=True, label="Turn it down"
        ),
        *steps([B.ASKED], B.TAKEN_BACK, "take_back", "officer", label="Take it back"),
        *steps([B.OPEN], B.ENDED, "end", "officer", label="End it now"),
        *steps([B.OPEN], B.ENDED, "end", "second_person", label="End it now"),
        *steps([B.ASKED], B.LAPSED, "lapse", "clock"),
        *steps([B.OPEN], B.EXPIRED, "expire", "clock"),
    ),
    terminal=frozenset({B.EXPIRED, B.ENDED, B.TURNED_DOWN, B.TAKEN_BACK, B.LAPSED}),
    derived={B.LAPSED: B.ASKED, B.EXPIRED: B.OPEN},
)


class ReadingState(models.TextChoices):
    NOTED = "noted", "Noted"
    LOOKED_INTO = "looked_into", "Looked into"


# "overseer": a coordinator of the programme office or a security officer, never the reader. The clock makes the row.
READING = Machine(
    name="unusual reading",
    transitions=(
        *steps(
            [ReadingState.NOTED],
            ReadingState.LOOKED_INTO,
            "look_into",
            "overseer",
            needs_reason=True,
            label="Record that it was looked into",
        ),
    ),
    terminal=frozenset({ReadingState.LOOKED_INTO}),
    derived={},
)
