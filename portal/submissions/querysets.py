"""Every read of a case. ``visible_to`` is the doorway: doors start from it, and absent and forbidden look alike behind it."""

from datetime import datetime

from django.apps import apps
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import BooleanField, Count, Exists, F, Func, JSONField, OuterRef, Prefetch, Q, Subquery
from django.db.models.functions import Coalesce, JSONObject
from django.db.models.lookups import IsNull

from portal import clock
from portal.accounts.models import Kind, Role
from portal.submissions import hooks
from portal.submissions.freezing import DOCUMENT, frozen
from portal.submissions.states import State

# The parts of a case, which open and close at different times. "record" is that the case exists: number, lab, state, dates.
RECORD, FACTS, DOCUMENTS, INSTRUCTIONS, ASSESSMENTS, OFFER = (
    "record",
    "facts",
    "documents",
    "instructions",
    "assessments",
    "offer",
)
# Who attests for an agency what it owes after access.
ATTESTERS = (Role.COORDINATOR, Role.SECURITY)
# Access terms that both sides accepted.
AGREED = Q(lab_accepted_at__isnull=False, government_accepted_at__isnull=False)
# Capacities that see every submitted case, and the scopes they see. The view says the same; a test holds the two together.
AGENCY_WIDE = {
    Role.COORDINATOR: {RECORD, FACTS, DOCUMENTS, ASSESSMENTS},
    Role.DESIGNATOR: {RECORD, FACTS, DOCUMENTS, ASSESSMENTS},
    Role.AUDITOR: {RECORD, FACTS, ASSESSMENTS},
}
# The scopes that a lab's membership opens, whatever its role; the same test holds them to the view.
LAB_SCOPES = frozenset({RECORD, FACTS, DOCUMENTS, INSTRUCTIONS, ASSESSMENTS})
# What a lab's services do not see of its cases: a token that leaked would open the model itself.
KEPT_FROM_SERVICES = frozenset({INSTRUCTIONS})
_LAB_CAPACITIES: dict[str, str] = {
    Role.VIEWER: "lab_viewer",
    Role.SERVICE: "lab_service",
    Role.SERVICE_VIEWER: "lab_service_viewer",
}
# What ends an agency-wide scope besides the membership: withdrawal ends all but the record, a release ends the documents too.
AGENCY_WIDE_ENDS = {
    RECORD: (),
    FACTS: ("withdrawn_at",),
    ASSESSMENTS: ("withdrawn_at",),
    DOCUMENTS: ("withdrawn_at", "released_at"),
}


def agency_wide(user) -> list[str]:
    """The roles by which a person sees every submitted case; empty for almost everyone."""
    return [
        seat.role
        for seat in user.seats
        if seat.kind == Kind.AGENCY
        and seat.role in AGENCY_WIDE
        and (seat.role != Role.COORDINATOR or seat.programme_office)
    ]


# Of those who see every submitted case, these answer for the programme: they read what the others have no part in.
OVERSEERS = frozenset({Role.COORDINATOR, Role.AUDITOR})


def oversees(user) -> bool:
    """Whether a person oversees every case: the programme office's coordinators, and auditors."""
    return bool(OVERSEERS & set(agency_wide(user)))


def of_labs_alone(user, at: datetime) -> bool:
    """Whether a person sits at an instant in labs and nowhere else, so that only a lab's branch of the audience can be theirs."""
    return bool(user.seats) and all(seat.kind == Kind.LAB for seat in user.seats) and user.had_these_seats(at)


def lab_capacity(role: str) -> str:
    """In what capacity a lab's member stands to its cases; as the view has it."""
    return _LAB_CAPACITIES.get(role, "lab")


def lab_scopes(user) -> frozenset[str]:
    """The scopes that this member of a lab sees of its cases."""
    return LAB_SCOPES - KEPT_FROM_SERVICES if user.is_service else LAB_SCOPES


