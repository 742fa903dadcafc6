"""Every read of the agency's side. ``visible_to`` is the doorway; conflicts hide even counts and ids."""

from datetime import datetime
from functools import reduce
from operator import or_

from django.apps import apps
from django.db import models
from django.db.models import Count, DateTimeField, Exists, F, Func, OuterRef, Prefetch, Q, Subquery

from portal import clock
from portal.accounts.models import Kind, Role
from portal.lookups import OneOf
from portal.submissions.freezing import frozen
from portal.submissions.querysets import (
    ASSESSMENTS,
    RECORD,
    agency_wide,
    live,
    names_shown,
    no_conflict,
    no_lab_conflict,
    of_other_labs,
    oversees,
)
from reviews.states import LAB_READS, LIVE, AssessmentState, AssignmentState, InquiryState


def cases_seen(user, scope: str, at: datetime):
    submissions = apps.get_model("submissions", "Submission").objects
    return submissions.visible_to(user, scope=scope, at=at).order_by().values("pk")


def _cases_as(user, scope: str, at: datetime, *capacities: str):
    audience = apps.get_model("submissions", "Audience").objects.order_by()
    rows = audience.filter(live(at), user=user, scope=scope, capacity__in=capacities)
    return rows.values("submission_id")


def is_active(user) -> bool:
    return user.is_authenticated and user.is_active


def _reads_inquiries(user) -> bool:
    """Who reads the labs' inquiries and the designations for the government: each sees all of them but own conflicts."""
    return bool(agency_wide(user)) or user.has_seat(Kind.AGENCY, Role.REVIEWER)


def _is_in(at: datetime) -> Q:
    """An assessment that is its author's own view no more: the check was asked for, or done."""
    return ~Q(state=AssessmentState.DRAFT) | Q(check_asked_at__lte=at)


def unwritten(user, at: datetime):
    """The cases on which a person sits as a reviewer, has no assessment in, and did not state that none will come: there the
    others' wait until they are shared, so that nobody's first view is another's."""
    own = apps.get_model("reviews", "Assessment").objects.filter(_is_in(at), author=user).order_by()
    seats = apps.get_model("reviews", "Assignment").objects.filter(reviewer=user, writes_none_at__lte=at)
    none = seats.in_state(AssignmentState.ACTIVE, at=at).order_by()
    reviewing = _cases_as(user, ASSESSMENTS, at, "lead", "reviewer")
    return reviewing.exclude(submission_id__in=own.values("submission_id")).exclude(
        submission_id__in=none.values("submission_id")
    )


class CaseAgencyQuerySet(models.QuerySet):
    def live(self):
        return self.filter(ended_at=None)

    def visible_to(self, user, *, at: datetime | None = None):
        """The invitations on cases of one's own lab, of one's own agency, or of every case for agency-wide capacities."""
        if not is_active(user):
            return self.none()
        at = at or clock.now()
        cases = self.filter(submission_id__in=cases_seen(user, RECORD, at))
        if agency_wide(user):
            return cases
        own = user.organisations_as(Kind.AGENCY, Role.COORDINATOR)
        return cases.filter(Q(agency_id__in=own) | Q(submission__lab_id__in=user.organisations_as(Kind.LAB)))


