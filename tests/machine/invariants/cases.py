"""Questions about cases: windows, who reads what of a lab's, seats, questions, designations, messages."""

from collections import defaultdict
from datetime import timedelta

from partners.models import Finding, Grant, GrantReport, PartnerApplication, PartnerEvidence, Vetting
from portal.accounts.models import Kind, Role
from portal.deadlines.models import Deadline, Message
from portal.ledger.models import Event
from portal.submissions.models import (
    Audience,
    BreakGlass,
    DisclosureNotice,
    Document,
    InformationRequest,
    LegalHold,
    Spill,
    Submission,
    Terms,
    UnusualReading,
)
from portal.submissions.querysets import ASSESSMENTS, DOCUMENTS, FACTS, INSTRUCTIONS, RECORD
from reviews.models import Assessment, Assignment, Designation, DesignationConfirmation
from tests.machine.invariants.sight import Sight

LIMIT = timedelta(days=30)
# Of what labs and partners write here: models, files, findings, assessments.
WRITTEN = ("kestrel", "marzipan", "nougat", "praline", "turbine", "checkpoint", "sha256")
FORBIDDEN = ("approv", "denied", "deny", "licens", "cleared", "permit", "hold")


def no_verdict_on_a_release(sight: Sight) -> list:
    """1: no state or value means a permission."""
    models = (Submission, Grant, Assignment, InformationRequest, DisclosureNotice, BreakGlass)
    states = {row.state_at(sight.at) for model in models for row in _with_case(sight, model)}
    states |= {row.state for model in (Assessment, Finding) for row in sight.rows(model)}
    return [state for state in states if any(word in str(state) for word in FORBIDDEN)]


def _with_case(sight: Sight, model) -> list:
    """Rows whose state asks the case; with the one that is read already."""
    for row in sight.rows(model):
        if hasattr(row, "submission_id"):
            row.submission = sight.case(row)
    return sight.rows(model)


def windows(sight: Sight) -> list:
    """4 and 6: at most 30 days, cumulative per checkpoint; closed no later than the first partner's access."""
    broken: list = []
    used: dict = defaultdict(timedelta)
    for case in sight.rows(Submission):
        if case.opens_at is not None:
            used[case.checkpoint_id] += case.closes_at - case.opens_at
    broken += [("4", checkpoint, total) for checkpoint, total in used.items() if total > LIMIT]
    for grant in sight.rows(Grant):
        began = grant.agreed_at and (grant.ended_at is None or grant.ended_at > grant.starts_at)
        if began and sight.case(grant).closes_at > grant.starts_at:
            broken.append(("6", grant.pk, sight.case(grant).closes_at, grant.starts_at))
    return broken


def reviewers_see_only_in_time(sight: Sight) -> list:
    """5: no lab material before agreed terms and an active seat, none after the window ended or the case was withdrawn."""
    broken = []
    allowed = {
        FACTS: ("agreed", "open", "ended"),
        DOCUMENTS: ("agreed", "open"),
        INSTRUCTIONS: ("open",),
    }
    for user in sight.people:
        if not sight.of(user, Kind.AGENCY, Role.REVIEWER) or sight.agency_wide(user):
            continue
        for scope, states in allowed.items():
            for case in (sight.named(Submission)[pk] for pk in sight.sees(user, Submission, scope=scope)):
                if _by_grant(sight, user, case):
                    continue
                if not sight.sits(user, case) or case.state_at(sight.at) not in states:
                    broken.append(("5", user.pk, scope, case.pk, case.state_at(sight.at)))
    return broken


def _by_grant(sight: Sight, user, case: Submission) -> bool:
    """Whether a reviewer who is of a partner too reads a case under a grant: then they may have no seat on it (8)."""
    partners = sight.of(user, Kind.PARTNER)
    grants = sight.having(Grant, "submission_id")[case.pk]
    return any(grant.partner_id in partners and sight.is_active(grant) for grant in grants)


def labs_see_only_their_own(sight: Sight) -> list:
    """9: never another lab's case, document, question, grant, report, date, event or finding; nothing that partners told the
    programme of themselves. A superuser without a seat sees nothing at all."""
    broken: list = []
    for user in sight.people:
        if sight.of(user, Kind.AGENCY) or sight.of(user, Kind.PARTNER):
            continue
        labs = sight.of(user, Kind.LAB)
        cases = {case.pk for case in sight.rows(Submission) if case.lab_id in labs}
        for scope in (RECORD, FACTS, DOCUMENTS, INSTRUCTIONS, ASSESSMENTS):
            broken += [("9 case", user.pk, pk) for pk in sight.sees(user, Submission, scope=scope) - cases]
        for model in (Document, InformationRequest, DisclosureNotice, Terms, Grant, Assessment):
            name = f"9 {model._meta.model_name}"
            seen = [sight.named(model)[pk] for pk in sight.sees(user, model)]
            broken += [(name, user.pk, row.pk) for row in seen if row.submission_id not in cases]
        theirs = (PartnerApplication, PartnerEvidence, Vetting)
        for model in (*theirs, Spill, LegalHold, BreakGlass, UnusualReading):
            broken += [(f"9 {model._meta.model_name}", user.pk, pk) for pk in sight.sees(user, model)]
        seen = [sight.named(Designation)[pk] for pk in sight.sees(user, Designation)]
        broken += [("9 designation", user.pk, row.pk) for row in seen if row.lab_id not in labs]
        seen = [sight.named(GrantReport)[pk] for pk in sight.sees(user, GrantReport)]
        grants = sight.named(Grant)
        broken += [("9 report", user.pk, r.pk) for r in seen if grants[r.grant_id].submission_id not in cases]
        for event in (sight.named(Event)[pk] for pk in sight.sees(user, Event)):
            if event.case_id not in cases and event.actor_id != user.pk:
                broken.append(("9 event", user.pk, event.verb))
        for date in (sight.named(Deadline)[pk] for pk in sight.sees(user, Deadline)):
            if date.case_id not in cases and date.person_id != user.pk and date.organisation_id not in labs:
                broken.append(("9 date", user.pk, date.kind))
        for message in sight.having(Message, "recipient_id")[user.pk]:
            if message.case_id is not None and message.case_id not in cases:
                broken.append(("9 message", user.pk, message.kind))
    return broken


