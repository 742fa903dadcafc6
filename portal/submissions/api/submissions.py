"""``/api/v1/submissions/``: cases, as far as the audience shows them, and the verbs of their state table."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db.models import Prefetch, QuerySet, prefetch_related_objects
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from portal import clock
from portal.accounts.models import Kind, Organisation
from portal.api.fields import Instant, Revision, StrictSerializer
from portal.api.verbs import VerbsMixin
from portal.api.views import ListMixin, PortalViewSet, RetrieveMixin, valid
from portal.errors import Invalid, NotAllowed, Refused
from portal.submissions import actions, looks, policies
from portal.submissions.api.facts import FactsInput, FactsSerializer, FactsShortSerializer
from portal.submissions.api.filters import SubmissionFilter
from portal.submissions.api.sight import SightRoutes
from portal.submissions.api.terms import TermsRoutes
from portal.submissions.models import Facts, Submission, Terms
from portal.submissions.next_steps import lab_steps, next_step, next_steps
from portal.submissions.querysets import FACTS
from portal.submissions.states import MACHINE, State

DATES = ("planned_partner_release", "planned_public_release")
SIGNATURES = ("submission_id", "number", "lab_accepted_at", "government_accepted_at")


class NextStepSerializer(serializers.Serializer):
    """What comes next and by whom; a date of the government's is a target, and holds nothing of the lab's."""

    by = serializers.CharField()
    verb = serializers.CharField()
    text = serializers.CharField()
    due_at = Instant(allow_null=True)
    optional = serializers.BooleanField()


class SubmissionSerializer(serializers.Serializer):
    """A case in a list. ``facts`` is null where the person may know of the case but not read its facts."""

    id = serializers.UUIDField()
    case_number = serializers.CharField()
    state = serializers.ChoiceField(choices=State.choices)
    revision = serializers.IntegerField()
    lab = serializers.UUIDField(source="lab_id")
    lab_name = serializers.CharField(source="lab.name")
    planned_partner_release = Instant(allow_null=True)
    planned_public_release = Instant(allow_null=True)
    released_at = Instant(allow_null=True)
    created_at = Instant()
    submitted_at = Instant(allow_null=True)
    acknowledged_at = Instant(allow_null=True)
    correction_asked_at = Instant(allow_null=True)
    agreed_at = Instant(allow_null=True)
    access_provided_at = Instant(allow_null=True)
    first_grant_starts_at = Instant(allow_null=True)
    opens_at = Instant(allow_null=True)
    closes_at = Instant(allow_null=True)
    closed_at = Instant(allow_null=True)
    withdrawn_at = Instant(allow_null=True)
    # ``present`` puts what these show on the row: a serializer of its own for each row would cost more than the rows.
    facts = FactsShortSerializer(source="shown_facts", allow_null=True)
    next = NextStepSerializer(source="shown_next", allow_null=True)


class SubmissionDetailSerializer(SubmissionSerializer):
    """A case by itself: with all of its facts, everything that can happen next, and the verbs that are the person's now."""

    facts = FactsSerializer(source="shown_facts", allow_null=True)
    next_steps = serializers.SerializerMethodField()
    verbs = serializers.SerializerMethodField()

    def get_next_steps(self, case: Submission) -> NextStepSerializer(many=True):  # type: ignore[valid-type]
        own = case.lab_id in self.context["request"].user.organisations_as(Kind.LAB)
        found = (lab_steps if own else next_steps)(case, at=self.context["at"])
        return NextStepSerializer(found, many=True).data

    def get_verbs(self, case: Submission) -> list[str]:
        return policies.open_verbs(self.context["request"].user, case, at=self.context["at"])


class DatesInput(StrictSerializer):
    """The lab's plan; a date that is not given stays, null takes it away."""

    planned_partner_release = Instant(required=False, allow_null=True)
    planned_public_release = Instant(required=False, allow_null=True)


class DraftInput(DatesInput):
    """A new draft. Anything may be missing until it is submitted."""

    lab = serializers.UUIDField(required=False, help_text="Needed where the person writes for several labs.")
    facts = FactsInput(required=False)
    key = serializers.UUIDField(
        required=False, help_text="The same key twice makes one draft; the second is a 409."
    )


class DraftChange(DatesInput):
    facts = FactsInput(required=False)
    revision = Revision()


class Correction(StrictSerializer):
    facts = FactsInput()
    revision = Revision()


class ProvideAccess(StrictSerializer):
    instructions = serializers.CharField(
        max_length=20000, help_text="How the government reaches the model; sealed at rest."
    )


class AcceptTerms(StrictSerializer):
    version = serializers.IntegerField(
        required=False,
        min_value=1,
        max_value=2**31 - 1,
        help_text="The version that was read; the newest when not given.",
    )


class MoveDates(StrictSerializer):
    planned_partner_release = Instant(required=False, allow_null=True)
    planned_public_release = Instant(required=False)


def move_dates(
    *, actor: Any, submission: Submission, expected_revision: int | None = None, **dates: Any
) -> Submission:
    """Move the lab's planned dates: window, grants that start with the partner release, and reminders follow at once.

    A date that is not given stays as it is; null takes the partner release away. A window that has ended stays what it was.
    """
    if len(dates) < len(DATES) and expected_revision is None:
        # The date left out is the one just read: if somebody moves it now, this call must not move it back.
        expected_revision = submission.revision
    kept = {name: getattr(submission, name) for name in DATES}
    return actions.move_dates(
        actor=actor, submission=submission, expected_revision=expected_revision, **kept | dates
    )


