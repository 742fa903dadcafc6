"""The deadlines and notices of a case. Wording carries no fact of the lab's."""

from datetime import date, datetime, timedelta

from django.conf import settings

from portal import clock, programme
from portal.accounts.models import Kind, Role
from portal.deadlines.calendar import add_business_days
from portal.deadlines.registry import DeadlineKind, Group, NoticeKind, StandIns, days, register

ACKNOWLEDGE, PROVIDE_ACCESS, WINDOW_CLOSES = "acknowledge", "provide_access", "window_closes"
ANSWER_QUESTION = "answer_question"
ANSWER_DISCLOSURE, DISCLOSURE_DATE = "answer_disclosure", "disclosure_date"
WITHDRAW_CREDENTIALS, ATTEST_DESTRUCTION = "withdraw_credentials", "attest_destruction"
ANSWER_RECORDS_REQUEST = "answer_records_request"
CONFLICT_RENEWAL = "conflict_renewal"
# 5 U.S.C. 552(a)(6)(A)(i) and (B)(i): business days from the day of receipt, and by how many they are extended once (law).
RECORDS_REQUEST_DAYS, RECORDS_REQUEST_MORE_DAYS = 20, 10
SEATED = ("coordinator", "agency_coordinator", "lead", "reviewer")
QUESTIONS = Group("questions", "Questions about a case", (Kind.LAB, Kind.AGENCY))
BREAK_GLASS = Group("break_glass", "Break-glass access", (Kind.LAB, Kind.AGENCY))
READINGS = Group("readings", "Reading that differs from usual", (Kind.LAB, Kind.AGENCY))
DISCLOSURES = Group("disclosures", "Disclosure notices", (Kind.LAB, Kind.AGENCY))
# By these access begins or ends, dates move, or a file is gone: they are mailed at once, whatever a person chose.
ESSENTIAL = frozenset(
    {
        "provide_access",
        "window_opened",
        "window_ended",
        "move_dates",
        "release",
        "withdraw",
        "close",
        "dispose",
        "malware_found",
        "spill_reported",
        "spill_lifted",
        "spill_removed",
    }
)


def acknowledge_due(submitted_at: datetime) -> datetime:
    return add_business_days(submitted_at, programme.target("acknowledge_business_days"))


def provide_access_due(first_release: datetime) -> datetime:
    return first_release - timedelta(days=settings.PORTAL_WINDOW_DAYS)


def answer_question_due(asked_at: datetime) -> datetime:
    return add_business_days(asked_at, programme.target("information_request_business_days"))


def answer_disclosure_due(given_at: datetime) -> datetime:
    return add_business_days(given_at, programme.target("disclosure_objection_business_days"))


def disclosure_from(decided_at: datetime) -> datetime:
    """From when an agency may disclose what its lab objects to."""
    return add_business_days(decided_at, programme.target("disclosure_after_objection_business_days"))


def credentials_due(ended_at: datetime) -> datetime:
    return ended_at + timedelta(hours=programme.target("credentials_withdrawn_hours"))


def destruction_due(ended_at: datetime) -> datetime:
    return ended_at + timedelta(days=programme.target("destruction_attested_days"))


# What an agency attests after access has ended, by the kinds of ``Obligation``.
OBLIGATION_DUES = {"credentials": credentials_due, "destruction": destruction_due}


def conflict_renewal_due(since: datetime) -> datetime:
    """When a person confirms again what is on record of their conflicts and ties: so long after they last did."""
    return since + timedelta(days=programme.target("conflict_renewal_days"))


def answer_records_request_due(received_on: date) -> datetime:
    return add_business_days(clock.end_of_day(received_on), RECORDS_REQUEST_DAYS)


def extended_records_request_due(received_on: date) -> datetime:
    days_in_all = RECORDS_REQUEST_DAYS + RECORDS_REQUEST_MORE_DAYS
    return add_business_days(clock.end_of_day(received_on), days_in_all)