def questions_stand_with_their_case(sight: Sight) -> list:
    """9: seen with the facts of their case and by no partner; none is merged into one that is merged; a date stands while it is
    open."""
    broken: list = []
    questions = sight.named(InformationRequest)
    for user in sight.people:
        facts = sight.sees(user, Submission, scope=FACTS)
        seen = {questions[pk].submission_id for pk in sight.sees(user, InformationRequest)}
        if seen - facts or (seen and sight.only_of(user, Kind.PARTNER)):
            broken.append(("9 question", user.pk))
    open_dates = [row for row in sight.rows(Deadline) if row.met_at is None and row.cancelled_at is None]
    kept = {row.subject_id for row in open_dates if row.kind == "answer_question"}
    asked = {row.pk for row in _with_case(sight, InformationRequest) if row.state_at(sight.at) == "asked"}
    frozen = {row.subject_id for row in sight.rows(Spill) if row.state in ("frozen", "removed")}
    broken += [("question's date", pk) for pk in kept ^ (asked - frozen)]
    chained = [row for row in questions.values() if row.merged_into_id is not None]
    return broken + [
        ("merged twice", row.pk) for row in chained if questions[row.merged_into_id].stored_state == "merged"
    ]


def designations_need_two_designators(sight: Sight) -> list:
    """10: recorded by one designator, confirmed by another."""
    broken = []
    for designation in sight.rows(Designation):
        confirmed = sight.having(DesignationConfirmation, "designation_id")[designation.pk]
        people = [designation.recorded_by_id, *(row.confirmed_by_id for row in confirmed)]
        seats = [any(role == Role.DESIGNATOR for _, role in sight.seats(person)) for person in people]
        if not all(seats) or len(set(people)) != len(people):
            broken.append(("10", designation.pk))
    return broken


def withdrawn_is_over(sight: Sight) -> list:
    """3: nobody but the lab sees more than the record of a withdrawn case, and no grant on it lives."""
    broken = []
    withdrawn = {case.pk: case for case in sight.rows(Submission) if case.stored_state == "withdrawn"}
    rows = Audience.objects.filter(submission__in=list(withdrawn)).exclude(scope=RECORD).order_by()
    for row in rows:
        live = row.since <= sight.at and (row.until is None or row.until > sight.at)
        if live and row.organisation_id != withdrawn[row.submission_id].lab_id:
            broken.append(("3", row.key))
    for grant in sight.rows(Grant):
        lives = grant.stored_state == "proposed" or (
            grant.stored_state == "agreed" and grant.expires_at > sight.at
        )
        if lives and grant.submission_id in withdrawn:
            broken.append(("3 grant", grant.pk))
    return broken


def messages_are_single_and_bare(sight: Sight) -> list:
    """17 and 19: one message a person and thing; of a case or finding its number, and a link within the portal. A mail is written
    of these columns, and none holds a word of what this world's labs and partners wrote."""
    keys = [(row.recipient_id, row.key) for row in sight.rows(Message)]
    broken: list = [key for key in set(keys) if keys.count(key) > 1] if len(set(keys)) < len(keys) else []
    for row in sight.rows(Message):
        if not row.link.startswith("/"):
            broken.append(("17", row.pk))
        said = f"{row.kind} {row.case_number} {row.link} {row.key}".lower()
        broken += [("17 said", row.pk, word) for word in WRITTEN if word in said]
    return broken


def reviewers_look_for_themselves_first(sight: Sight) -> list:
    """Of others' assessments a reviewer of their case sees what was shared alone, until an own one is in or none will come."""
    broken = []
    for user in sight.people:
        for seat in sight.having(Assignment, "reviewer_id")[user.pk]:
            case = sight.case(seat)
            if seat.writes_none_at is not None or not sight.sits(user, case) or seat.attested_at is None:
                continue
            rows = sight.having(Assessment, "submission_id")[case.pk]
            if any(r.author_id == user.pk and (r.check_asked_at or r.state != "draft") for r in rows):
                continue
            seen = sight.sees(user, Assessment)
            broken += [
                ("own first", user.pk, row.pk)
                for row in rows
                if row.pk in seen and row.author_id != user.pk and row.shared_at is None
            ]
    return broken