class AssignmentQuerySet(models.QuerySet):
    def visible_to(self, user, *, at: datetime | None = None):
        """A reviewer's own seats, also while proposed; all of a case for the programme's coordinators and auditors; their own
        agency's for the coordinators of an invited one.

        A row seen here opens nothing of the lab's: before terms and attestation a door shows case number and domain alone.
        """
        if not is_active(user):
            return self.none()
        at = at or clock.now()
        reviews_for = user.organisations_as(Kind.AGENCY, Role.REVIEWER)
        own = Q(reviewer=user, agency_id__in=reviews_for) if reviews_for else Q(pk__in=[])
        own &= no_conflict(user, case="submission_id", lab="submission__lab_id")
        if oversees(user):
            everywhere = Q(submission_id__in=cases_seen(user, RECORD, at))
            if labs := user.organisations_as(Kind.LAB):
                everywhere &= ~Q(submission__lab_id__in=labs)
            return self.filter(everywhere | own)
        agencies = user.organisations_as(Kind.AGENCY, Role.COORDINATOR)
        if agencies:
            invited = _cases_as(user, RECORD, at, "agency_coordinator")
            return self.filter(own | Q(submission_id__in=invited, agency_id__in=agencies))
        return self.filter(own)

    def live(self, *, at: datetime):
        """Seats that are proposed or active at an instant."""
        return self.in_state(*LIVE, at=at)

    def in_state(self, *states: str, at: datetime, running: bool = False):
        """Seats whose state at an instant is one of these; the SQL of ``Assignment.state_at``.

        ``running`` says that only seats are asked whose cases are not over: then no case is looked up for its end.
        """
        lapsed = (
            Q(expires_at__lte=at) | Q(submission__closed_at__lte=at) | Q(submission__withdrawn_at__lte=at)
        )
        holds = Q(expires_at__gt=at)
        for column in () if running else ("submission__closed_at", "submission__withdrawn_at"):
            holds &= Q(**{f"{column}__isnull": True}) | Q(**{f"{column}__gt": at})
        going_on = [state for state in states if state in LIVE]
        # No row is stored as expired: what the clock ended keeps what it had.
        ended = [state for state in states if state not in (*LIVE, AssignmentState.EXPIRED)]
        grounds = [Q(stored_state__in=ended)] if ended else []
        if going_on:
            grounds.append(Q(stored_state__in=going_on) & holds)
        if AssignmentState.EXPIRED in states:
            grounds.append(Q(stored_state__in=LIVE) & lapsed)
        return self.filter(reduce(or_, grounds)) if grounds else self.none()

    def in_conflict(self, *, at: datetime):
        """Live seats whose reviewer a conflict keeps from the case by now: they open nothing, and somebody else is needed."""
        barriers = (
            apps.get_model("submissions", "Barrier").objects.filter(user=OuterRef("reviewer")).order_by()
        )
        lab, case = OuterRef("submission__lab"), OuterRef("submission")
        return self.live(at=at).filter(
            Exists(barriers.filter(organisation=lab)) | Exists(barriers.filter(submission=case))
        )

    def attestation_late(self, *, at: datetime):
        """Proposed seats whose reviewer has not attested by the target."""
        deadlines = apps.get_model("deadlines", "Deadline").objects.overdue(at=at).filter(kind="attest")
        return self.in_state(AssignmentState.PROPOSED, at=at).filter(
            pk__in=deadlines.order_by().values("subject_id")
        )

    def own_of(self, user, *, at: datetime):
        """A person's active seats, with whether others' assessments of the case are withheld until an own one is in."""
        waits = unwritten(user, at).filter(submission_id=OuterRef("submission"))
        return (
            self.in_state(AssignmentState.ACTIVE, at=at)
            .filter(reviewer=user)
            .annotate(waits_for_own=Exists(waits))
        )

    def by_agency(self, *, at: datetime):
        """How many persons of each agency are active: (agency's name, number). What a lab learns of the seats of its case."""
        rows = (
            self.in_state(AssignmentState.ACTIVE, at=at).order_by("agency__name").values_list("agency__name")
        )
        return rows.annotate(persons=Count("reviewer", distinct=True))

    def for_workbench(self):
        return self.select_related("submission", "reviewer", "agency").order_by("-proposed_at", "id")