def register_kinds() -> None:
    register(*_deadlines(), *_steps(), essential=ESSENTIAL)
    register(*_questions(), group=QUESTIONS)
    register(*_readings(), group=READINGS)
    # Who waits for a second person sees no case, nor may they; and a lab is told in the moment in which it opens.
    opened = _break_glass()
    register(*opened, group=BREAK_GLASS, essential=[kind.key for kind in opened])
    disclosures = _disclosures()
    # A lab cannot miss any of it, and an agency's people are told also where the case itself is theirs to see no more.
    register(*disclosures, group=DISCLOSURES, essential=[kind.key for kind in disclosures])


# For an agency that owes something the programme office is told, as far as it sees the case.
_OFFICE = (StandIns(("coordinator",)),)


def _deadlines() -> tuple[DeadlineKind, ...]:
    return (
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
        DeadlineKind(
            ANSWER_QUESTION,
            "Answer a question",
            "A question of an agency is open. Nothing waits for your answer, and no date moves by it.",
            ("lab",),
            days(-1, 0),
            scope="facts",
        ),
        DeadlineKind(
            ANSWER_DISCLOSURE,
            "Answer a disclosure notice",
            "An agency was asked to disclose something of this case. Say in time whether you object, and why.",
            ("lab",),
            days(-5, -2, -1, 0),
            # Reviewers and designators have no part in it.
            withheld_from=(Role.DESIGNATOR,),
            group=DISCLOSURES,
            essential=True,
            outlives_case=True,
        ),
        DeadlineKind(
            DISCLOSURE_DATE,
            "Disclosure from this date",
            "An agency has decided to disclose something of this case, and may do so from the date it gave you.",
            ("lab",),
            days(-5, -1, 0),
            # Reviewers and designators have no part in it.
            withheld_from=(Role.DESIGNATOR,),
            group=DISCLOSURES,
            essential=True,
            outlives_case=True,
        ),
        DeadlineKind(
            WITHDRAW_CREDENTIALS,
            "Attest that credentials are withdrawn",
            "Access under this case has ended. Withdraw the credentials your agency was given, and attest that you did.",
            (Role.COORDINATOR,),
            days(-1, *range(15)),
            outlives_case=True,
            stand_ins=_OFFICE,
        ),
        DeadlineKind(
            ATTEST_DESTRUCTION,
            "Attest that material is destroyed",
            "Access under this case has ended. Destroy what your agency kept of it, and attest that you did.",
            (Role.COORDINATOR,),
            days(-1, *range(15)),
            outlives_case=True,
            stand_ins=_OFFICE,
        ),
        DeadlineKind(
            ANSWER_RECORDS_REQUEST,
            "Answer a records request",
            "A request for records is in your agency's log, and the statute's date to answer it is near or has passed.",
            (Role.COORDINATOR,),
            days(-5, -2, 0, 1, 7),
        ),
        DeadlineKind(
            CONFLICT_RENEWAL,
            "Confirm your conflicts and ties",
            "Read what is on record of your conflicts and ties, add what is missing, and confirm that it is complete.",
            (),
            days(-60, -30, -7),
        ),
    )