def _own_labs(user, at: datetime):
    """The labs whose member a person is at an instant: their branch of the view, which opens each of ``LAB_SCOPES``."""
    return user.memberships.held(at=at).order_by().values("organisation_id")


def live(at: datetime, prefix: str = "") -> Q:
    """Rows with ``since`` and ``until`` that hold at an instant."""
    return Q(**{f"{prefix}since__lte": at}) & (
        Q(**{f"{prefix}until": None}) | Q(**{f"{prefix}until__gt": at})
    )


def is_barred():
    """For a query of people: whether any conflict keeps a person from anything."""
    return Func(F("pk"), function="portal_is_barred", output_field=BooleanField())


def has_no_conflicts(user) -> bool:
    """Whether the present request found, when it asked who is signed in, that no conflict keeps this person from anything.

    False for a person who was read in another way: then the database is asked each time.
    """
    return getattr(user, "is_barred", None) is False


def no_conflict(user, *, case: str = "pk", lab: str = "lab_id") -> Q:
    """Rows about no case that a conflict hides from this person; ``case`` and ``lab`` are the columns that name them."""
    if has_no_conflicts(user):
        return Q()
    return ~Q(**{f"{lab}__in": barred_labs(user)}) & ~Q(**{f"{case}__in": barred_cases(user)})


def of_other_labs(rows, user, lab: str):
    """These rows, but for those about a person's own labs; ``lab`` is the column that names the lab. For most people no condition
    at all, since most have no lab.
    """
    own = user.organisations_as(Kind.LAB)
    return rows.exclude(**{f"{lab}__in": own}) if own else rows


def no_lab_conflict(user, *, lab: str = "lab_id") -> Q:
    """Rows about no lab that a conflict keeps this person from; ``lab`` is the column that names it."""
    return Q() if has_no_conflicts(user) else ~Q(**{f"{lab}__in": barred_labs(user)})


def barred_labs(user):
    """The ids of labs that a conflict keeps a person from, as a subquery."""
    return _barriers(user).filter(organisation__isnull=False).values("organisation_id")


def barred_cases(user):
    """The ids of single cases that a conflict keeps a person from, as a subquery."""
    return _barriers(user).filter(submission__isnull=False).values("submission_id")


def _barriers(user):
    rows = apps.get_model("submissions", "Barrier").objects.order_by()
    return rows.none() if has_no_conflicts(user) else rows.filter(user=user)


_UNCORRECTED = Q(correction_asked_at__isnull=False, stored_state__in=[State.SUBMITTED, State.ACKNOWLEDGED])


def _unaccepted_by(side: str) -> Q:
    """Acknowledged cases whose newest access terms a side has not accepted, or that have none."""
    terms = apps.get_model("submissions", "Terms").objects.filter(submission=OuterRef("pk"))
    newest = Subquery(terms.order_by("-number").values(f"{side}_accepted_at")[:1])
    return Q(IsNull(newest, True), stored_state=State.ACKNOWLEDGED)


