"""What this floor answers to those below: who holds a seat, and which events about inquiries and designations a person reads."""

from datetime import datetime
from uuid import UUID

from django.db.models import F, Q, QuerySet

from portal.accounts.models import Role
from portal.ledger.models import Event
from portal.submissions.models import Submission
from portal.submissions.policies import LAB_SEES
from portal.submissions.querysets import agency_wide
from reviews.models import Assignment, Designation, Inquiry
from reviews.states import LIVE, AssignmentState


def reviewers_of(submission: Submission) -> set[UUID]:
    """Who is asked to a seat on a case, or ever sat on it: what was read there is not forgotten when the seat ends."""
    seats = Assignment.objects.filter(
        Q(attested_at__isnull=False) | Q(stored_state__in=LIVE), submission=submission
    )
    return set(seats.order_by().values_list("reviewer_id", flat=True))


def leads(at: datetime) -> QuerySet[Assignment]:
    """The seats that have the lead of a case at an instant."""
    seats = Assignment.objects.in_state(AssignmentState.ACTIVE, at=at).filter(role=Assignment.Role.LEAD)
    return seats.annotate(lead_name=F("reviewer__name"))


def events(user) -> Q | None:
    """What happened to the inquiries and designations that coordinators and auditors see. A lab reads of its own on their page,
    where nobody is named."""
    if not {Role.COORDINATOR, Role.AUDITOR} & set(agency_wide(user)):
        return None
    labels = [model._meta.label_lower for model in (Inquiry, Designation)]
    about = Q(subject_id__in=Inquiry.objects.visible_to(user).order_by().values("pk"))
    about |= Q(subject_id__in=Designation.objects.visible_to(user).order_by().values("pk"))
    return Q(case_id=None, subject_type__in=labels) & about


def looks_at(inquiry: Inquiry) -> QuerySet[Event]:
    """Every look that somebody outside the lab took at an inquiry, newest first; the lab reads of capacities, not of names."""
    seen = Event.objects.filter(subject_id=inquiry.pk, kind=Event.Kind.LOOK)
    return seen.exclude(capacity__in=LAB_SEES).order_by("-seq")