def _steps() -> tuple[NoticeKind, ...]:
    return (
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
        NoticeKind("add_document", "Document added", "The lab added a document to this case."),
        NoticeKind("add_version", "Version added", "The lab gave a new version of a document."),
        NoticeKind(
            "malware_found",
            "Malware found",
            "Malware was found in a file of this case. It is given to nobody.",
        ),
        NoticeKind(
            "spill_reported",
            "Spill reported",
            "Something was reported that the portal must not store. It is frozen: nobody sees it.",
        ),
        NoticeKind(
            "spill_lifted", "Spill lifted", "What was frozen after a report of a spill is open again."
        ),
        NoticeKind(
            "spill_removed", "Content removed", "What was frozen after a report of a spill was removed."
        ),
        NoticeKind("mark_document", "Marking changed", "The lab changed the marking of a document."),
        NoticeKind("add_evaluations", "Evaluations added", "The lab added evaluations to this case."),
        NoticeKind("provide_access", "Access provided", "The lab provided access instructions."),
        NoticeKind("window_opened", "Access window opened", "The access window has opened."),
        NoticeKind("window_ended", "Access window ended", "The access window has ended, and access with it."),
        NoticeKind(
            "move_dates", "Dates moved", "The lab moved its dates. Windows, grants and reminders follow."
        ),
        NoticeKind("release", "Released", "The lab recorded its release. Access under this case has ended."),
        NoticeKind("withdraw", "Withdrawn", "The lab withdrew this case. All access under it has ended."),
        NoticeKind("close", "Closed", "This case was closed."),
        NoticeKind(
            "dispose",
            "Files disposed of",
            "The content of the files of this case was disposed of under the retention schedule.",
        ),
        NoticeKind(
            "obligation_attested", "Attested", "An agency attested what it owes since access has ended."
        ),
    )


def _questions() -> tuple[NoticeKind, ...]:
    return (
        NoticeKind("question_asked", "Question asked", "An agency asks a question about this case."),
        NoticeKind(
            "question_asked_again",
            "Question asked again",
            "An agency asks for more on a question that you answered.",
        ),
        NoticeKind("question_answered", "Question answered", "The lab answered a question of your agency."),
        NoticeKind(
            "question_merged", "Question merged", "A question was merged into another on the same case."
        ),
        NoticeKind("question_withdrawn", "Question withdrawn", "A question on this case was withdrawn."),
    )


def _break_glass() -> tuple[NoticeKind, ...]:
    return (
        NoticeKind(
            "break_glass_asked",
            "Break-glass access asked for",
            "A security officer asks for break-glass access to this case, and waits for a second person.",
        ),
        NoticeKind(
            "break_glass_opened",
            "Break-glass access opened",
            "Two persons of the government opened this case to a security officer for a few hours. Its page says why.",
        ),
        NoticeKind(
            "break_glass_given",
            "Break-glass access opened",
            "Break-glass access to this case was opened for a few hours. The lab has been told.",
        ),
        NoticeKind(
            "break_glass_turned_down",
            "Break-glass access turned down",
            "The break-glass access that you asked for was not opened.",
        ),
        NoticeKind(
            "break_glass_ended",
            "Break-glass access ended",
            "The break-glass access to this case was ended before its time.",
        ),
    )


def _readings() -> tuple[NoticeKind, ...]:
    return (
        NoticeKind(
            "reading_noted",
            "Reading that differs from usual",
            "Reading of this case was noted that differs from what is usual. It waits for somebody to look into it.",
        ),
        NoticeKind(
            "reading_noted_lab",
            "Reading that differs from usual",
            "Reading of this case was noted that differs from what is usual. Your page of who looked shows it.",
        ),
    )


def _disclosures() -> tuple[NoticeKind, ...]:
    return (
        NoticeKind(
            "disclosure_notified",
            "Disclosure notice",
            "An agency was asked to disclose something of this case. You are heard first.",
        ),
        NoticeKind(
            "disclosure_answered",
            "Disclosure notice answered",
            "The lab answered a disclosure notice of your agency.",
        ),
        NoticeKind(
            "disclosure_to_disclose",
            "Disclosure decided",
            "An agency decided to disclose something of this case, and names its reasons and the date.",
        ),
        NoticeKind(
            "disclosure_not_disclosed",
            "Not disclosed",
            "An agency decided not to disclose what it was asked for.",
        ),
        NoticeKind(
            "disclosure_disclosed",
            "Disclosed",
            "An agency recorded that it disclosed something of this case.",
        ),
        NoticeKind(
            "disclosure_dropped", "Request ended", "A request to disclose something of this case has ended."
        ),
        NoticeKind(
            "disclosure_suit",
            "Suit about a disclosure",
            "An agency tells you of a suit over something of this case that it was asked to disclose.",
        ),
    )