class SubmissionQuerySet(models.QuerySet):
    def visible_to(self, user, *, scope: str = RECORD, at: datetime | None = None):
        """The cases of which this person may see a scope at an instant (now when none is given).

        Agency-wide capacities, and a lab's own people, are decided by the membership alone, so that the database neither
        gathers the whole audience nor plans the whole view for them; everyone else's cases come from the audience view, and so
        do those of an instant at which a person's memberships were others than they are.
        """
        if not user.is_authenticated or not user.is_active:
            return self.none()
        at = at or clock.now()
        if scope in lab_scopes(user) and of_labs_alone(user, at):
            return self.filter(lab_id__in=_own_labs(user, at), created_at__lte=at)
        of_all = any(scope in AGENCY_WIDE[role] for role in agency_wide(user))
        if not of_all or not user.had_these_seats(at):
            return self.filter(pk__in=self._audience(user, scope, at))
        everywhere = Q(submitted_at__lte=at)
        for column in AGENCY_WIDE_ENDS[scope]:
            everywhere &= Q(**{f"{column}__isnull": True}) | Q(**{f"{column}__gt": at})
        everywhere &= no_conflict(user)
        if user.has_seat(Kind.LAB):
            return self.filter(everywhere | Q(pk__in=self._audience(user, scope, at)))
        return self.filter(everywhere)

    def beyond(self, user):
        """Less those of labs the person belongs to: the workbench names agency people, whom a lab may know by alias only."""
        return of_other_labs(self, user, "lab_id")

    def _audience(self, user, scope, at):
        rows = apps.get_model("submissions", "Audience").objects.filter(live(at), user=user, scope=scope)
        return rows.order_by().values("submission_id")

    def in_state(self, *states: str, at: datetime):
        """Cases whose state at an instant is one of these; the SQL of ``Submission.state_at``."""
        asked = {State(state) for state in states}
        stored = asked - {State.AGREED, State.OPEN, State.ENDED}
        wanted = Q(stored_state__in=sorted(stored)) if stored else Q(pk__in=[])
        running = Q(stored_state=State.AGREED, closes_at__gt=at)
        if State.ENDED in asked:
            wanted |= Q(stored_state=State.AGREED, closes_at__lte=at)
        if {State.AGREED, State.OPEN} <= asked:
            wanted |= running
        elif State.OPEN in asked:
            wanted |= running & Q(opens_at__lte=at)
        elif State.AGREED in asked:
            wanted |= running & (Q(opens_at=None) | Q(opens_at__gt=at))
        return self.filter(wanted)

    def for_lab(self, user):
        """The lab's list: with the terms' signatures and, as ``unread``, how many notices about each case await this person."""
        terms = apps.get_model("submissions", "Terms").objects.only(
            "submission_id", "number", "lab_accepted_at", "government_accepted_at"
        )
        notices = apps.get_model("deadlines", "Message").objects.visible_to(user).unread()
        counted = notices.filter(case_id=OuterRef("pk")).order_by().values("case_id").annotate(n=Count("pk"))
        return (
            # A lab's name is shown only where there are several.
            self._named(lab=len(user.organisations_as(Kind.LAB)) > 1)
            .prefetch_related(Prefetch("terms", terms))
            .annotate(unread=Coalesce(Subquery(counted.values("n")), 0))
            .order_by("-created_at", "id")
        )

    def with_terms(self):
        """With every version of the terms, the newest first, and who signed it for the lab."""
        terms = apps.get_model("submissions", "Terms").objects.select_related("lab_accepted_by")
        return self.prefetch_related(Prefetch("terms", terms))

    def with_newest_terms(self):
        """With ``newest_terms``: the purpose of their newest version, whether it shows names and is agreed; None for none."""
        newest = apps.get_model("submissions", "Terms").objects.filter(submission=OuterRef("pk"))
        said = JSONObject(purpose=F("purpose"), names_shown=F("names_shown"), is_agreed=AGREED)
        return self.annotate(newest_terms=Subquery(newest.order_by("-number").values(json=said)[:1]))

    def with_markings(self):
        """With how the documents of each case are marked, also those that a reader does not see: what
        ``Submission.derived_marking`` is made from.
        """
        said = Func(F("pk"), function="portal_markings", output_field=ArrayField(JSONField()))
        return self.annotate(document_markings=said)

    def for_workbench(self):
        """The agencies' list."""
        return self._named().order_by("-submitted_at", "id")

    def _named(self, *, lab: bool = True):
        """With what names a case in a list, its model and its lab; all else of these stays in the database."""
        joined = {"facts": {"id", "model_name"}} | ({"lab": {"id", "name"}} if lab else {})
        unread = [
            f"{name}__{field.name}"
            for name, kept in joined.items()
            for field in self.model._meta.get_field(name).related_model._meta.concrete_fields
            if field.name not in kept
        ]
        return self.select_related(*joined).defer(*unread)

    def without_lead(self, *, at: datetime):
        """Cases whose terms are being worked out or agreed, or whose window is open, and on which nobody has the lead."""
        pending = self.in_state(State.ACKNOWLEDGED, State.AGREED, State.OPEN, at=at)
        for leads, _ in hooks.LEADS:
            # None of these cases is over, so that a seat on one ends by its own date alone.
            lead = leads(at, running=True).filter(submission=OuterRef("pk")).order_by().values("pk")[:1]
            # Looked up for each case that is met: joined, all leads would be read before the first.
            pending = pending.filter(IsNull(Subquery(lead), True))
        return pending

    def with_conflict(self, conflicts):
        """Cases that one of these conflicts names, or whose lab it names."""
        named = conflicts.order_by()
        of_labs = self.model._default_manager.order_by().filter(
            lab_id__in=named.filter(organisation__isnull=False).values("organisation_id")
        )
        return self.filter(
            pk__in=named.filter(submission__isnull=False).values("submission_id").union(of_labs.values("pk"))
        )

    def awaiting_correction(self):
        """Cases whose lab was asked for a correction and has not given one."""
        return self.filter(_UNCORRECTED)

    def awaiting_terms(self, side: str):
        """Acknowledged cases whose newest access terms ``side`` (``lab`` or ``government``) has not accepted."""
        return self.filter(_unaccepted_by(side))

    def awaiting_lab(self):
        """Cases on which the lab has terms to accept, or a correction to give."""
        return self.filter(_unaccepted_by("lab") | _UNCORRECTED)


