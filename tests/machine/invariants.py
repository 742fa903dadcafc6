"""DOMAIN.md's invariants as questions about the whole database, named by number; each returns what breaks it."""

from collections import defaultdict
from datetime import timedelta

from partners.models import Grant
from portal.accounts.models import Affiliation, Kind, Membership, Role, User
from portal.deadlines.models import Deadline, Message
from portal.ledger.models import Event
from portal.submissions.models import DisclosureNotice, Document, InformationRequest, Submission
from portal.submissions.querysets import ASSESSMENTS, DOCUMENTS, FACTS, INSTRUCTIONS, RECORD
from portal.submissions.states import State
from reviews.models import Assessment, Assignment, Designation
from reviews.states import AssignmentState

LIMIT = timedelta(days=30)
FORBIDDEN = ("approv", "denied", "deny", "licens", "cleared", "permit", "hold")


def no_verdict_on_a_release(at) -> list:
    """1: no state or value means a permission."""
    models = (Submission, Grant, Assignment, InformationRequest, DisclosureNotice)
    states = {row.state_at(at) for model in models for row in model.objects.all()}
    states |= set(Assessment.objects.values_list("state", flat=True))
    return [state for state in states if any(word in str(state) for word in FORBIDDEN)]


def windows(at) -> list:
    """4 and 6: at most 30 days, cumulative per checkpoint; closed no later than the first partner's access."""
    broken: list = []
    used: dict = defaultdict(timedelta)
    for case in Submission.objects.exclude(opens_at=None):
        used[case.checkpoint_id] += case.closes_at - case.opens_at
    broken += [("4", checkpoint, total) for checkpoint, total in used.items() if total > LIMIT]
    for grant in Grant.objects.filter(agreed_at__isnull=False).select_related("submission"):
        began = grant.ended_at is None or grant.ended_at > grant.starts_at
        if began and grant.submission.closes_at > grant.starts_at:
            broken.append(("6", grant.pk, grant.submission.closes_at, grant.starts_at))
    return broken


def reviewers_see_only_in_time(at) -> list:
    """5: no lab material before agreed terms and an active seat, none after the window ended or the case was withdrawn."""
    broken = []
    for user in User.objects.filter(memberships__role=Role.REVIEWER).distinct():
        seats = Assignment.objects.in_state(AssignmentState.ACTIVE, at=at).filter(reviewer=user)
        mine = {seat.submission_id for seat in seats}
        for scope in (FACTS, DOCUMENTS, INSTRUCTIONS):
            for case in Submission.objects.visible_to(user, scope=scope, at=at):
                state = case.state_at(at)
                allowed = {
                    FACTS: ("agreed", "open", "ended"),
                    DOCUMENTS: ("agreed", "open"),
                    INSTRUCTIONS: ("open",),
                }
                if case.pk not in mine or case.agreed_at is None or state not in allowed[scope]:
                    broken.append((user.pk, scope, case.pk, state))
    return broken


def partners_learn_nothing_too_early(at) -> list:
    """7: a grant is visible to a partner only with both consents; material only while active."""
    broken = []
    partner_people = User.objects.filter(memberships__organisation__kind=Kind.PARTNER).distinct()
    for user in partner_people:
        if user.has_seat(Kind.AGENCY):
            continue
        for grant in Grant.objects.visible_to(user, at=at):
            own = grant.partner_id in user.organisations_as(Kind.PARTNER)
            if not own or grant.lab_consented_at is None or grant.concurred_at is None:
                broken.append(("7", user.pk, grant.pk))
        for scope in (DOCUMENTS, INSTRUCTIONS):
            for grant in Grant.objects.open_to(user, scope, at=at):
                if grant.state_at(at) != "active":
                    broken.append(("7 scope", user.pk, grant.pk, grant.state_at(at)))
        if Submission.objects.visible_to(user, at=at).exists():
            broken.append(("7 case", user.pk))
    return broken


def no_conflicts(at) -> list:
    """8: no live seat of a person tied to the lab or to a partner of the case."""
    broken = []
    for seat in Assignment.objects.live(at=at).select_related("submission"):
        tied = set(
            Membership.objects.filter(user=seat.reviewer_id, ended_at=None).values_list(
                "organisation_id", flat=True
            )
        )
        tied |= set(
            Affiliation.objects.filter(user=seat.reviewer_id).values_list("organisation_id", flat=True)
        )
        partners = set(
            Grant.objects.not_ended(at=at)
            .filter(submission=seat.submission)
            .values_list("partner_id", flat=True)
        )
        if tied & (partners | {seat.submission.lab_id}):
            broken.append(("8", seat.pk))
    return broken


def labs_see_only_their_own(at) -> list:
    """9: never another lab's case or document; a superuser sees none at all."""
    broken = []
    for user in User.objects.all():
        if user.has_seat(Kind.AGENCY):
            continue
        labs = set(user.organisations_as(Kind.LAB))
        broken += [
            ("9", user.pk, c.pk) for c in Submission.objects.visible_to(user, at=at) if c.lab_id not in labs
        ]
        if user.has_seat(Kind.PARTNER):
            continue
        documents = Document.objects.visible_to(user, at=at).select_related("submission")
        broken += [("9 file", user.pk, d.pk) for d in documents if d.submission.lab_id not in labs]
    return broken


