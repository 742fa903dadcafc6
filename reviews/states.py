"""The states of an assignment, an assessment, an inquiry, a designation and a matching run, and every step between them."""

from django.db import models

from portal.machine import Machine, steps


class AssignmentState(models.TextChoices):
    PROPOSED = "proposed", "Proposed"
    ACTIVE = "active", "Active"
    COMPLETED = "completed", "Completed"
    DECLINED = "declined", "Declined"
    RECUSED = "recused", "Recused"
    REVOKED = "revoked", "Revoked"
    HANDED_OVER = "handed_over", "Handed over"
    EXPIRED = "expired", "Expired"


A = AssignmentState
LIVE = (A.PROPOSED, A.ACTIVE)

ASSIGNMENT = Machine(
    name="assignment",
    transitions=(
        *steps([A.PROPOSED], A.ACTIVE, "attest", "reviewer", label="Attest and begin"),
        *steps([A.ACTIVE], A.COMPLETED, "complete", "reviewer", label="Complete"),
        *steps([A.ACTIVE], A.COMPLETED, "complete", "coordinator", label="Complete"),
        *steps([A.PROPOSED], A.DECLINED, "decline", "reviewer", label="Decline"),
        *steps(LIVE, A.RECUSED, "recuse", "reviewer", label="Recuse yourself"),
        *steps(LIVE, A.REVOKED, "revoke", "coordinator", needs_reason=True, label="Revoke"),
        *steps(LIVE, A.HANDED_OVER, "hand_over", "reviewer", label="Hand over"),
        *steps(LIVE, A.HANDED_OVER, "hand_over", "coordinator", label="Hand over"),
        *steps(LIVE, A.EXPIRED, "expire", "clock"),
    ),
    terminal=frozenset({A.COMPLETED, A.DECLINED, A.RECUSED, A.REVOKED, A.HANDED_OVER, A.EXPIRED}),
    # A proposed seat expires too; for both the row keeps what it had.
    derived={A.EXPIRED: A.ACTIVE},
)


class AssessmentState(models.TextChoices):
    DRAFT = "draft", "Draft"
    PEER_CHECKED = "peer_checked", "Peer checked"
    SHARED = "shared", "Shared with the lab"
    LAB_RESPONDED = "lab_responded", "Lab responded"
    FINAL = "final", "Final"


R = AssessmentState
# What the lab may read: never a draft, and nothing that the lead has not shared.
LAB_READS = (R.SHARED, R.LAB_RESPONDED, R.FINAL)

# While it may be tried again what was found: the lab has read it, and nothing is final.
RETESTED = (R.SHARED, R.LAB_RESPONDED)

ASSESSMENT = Machine(
    name="assessment",
    transitions=(
        *steps([R.DRAFT], R.PEER_CHECKED, "peer_check", "peer", label="Record the peer check"),
        *steps([R.PEER_CHECKED], R.SHARED, "share", "lead", label="Share with the lab"),
        *steps([R.SHARED], R.LAB_RESPONDED, "respond", "lab", label="Respond"),
        *steps([R.LAB_RESPONDED], R.FINAL, "finalize", "lead", label="Make final"),
    ),
    terminal=frozenset({R.FINAL}),
    derived={},
)


class InquiryState(models.TextChoices):
    DRAFT = "draft", "Draft"
    SUBMITTED = "submitted", "Submitted"
    ACKNOWLEDGED = "acknowledged", "Acknowledged"
    IN_BENCHMARKING = "in_benchmarking", "In benchmarking"
    ANSWERED = "answered", "Answered"
    CLOSED = "closed", "Closed"
    WITHDRAWN = "withdrawn", "Withdrawn"


Q = InquiryState

INQUIRY = Machine(
    name="inquiry",
    transitions=(
        *steps([Q.DRAFT], Q.SUBMITTED, "submit", "lab", label="Submit"),
        *steps([Q.SUBMITTED], Q.ACKNOWLEDGED, "acknowledge", "coordinator", label="Acknowledge"),
        *steps(
            [Q.ACKNOWLEDGED],
            Q.IN_BENCHMARKING,
            "begin_benchmarking",
            "coordinator",
            label="Begin benchmarking",
        ),
        *steps([Q.IN_BENCHMARKING], Q.ANSWERED, "answer", "designator", label="Answer"),
        *steps([Q.ANSWERED], Q.CLOSED, "close", "coordinator", label="Close"),
        *steps(
            [Q.DRAFT, Q.SUBMITTED, Q.ACKNOWLEDGED, Q.IN_BENCHMARKING],
            Q.WITHDRAWN,
            "withdraw",
            "lab",
            label="Withdraw",
        ),
    ),
    terminal=frozenset({Q.CLOSED, Q.WITHDRAWN}),
    derived={},
)


class DesignationState(models.TextChoices):
    RECORDED = "recorded", "Recorded, not confirmed"
    CONFIRMED = "confirmed", "Confirmed"


D = DesignationState

DESIGNATION = Machine(
    name="designation",
    transitions=steps([D.RECORDED], D.CONFIRMED, "confirm", "designator", label="Confirm"),
    terminal=frozenset({D.CONFIRMED}),
    # No row is changed: a designation is confirmed when its confirmation exists.
    derived={D.CONFIRMED: D.RECORDED},
)


class RunState(models.TextChoices):
    SUGGESTED = "suggested", "Suggested"
    CONFIRMED = "confirmed", "Confirmed"
    UNDONE = "undone", "Undone"
    DISCARDED = "discarded", "Discarded"


M = RunState

RUN = Machine(
    name="matching run",
    transitions=(
        *steps([M.SUGGESTED], M.CONFIRMED, "confirm", "coordinator", label="Confirm and propose the seats"),
        *steps([M.SUGGESTED], M.DISCARDED, "discard", "coordinator", label="Discard"),
        *steps([M.CONFIRMED], M.UNDONE, "undo", "coordinator", needs_reason=True, label="Undo"),
    ),
    terminal=frozenset({M.UNDONE, M.DISCARDED}),
    derived={},
)

MACHINES = (ASSIGNMENT, ASSESSMENT, INQUIRY, DESIGNATION, RUN)