class AssessmentQuerySet(models.QuerySet):
    def visible_to(self, user, *, at: datetime | None = None):
        """What a person may read of the assessments at an instant.

        The lab reads from shared on and never a draft, whatever other seat its person holds. Reviewers of the case read
        their own, those whose author asked for a check, and all that were checked; but of others' only what was shared until
        their own is in (``unwritten``), whatever else they are.
        """
        if not is_active(user):
            return self.none()
        at = at or clock.now()
        labs = user.organisations_as(Kind.LAB)
        unfrozen = self.filter(~frozen("assessment"))
        reviews = user.has_seat(Kind.AGENCY, Role.REVIEWER)
        government = self._for_government(user, at, reviews=reviews)
        if reviews:
            withheld = Q(submission_id__in=unwritten(user, at))
            government &= Q(author=user) | Q(state__in=LAB_READS) | ~withheld
        if labs:
            return unfrozen.filter(Q(submission__lab_id__in=labs, state__in=LAB_READS) | government)
        return unfrozen.filter(government)

    def _for_government(self, user, at: datetime, *, reviews: bool) -> Q:
        if agency_wide(user):
            # Whatever an assigned reviewer or an invited agency reads besides is among these.
            labs = user.organisations_as(Kind.LAB)
            everywhere = Q(submission_id__in=cases_seen(user, ASSESSMENTS, at))
            return everywhere & ~Q(submission__lab_id__in=labs) if labs else everywhere
        wanted = Q(pk__in=[])
        if reviews:
            reviewing = _cases_as(user, ASSESSMENTS, at, "lead", "reviewer")
            wanted |= Q(submission_id__in=reviewing) & (Q(author=user) | _is_in(at))
        agencies = user.organisations_as(Kind.AGENCY, Role.COORDINATOR)
        if agencies:
            invited = _cases_as(user, ASSESSMENTS, at, "agency_coordinator")
            shared_or_own = Q(state__in=LAB_READS) | Q(assignment__agency_id__in=agencies)
            wanted |= Q(submission_id__in=invited) & shared_or_own
        if user.has_seat(Kind.AGENCY, Role.SECURITY):
            # Under break-glass access what was shared, as the lab reads it: no draft.
            opened = _cases_as(user, ASSESSMENTS, at, "break_glass")
            wanted |= Q(submission_id__in=opened, state__in=LAB_READS)
        return wanted

    def with_versions_read(self):
        """With the versions that each author had read, less those of documents that a spill hides."""
        versions = apps.get_model("submissions", "DocumentVersion").objects.unfrozen()
        return self.prefetch_related(Prefetch("versions_read", versions.select_related("document")))

    def in_state(self, *states: str):
        return self.filter(state__in=states)

    def beyond(self, user):
        """Less those of labs the person belongs to: the workbench names agency people, whom a lab may know by alias only."""
        return of_other_labs(self, user, "submission__lab_id")

    def awaiting_check_by(self, user):
        """Drafts of others whose check was asked for: what a reviewer who may read them can check."""
        return self.in_state(AssessmentState.DRAFT).filter(check_asked_at__isnull=False).exclude(author=user)

    def led_by(self, user, *, at: datetime):
        """The assessments of the cases on which a person has the lead."""
        return self.filter(OneOf("submission_id", _cases_as(user, ASSESSMENTS, at, "lead")))

    def reviewed_by(self, user, *, at: datetime):
        """The assessments of the cases on which a person has an active seat."""
        return self.filter(OneOf("submission_id", _cases_as(user, ASSESSMENTS, at, "lead", "reviewer")))

    def with_public_names(self):
        """With what each author may be called by the case's lab: the alias, and whether the agreed terms show names."""
        aliases = apps.get_model("submissions", "Alias").objects.filter(
            submission=OuterRef("submission"), user=OuterRef("author")
        )
        return self.annotate(
            author_alias=Subquery(aliases.values("label")[:1]), names_shown=names_shown("submission")
        )

    def with_answers(self):
        """With the questions of each one's rubric, and what was answered."""
        return self.select_related("rubric").prefetch_related("rubric__questions", "answers")

    def with_retests(self):
        """With each one's retests, the lab's answers to them, and what the lab may call who retested."""
        retests = apps.get_model("reviews", "Retest").objects.in_order()
        return self.prefetch_related(Prefetch("retests", retests))

    def awaiting_retest(self):
        """The lab asked that what was found be tried again, and nobody did since."""
        since = apps.get_model("reviews", "Retest").objects.filter(
            assessment=OuterRef("pk"), at__gte=OuterRef("responded_at")
        )
        return self.filter(~Exists(since), state=AssessmentState.LAB_RESPONDED, asks_retest=True)

    def for_lab(self):
        joined = self.select_related("submission__facts", "author", "assignment__agency")
        return joined.with_public_names().order_by("-shared_at", "id")

    def in_short(self):
        """For the lab, no more than names one: its domain, state, author and when it was shared."""
        named = self.select_related("author").only("domain", "state", "shared_at", "author__name")
        return named.with_public_names().order_by("-shared_at", "id")

    def for_workbench(self):
        joined = self.select_related("submission", "author", "assignment__agency")
        return joined.order_by("-created_at", "id")


