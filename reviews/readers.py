"""What this floor answers to those below: who holds a seat, and which events about inquiries and designations a person reads."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from django.db.models import CharField, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Cast, Concat
from django.db.models.lookups import IsNull

from portal import scope
from portal.accounts.models import Kind
from portal.deadlines.models import Message
from portal.ledger.models import Event
from portal.lookups import OneOf
from portal.submissions.models import Barrier, Submission
from portal.submissions.policies import LAB_SEES
from portal.submissions.querysets import barred_labs, has_no_conflicts, oversees
from portal.submissions.readers import cases_overseen
from reviews.deadline_kinds import OF_A_DESIGNATION, OF_AN_INQUIRY
from reviews.models import (
    Assessment,
    Assignment,
    Designation,
    Inquiry,
    MatchingRun,
    ReviewerProfile,
    RubricVersion,
)
from reviews.states import LIVE, AssignmentState


# Whom a conflict follows from, whoever asks: a lab that chooses a partner sees no seat.
@scope.lifted("reviews")
def reviewers_of(submission: Submission) -> set[UUID]:
    """Who is asked to a seat on a case, or ever sat on it: what was read there is not forgotten when the seat ends."""
    seats = Assignment.objects.filter(
        Q(attested_at__isnull=False) | Q(stored_state__in=LIVE), submission=submission
    )
    return set(seats.order_by().values_list("reviewer_id", flat=True))


def leads(at: datetime, *, running: bool = False) -> QuerySet[Assignment]:
    """The seats that have the lead of a case at an instant; ``running`` says that only cases are asked which are not over."""
    seats = Assignment.objects.in_state(AssignmentState.ACTIVE, at=at, running=running)
    return seats.filter(role=Assignment.Role.LEAD)


def events(user) -> Q | None:
    """What happened to the inquiries, designations, runs of matching, reviewers' profiles and rubrics that coordinators and
    auditors see, and who looked at assessments that were not shared yet. A lab reads of its own on their page, where nobody is
    named."""
    if not oversees(user):
        return None
    about = {
        Inquiry: Inquiry.objects.visible_to(user).beyond(user),
        Designation: Designation.objects.visible_to(user).beyond(user),
        MatchingRun: MatchingRun.objects.visible_to(user),
        ReviewerProfile: ReviewerProfile.objects.visible_to(user),
        RubricVersion: RubricVersion.objects.visible_to(user),
        # As long as the case's own record, which outlasts the right to read the assessments.
        Assessment: Assessment.objects.filter(submission_id__in=cases_overseen(user)),
    }
    answer = Q(pk__in=[])
    for model, rows in about.items():
        # Asked for each event that is met: under an OR, ``IN`` gathers every subject there is before the first.
        it = rows.order_by().filter(pk=OuterRef("subject_id")).values("pk")[:1]
        answer |= Q(IsNull(Subquery(it), False), subject_type=model._meta.label_lower)
    return Q(case_id=None) & answer


def messages(user) -> Q | None:
    """What was told about the inquiries and designations that coordinators and auditors see, other than those of a lab they
    belong to: the outbox names agency people.

    An inquiry's messages and reminders carry its number. A designation has none, but a message's key begins with the event
    it tells of.
    """
    if not oversees(user):
        return None
    inquiries = Inquiry.objects.visible_to(user).beyond(user).order_by()
    designations = Designation.objects.visible_to(user).beyond(user).order_by()
    return _told_of(inquiries, designations)


def barred(user) -> Q | None:
    """What a person of an agency was told, on the workbench's side, of the inquiries and designations of labs that a conflict
    keeps from them."""
    if has_no_conflicts(user) or not user.has_seat(Kind.AGENCY):
        return None
    labs = barred_labs(user)
    inquiries = Inquiry.objects.filter(lab__in=labs).beyond(user).order_by()
    designations = Designation.objects.filter(lab__in=labs).beyond(user).order_by()
    return Q(_told_of(inquiries, designations), case_id=None)


def _told_of(inquiries: QuerySet[Inquiry], designations: QuerySet[Designation]) -> Q:
    told = Event.objects.filter(
        OneOf("subject_id", designations.values("pk")), subject_type=Designation._meta.label_lower
    ).order_by()
    answer = Q(pk__in=[])
    for kind in OF_A_DESIGNATION:
        key = Concat(Cast("pk", CharField()), Value(f"/{kind}"), output_field=CharField())
        keys = told.annotate(told_as=key).values("told_as")
        answer |= Q(kind=kind, key__in=keys)
    return answer | Q(kind__in=OF_AN_INQUIRY, case_number__in=inquiries.values("number"))


def hidden(messages: Collection[UUID]) -> set[UUID]:
    """Those of these messages that lead to an inquiry or a designation on the workbench, from whose lab a conflict keeps their
    reader by now. What a lab's own people are told leads to pages of theirs.
    """
    told = Message.objects.filter(pk__in=messages, case_id=None, link__startswith="/admin/")
    rows = list(told.filter(kind__in=[*OF_AN_INQUIRY, *OF_A_DESIGNATION]).order_by())
    if not rows:
        return set()
    labs = _labs_of(rows)
    barriers = Barrier.objects.filter(user__in={row.recipient_id for row in rows}, organisation__isnull=False)
    barred = set(barriers.order_by().values_list("user_id", "organisation_id"))
    return {row.pk for row in rows if (row.recipient_id, labs.get(row.pk)) in barred}


def _labs_of(rows: Sequence[Message]) -> dict[UUID, UUID]:
    """Whose inquiry or designation each message is about: told by its number, or by the event that its key begins with."""
    inquiries = Inquiry.objects.filter(number__in={row.case_number for row in rows}).order_by()
    by_number = dict(inquiries.values_list("number", "lab_id"))
    told_of = {row.pk: row.key.partition("/")[0] for row in rows if row.kind in OF_A_DESIGNATION}
    events = Event.objects.filter(pk__in=told_of.values()).order_by()
    subjects = {str(event): subject for event, subject in events.values_list("pk", "subject_id")}
    designations = Designation.objects.filter(pk__in=subjects.values()).order_by()
    by_subject = dict(designations.values_list("pk", "lab_id"))
    found = {row.pk: by_number.get(row.case_number) for row in rows}
    found |= {pk: by_subject.get(subjects.get(event)) for pk, event in told_of.items()}
    return {pk: lab for pk, lab in found.items() if lab is not None}


def looks_at(inquiry: Inquiry) -> QuerySet[Event]:
    """Every look that somebody outside the lab took at an inquiry, newest first; the lab reads of capacities, not of names."""
    seen = Event.objects.filter(subject_id=inquiry.pk, kind=Event.Kind.LOOK)
    return seen.exclude(capacity__in=LAB_SEES).order_by("-seq")