class SubmissionViewSet(TermsRoutes, SightRoutes, VerbsMixin, ListMixin, RetrieveMixin, PortalViewSet):
    """Cases. In addresses the case number stands for the id as well."""

    model = Submission
    number_field = "case_number"
    serializer_class = SubmissionSerializer
    answer_class = SubmissionDetailSerializer
    filterset_class = SubmissionFilter
    http_method_names = ["get", "post", "patch", "head"]
    machine, subject, may_take = MACHINE, "submission", staticmethod(policies.may_take)
    verbs = {
        "submit": (actions.submit, None),
        "acknowledge": (actions.acknowledge, None),
        "request_correction": (actions.request_correction, None),
        "accept_terms": (actions.accept_terms, AcceptTerms),
        "provide_access": (actions.provide_access, ProvideAccess),
        "move_dates": (move_dates, MoveDates),
        "release": (actions.release, None),
        "withdraw": (actions.withdraw, None),
        "close": (actions.close, None),
    }

    def visible(self) -> QuerySet:
        """Newest submission first; a lab's drafts before all."""
        cases = Submission.objects.visible_to(self.request.user)
        return cases.select_related("lab").order_by("-submitted_at", "id")

    def get_serializer_class(self) -> type[serializers.Serializer]:
        return self.serializer_class if self.action == "list" else self.answer_class

    def present(self, rows: Sequence[Submission], *, listing: bool) -> list[dict]:
        """Facts come from a second query, since record and facts open and close at different times; seen facts are a look."""
        at = clock.now()
        facts = self._facts([case.pk for case in rows], short=listing)
        read = [case for case in rows if case.pk in facts]
        if listing:
            looks.listed(actor=self.request.user, submissions=read)
        elif read:
            looks.looked(actor=self.request.user, submission=read[0], verb="viewed_case")
        # What comes next depends on the terms.
        prefetch_related_objects(rows, Prefetch("terms", Terms.objects.only(*SIGNATURES)))
        for case in rows:
            case.shown_facts, case.shown_next = facts.get(case.pk), next_step(case, at=at)
        context = self.get_serializer_context() | {"at": at}
        serializer = self.serializer_class if listing else self.answer_class
        return list(serializer(rows, many=True, context=context).data)

    def _facts(self, ids: list[UUID], *, short: bool) -> dict[UUID, Facts]:
        open_to = Submission.objects.visible_to(self.request.user, scope=FACTS)
        cases = open_to.filter(pk__in=ids, facts__isnull=False).select_related("facts").order_by()
        texts = FactsShortSerializer().fields if short else FactsSerializer().fields
        return {case.pk: case.facts for case in cases.only("id", *(f"facts__{name}" for name in texts))}

    @extend_schema(request=DraftInput, responses={201: SubmissionDetailSerializer})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Begin a draft, seen by the lab alone."""
        labs = request.user.organisations_as(Kind.LAB)
        if not labs:
            raise NotAllowed("Only administrators and contributors of a lab write its submissions.")
        given = valid(DraftInput, request)
        dates = {name: given[name] for name in DATES if name in given}
        case = actions.create_draft(
            actor=request.user,
            lab=_lab(labs, given.get("lab")),
            facts=given.get("facts"),
            dates=dates,
            key=given.get("key"),
        )
        answer = self.shown(case, status=201)
        answer["Location"] = reverse("submissions-detail", args=[case.pk], request=request)
        return answer

    @extend_schema(request=DraftChange, responses={200: SubmissionDetailSerializer})
    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Change a draft; only what is given changes."""
        case = self._to_edit("save_draft")
        given = valid(DraftChange, request)
        return self.shown(
            actions.save_draft(
                actor=request.user,
                submission=case,
                facts=given.get("facts"),
                dates={name: given[name] for name in DATES if name in given},
                expected_revision=given.get("revision"),
            )
        )

    @extend_schema(request=Correction, responses={200: SubmissionDetailSerializer})
    @action(detail=True, methods=["post"], url_path="correct_facts")
    def correct_facts(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Correct a submitted case's facts by a new version; the earlier ones stay."""
        case = self._to_edit("correct_facts")
        given = valid(Correction, request)
        return self.shown(
            actions.correct_facts(
                actor=request.user,
                submission=case,
                facts=given["facts"],
                expected_revision=given.get("revision"),
            )
        )

    def _to_edit(self, edit: str) -> Submission:
        case = self.get_object()
        if not policies.may_edit(self.request.user, case, edit):
            raise NotAllowed("This is not yours to change.")
        return case

    def handle_exception(self, exc: Exception) -> Response:
        """Facts stand one level down in the API, so an action's ``summary`` is ``facts.summary`` here."""
        if isinstance(exc, Refused) and exc.field in Facts.TEXTS:
            exc.field = f"facts.{exc.field}"
        return super().handle_exception(exc)


def _lab(labs: list[UUID], wanted: UUID | None) -> Organisation:
    """The lab a draft is for, among those the person belongs to."""
    if wanted is None and len(labs) > 1:
        raise Invalid("Name the lab: you belong to several.", field="lab")
    found = Organisation.objects.filter(pk__in=labs, pk=wanted or labs[0]).first()
    if found is None:
        raise Invalid("You belong to no lab of this id.", field="lab")
    return found