class InquiryQuerySet(models.QuerySet):
    def visible_to(self, user, *, at: datetime | None = None):
        """A lab's own inquiries; for the government every one that was submitted, but for the person's conflicts."""
        if not is_active(user):
            return self.none()
        at = at or clock.now()
        wanted = Q(lab_id__in=user.organisations_as(Kind.LAB))
        if _reads_inquiries(user):
            government = Q(submitted_at__lte=at) & no_lab_conflict(user)
            if not agency_wide(user):
                # After a withdrawal the record alone stays, with those who keep records.
                government &= ~Q(state=InquiryState.WITHDRAWN)
            wanted |= government
        return self.filter(wanted, ~frozen("inquiry"))

    def readable_to(self, user):
        """Of rows this person sees, those whose words are open, as ``policies.reads_text_of`` has it."""
        own = Q(lab_id__in=user.organisations_as(Kind.LAB))
        return self.filter(own | ~Q(state=InquiryState.WITHDRAWN))

    def beyond(self, user):
        """Less those of labs the person belongs to: the workbench is the government's side."""
        return of_other_labs(self, user, "lab_id")

    def in_state(self, *states: str):
        return self.filter(state__in=states)

    def for_lab(self):
        return self.select_related("lab").order_by("-created_at", "id")

    def for_workbench(self):
        return self.select_related("lab").order_by("-submitted_at", "id")


class DesignationQuerySet(models.QuerySet):
    def visible_to(self, user, *, at: datetime | None = None):
        """For a lab, its own that were confirmed and are shared with it; for the government all but the person's conflicts."""
        if not is_active(user):
            return self.none()
        at = at or clock.now()
        wanted = Q(
            lab_id__in=user.organisations_as(Kind.LAB),
            shared_with_lab=True,
            confirmation__confirmed_at__lte=at,
        )
        if _reads_inquiries(user):
            wanted |= Q(recorded_at__lte=at) & no_lab_conflict(user)
        return self.filter(wanted)

    def beyond(self, user):
        """Less those of labs the person belongs to: the workbench is the government's side."""
        return of_other_labs(self, user, "lab_id")

    def in_state(self, state: str):
        return self.filter(confirmation__isnull=state == "recorded")

    def awaiting_second(self, user):
        """Recorded, not confirmed, and by somebody else."""
        return self.in_state("recorded").exclude(recorded_by=user)

    def with_chain(self):
        """With the confirmation, the designations before and after in the chain of corrections, and as ``lapsed_at`` when a
        later one of the chain took force."""
        return self.with_lapse().select_related(
            "confirmation__confirmed_by", "inquiry", "supersedes__confirmation", "superseded_by__confirmation"
        )

    def with_lapse(self):
        lapsed = Func(F("pk"), function="reviews_designation_lapsed_at", output_field=DateTimeField())
        return self.annotate(lapsed_at=lapsed)

    def in_force(self):
        """Confirmed, and no later one of their chain is."""
        return self.with_lapse().filter(confirmation__isnull=False, lapsed_at=None)

    def for_lab(self):
        return self.with_chain().order_by("-recorded_at", "id")

    def for_workbench(self):
        return self.with_chain().select_related("lab", "recorded_by").order_by("-recorded_at", "id")