def questions_stand_with_their_case(at) -> list:
    """9: seen with the facts of their case and by no partner; none is merged into one that is merged; a date stands while it is
    open."""
    broken: list = []
    for user in User.objects.all():
        facts = set(Submission.objects.visible_to(user, scope=FACTS, at=at).values_list("pk", flat=True))
        seen = set(InformationRequest.objects.visible_to(user, at=at).values_list("submission", flat=True))
        partner_only = user.has_seat(Kind.PARTNER) and not user.has_seat(Kind.AGENCY)
        if seen - facts or (seen and partner_only):
            broken.append(("9 question", user.pk))
    kept = Deadline.objects.still_open().filter(kind="answer_question").values_list("subject_id", flat=True)
    asked = InformationRequest.objects.in_state("asked", at=at).values_list("pk", flat=True)
    broken += [("question's date", pk) for pk in set(kept) ^ set(asked)]
    chained = InformationRequest.objects.filter(merged_into__stored_state="merged")
    return broken + [("merged twice", row.pk) for row in chained]


def designations_need_two_designators(at) -> list:
    """10: recorded by one designator, confirmed by another."""
    broken = []
    designators = set(User.objects.filter(memberships__role=Role.DESIGNATOR).values_list("pk", flat=True))
    for designation in Designation.objects.select_related("confirmation"):
        confirmed = getattr(designation, "confirmation", None)
        people = {designation.recorded_by_id} | ({confirmed.confirmed_by_id} if confirmed else set())
        if not people <= designators or (confirmed and len(people) == 1):
            broken.append(("10", designation.pk))
    return broken


def withdrawn_is_over(at) -> list:
    """3: nobody but the lab sees more than the record of a withdrawn case, and no grant on it lives."""
    broken = []
    for case in Submission.objects.filter(stored_state=State.WITHDRAWN):
        rows = case.audience.exclude(scope=RECORD).exclude(organisation=case.lab_id)
        broken += [
            ("3", row.key) for row in rows if row.since <= at and (row.until is None or row.until > at)
        ]
        broken += [("3 grant", g.pk) for g in Grant.objects.not_ended(at=at).filter(submission=case)]
    return broken


def messages_are_single_and_bare(at) -> list:
    """17 and 19: one message a person and thing."""
    keys = list(Message.objects.values_list("recipient_id", "key"))
    return [key for key in set(keys) if keys.count(key) > 1]


def reviewers_look_for_themselves_first(at) -> list:
    """Of others' assessments a reviewer of their case sees what was shared alone, until an own one is in or none will come."""
    broken = []
    for seat in Assignment.objects.in_state(AssignmentState.ACTIVE, at=at).select_related("reviewer"):
        if seat.submission_id not in _cases_read(seat.reviewer, at) or seat.writes_none_at is not None:
            continue
        rows = Assessment.objects.filter(submission=seat.submission_id)
        if any(row.check_asked_at or row.state != "draft" for row in rows.filter(author=seat.reviewer)):
            continue
        seen = rows.visible_to(seat.reviewer, at=at).exclude(author=seat.reviewer)
        broken += [("own first", seat.reviewer_id, row.pk) for row in seen if row.shared_at is None]
    return broken


def _cases_read(user, at) -> set:
    cases = Submission.objects.visible_to(user, scope=ASSESSMENTS, at=at)
    return set(cases.values_list("pk", flat=True))


def labs_are_told_before_a_disclosure(at) -> list:
    """14: read by the lab, the agency's coordinators and who oversees; disclosed only when the lab was heard, or its days passed,
    and its date has come; no commercial mark taken off by another than its lab without that. Its dates stand while they wait.
    """
    broken: list = []
    for user in User.objects.all():
        for notice in DisclosureNotice.objects.visible_to(user, at=at).select_related("submission"):
            own = notice.submission.lab_id in user.organisations_as(Kind.LAB)
            theirs = notice.agency_id in user.organisations_as(Kind.AGENCY, Role.COORDINATOR)
            if not (own or theirs or user.has_seat(Kind.AGENCY, Role.COORDINATOR, Role.AUDITOR)):
                broken.append(("14 seen", user.pk, notice.pk))
    for notice in DisclosureNotice.objects.filter(stored_state="disclosed"):
        heard = notice.answered_at is not None or notice.due_at <= notice.decided_at
        if not heard or notice.disclosed_at < notice.disclose_at:
            broken.append(("14 told", notice.pk))
    lowered = Event.objects.filter(verb="mark_document", data__lowered=True).exclude(capacity="lab")
    for event in lowered:
        number = event.data.get("disclosure_notice")
        under = DisclosureNotice.objects.filter(
            submission=event.case_id,
            number=number,
            stored_state="disclosed",
            documents=event.data["document"],
        )
        if not under.exists():
            broken.append(("14 mark", event.pk))
    open_dates = Deadline.objects.still_open()
    for kind, state in (("answer_disclosure", "notified"), ("disclosure_date", "to_disclose")):
        kept = set(open_dates.filter(kind=kind).values_list("subject_id", flat=True))
        owed = set(DisclosureNotice.objects.filter(stored_state=state).values_list("pk", flat=True))
        broken += [("14 date", kind, pk) for pk in kept ^ owed]
    return broken


ALL = (
    no_verdict_on_a_release,
    windows,
    reviewers_see_only_in_time,
    partners_learn_nothing_too_early,
    no_conflicts,
    labs_see_only_their_own,
    questions_stand_with_their_case,
    reviewers_look_for_themselves_first,
    labs_are_told_before_a_disclosure,
    designations_need_two_designators,
    withdrawn_is_over,
    messages_are_single_and_bare,
)
