"""The deadlines and notices of a case. Wording carries no fact of the lab's."""

from datetime import datetime, timedelta

from django.conf import settings

from portal.deadlines.calendar import add_business_days
from portal.deadlines.registry import DeadlineKind, NoticeKind, days, register

ACKNOWLEDGE, PROVIDE_ACCESS, WINDOW_CLOSES = "acknowledge", "provide_access", "window_closes"
SEATED = ("coordinator", "agency_coordinator", "lead", "reviewer")
# By these access begins or ends, or dates move: they are mailed at once, whatever a person chose.
ESSENTIAL = frozenset(
    {"provide_access", "window_opened", "window_ended", "move_dates", "release", "withdraw", "close"}
)


def acknowledge_due(submitted_at: datetime) -> datetime:
    return add_business_days(submitted_at, settings.PORTAL_TARGETS["acknowledge_business_days"])


def provide_access_due(first_release: datetime) -> datetime:
    return first_release - timedelta(days=settings.PORTAL_WINDOW_DAYS)


def register_kinds() -> None:
    register(
        DeadlineKind(
            ACKNOWLEDGE,
            "Acknowledge the submission",
            "A submission waits for its acknowledgement.",
            ("coordinator",),
            days(-1, 0, 1),
        ),
        DeadlineKind(
            PROVIDE_ACCESS,
            "Provide access (optional)",
            "The time in which you planned to provide access is near or has begun. Providing access is optional.",
            ("lab",),
            days(-7, 0, 7, 14, 21),
        ),
        DeadlineKind(
            WINDOW_CLOSES,
            "Access window closes",
            "The access window of this case closes soon, or has just closed.",
            ("lab", "lead", "reviewer"),
            days(-14, -7, -3, -1, 0),
        ),
        NoticeKind("submit", "Submitted", "A case was submitted."),
        NoticeKind("acknowledge", "Acknowledged", "Your submission was acknowledged."),
        NoticeKind("request_correction", "Correction asked for", "The coordinator asks for a correction."),
        NoticeKind("correct_facts", "Facts corrected", "The lab gave a new version of the facts."),
        NoticeKind(
            "propose_terms",
            "Access terms proposed",
            "A new version of the access terms waits for both sides.",
        ),
        NoticeKind("accept_terms", "Access terms accepted", "One side accepted the access terms."),
        NoticeKind(
            "agreed", "Access terms agreed", "Both sides accepted the same version of the access terms."
        ),
        NoticeKind("mark_document", "Marking changed", "The lab changed the marking of a document."),
        NoticeKind("provide_access", "Access provided", "The lab provided access instructions."),
        NoticeKind("window_opened", "Access window opened", "The access window has opened."),
        NoticeKind("window_ended", "Access window ended", "The access window has ended, and access with it."),
        NoticeKind(
            "move_dates", "Dates moved", "The lab moved its dates. Windows, grants and reminders follow."
        ),
        NoticeKind("release", "Released", "The lab recorded its release. Access under this case has ended."),
        NoticeKind("withdraw", "Withdrawn", "The lab withdrew this case. All access under it has ended."),
        NoticeKind("close", "Closed", "This case was closed."),
        essential=ESSENTIAL,
    )