class DocumentQuerySet(models.QuerySet):
    def visible_to(self, user, *, at: datetime | None = None):
        """The documents this person may read at an instant: all of a case, or those in the scope of a grant."""
        if not user.is_authenticated or not user.is_active:
            return self.none()
        at = at or clock.now()
        submissions = apps.get_model("submissions", "Submission").objects
        audience = apps.get_model("submissions", "Audience").objects.order_by()
        mine = audience.filter(live(at), user=user, scope=DOCUMENTS)
        whole = mine.filter(document=None).values("submission_id")
        everywhere = any(DOCUMENTS in AGENCY_WIDE[role] for role in agency_wide(user))
        if everywhere and user.had_these_seats(at):
            seen = submissions.visible_to(user, scope=DOCUMENTS, at=at).order_by()
            if not user.has_seat(Kind.PARTNER):
                # Asked for each document of a page, not answered for all cases beforehand.
                return self.standing().filter(Exists(seen.filter(pk=OuterRef("submission_id"))))
            whole = seen.values("pk")
        single = mine.filter(document__isnull=False).values("document_id")
        return self.standing().filter(Q(submission_id__in=whole) | Q(pk__in=single))

    def standing(self):
        """Those that were not taken out, and that no spill hides."""
        return self.filter(~frozen(DOCUMENT), removed_at=None)

    def beyond(self, user):
        """Less those of labs the person belongs to: the workbench is the government's side."""
        return of_other_labs(self, user, "submission__lab_id")


def names_shown(case: str) -> Exists:
    """For rows whose column ``case`` names a case: whether its agreed terms show an agency's persons to the lab by name."""
    terms = apps.get_model("submissions", "Terms").objects
    return Exists(terms.filter(AGREED, submission=OuterRef(case), names_shown=True).order_by())


class TermsQuerySet(models.QuerySet):
    def visible_to(self, user, *, at: datetime | None = None):
        submissions = apps.get_model("submissions", "Submission").objects
        return self.filter(
            submission_id__in=submissions.visible_to(user, scope=FACTS, at=at).order_by().values("pk")
        )


class ContactQuerySet(models.QuerySet):
    def visible_to(self, user, *, at: datetime | None = None):
        """Contacts of the cases whose facts this person may read."""
        submissions = apps.get_model("submissions", "Submission").objects
        return self.filter(
            submission_id__in=submissions.visible_to(user, scope=FACTS, at=at).order_by().values("pk")
        )

    def standing(self):
        return self.filter(taken_off_at=None)


class VersionQuerySet(models.QuerySet):
    def unfrozen(self):
        """Versions of documents that no spill hides; whoever names a file beside something else asks this."""
        return self.filter(~frozen(DOCUMENT, "document_id"))


class EvaluationQuerySet(models.QuerySet):
    def unfrozen(self):
        """Rows that were not read from a document that a spill hides."""
        return self.filter(~frozen(DOCUMENT, "source_version__document_id"))

    def visible_to(self, user, *, at: datetime | None = None):
        """Rows of the cases whose facts this person may read."""
        submissions = apps.get_model("submissions", "Submission").objects
        return self.unfrozen().filter(
            submission_id__in=submissions.visible_to(user, scope=FACTS, at=at).order_by().values("pk")
        )


class ObligationQuerySet(models.QuerySet):
    def visible_to(self, user, *, at: datetime | None = None):
        """What is owed to one's own lab; what one's own agency owes; all of the cases they oversee, for those who see every case.

        An agency's people keep seeing what their agency owes when the case itself is no longer theirs to see.
        """
        if not user.is_authenticated or not user.is_active:
            return self.none()
        wanted = Q(submission__lab_id__in=user.organisations_as(Kind.LAB))
        wanted |= self._owed_by(user, Role.COORDINATOR, Role.REVIEWER, Role.SECURITY)
        if agency_wide(user):
            submissions = apps.get_model("submissions", "Submission").objects
            wanted |= Q(submission_id__in=submissions.visible_to(user, at=at).order_by().values("pk"))
        return self.filter(wanted)

    def to_attest_by(self, user):
        """What a person may attest for an agency of theirs: its coordinators and security officers do, but for conflicts."""
        return self.filter(self._owed_by(user, *ATTESTERS))

    def to_attest_for_others_by(self, user):
        """What a person may attest as the programme office: its coordinators do, for agencies that have nobody who could."""
        if Role.COORDINATOR not in agency_wide(user):
            return self.none()
        theirs = apps.get_model("accounts", "Membership").objects.filter(
            organisation=OuterRef("agency"), role__in=ATTESTERS, ended_at=None, user__is_active=True
        )
        barriers = apps.get_model("submissions", "Barrier").objects.order_by().filter(user=OuterRef("user"))
        # Who is kept from the case by a conflict attests nothing on it.
        theirs = theirs.filter(
            ~Exists(barriers.filter(organisation=OuterRef(OuterRef("submission__lab")))),
            ~Exists(barriers.filter(submission=OuterRef(OuterRef("submission")))),
        )
        hidden = no_conflict(user, case="submission_id", lab="submission__lab_id")
        return self.filter(~Exists(theirs.order_by()), hidden)

    def _owed_by(self, user, *roles) -> Q:
        hidden = no_conflict(user, case="submission_id", lab="submission__lab_id")
        return Q(agency_id__in=user.organisations_as(Kind.AGENCY, *roles)) & hidden

    def beyond(self, user):
        """Less those about one's own lab's cases, on the workbench."""
        return of_other_labs(self, user, "submission__lab_id")


class ConflictQuerySet(models.QuerySet):
    def visible_to(self, user):
        """A person's own conflicts; everybody's for the programme's coordinators and auditors, who answer for them."""
        if not user.is_authenticated or not user.is_active:
            return self.none()
        if oversees(user):
            return self
        return self.filter(user=user)

    def standing(self):
        return self.filter(ended_at=None)


class ConflictStatementQuerySet(models.QuerySet):
    def visible_to(self, user):
        """A person's own; nobody reads another's."""
        return self.filter(person=user) if user.is_authenticated and user.is_active else self.none()

    def newest_of(self, person):
        """What this person said last; None for who has said nothing yet."""
        return self.filter(person=person).order_by("-at", "pk").first()


class UploadQuerySet(models.QuerySet):
    def visible_to(self, user, *, at: datetime | None = None):
        """A person's own uploads that have not expired; nobody else ever sees one."""
        if not user.is_authenticated or not user.is_active:
            return self.none()
        return self.filter(person=user, expires_at__gt=at or clock.now())
