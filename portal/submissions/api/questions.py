"""``/api/v1/questions/``: what agencies ask a lab about its case, and what it answers. To a lab an asker is an agency."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import Http404
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from portal import clock
from portal.accounts.models import Kind
from portal.api.fields import Instant, StrictSerializer
from portal.api.verbs import VerbsMixin
from portal.api.views import ListMixin, PortalViewSet, RetrieveMixin, valid
from portal.errors import Invalid, NotAllowed
from portal.submissions import looks, policies
from portal.submissions.actions import questions as actions
from portal.submissions.api.documents import VersionSerializer
from portal.submissions.api.filters import CaseFilter, agency_named, case_named
from portal.submissions.api.spills import SpillMixin
from portal.submissions.models import Document, InformationRequest
from portal.submissions.states import REQUEST, RequestState
from portal.submissions.threads import ANSWERED, ASKED, ASKED_AGAIN, MERGED, thread

LIMIT = InformationRequest.TEXT_LIMIT


class QuestionSerializer(serializers.Serializer):
    """A question in a list. ``due_at`` is a target, and nothing waits for it."""

    id = serializers.UUIDField()
    state = serializers.ChoiceField(choices=RequestState.choices)
    revision = serializers.IntegerField()
    number = serializers.IntegerField()
    submission = serializers.UUIDField(source="submission_id")
    case_number = serializers.CharField(source="submission.case_number")
    agency = serializers.UUIDField(source="agency_id")
    agency_name = serializers.CharField(source="agency.name")
    also_asked = serializers.ListField(
        child=serializers.CharField(), help_text="The agencies whose questions were merged into it."
    )
    excerpt = serializers.CharField(help_text="The beginning of its text.")
    asked_at = Instant()
    due_at = Instant()
    answered_at = Instant(allow_null=True)
    merged_into = serializers.UUIDField(source="merged_into_id", allow_null=True)


class AttachedVersion(VersionSerializer):
    """A file that an answer names, where its document is open to the reader."""

    document = serializers.UUIDField(source="document_id")
    title = serializers.CharField(source="document.title")


class SaidSerializer(serializers.Serializer):
    """One contribution: asked, merged (another question that it stands for), answered (a version) or asked again.

    ``who`` is an agency; a person's name follows only where the reader may know it. ``files_closed`` counts those not open to
    the reader.
    """

    kind = serializers.ChoiceField(choices=[ASKED, MERGED, ANSWERED, ASKED_AGAIN])
    at = Instant()
    who = serializers.CharField()
    number = serializers.IntegerField()
    text = serializers.CharField()
    files = AttachedVersion(many=True)
    files_closed = serializers.IntegerField(source="closed")


class QuestionDetailSerializer(QuestionSerializer):
    """A question by itself, with everything that was said to it in order, and the verbs that are the person's now."""

    text = serializers.CharField()
    thread = SaidSerializer(many=True, source="shown_thread")
    verbs = serializers.SerializerMethodField()

    def get_verbs(self, question: InformationRequest) -> list[str]:
        return policies.open_question_verbs(self.context["request"].user, question)


class QuestionInput(StrictSerializer):
    submission = serializers.CharField(max_length=40, help_text="The id or case number of the case.")
    text = serializers.CharField(max_length=LIMIT)
    agency = serializers.UUIDField(
        required=False, help_text="The agency that asks; needed where the person asks for several."
    )


class AnswerInput(StrictSerializer):
    text = serializers.CharField(max_length=LIMIT)
    documents = serializers.ListField(
        child=serializers.UUIDField(),
        required=False,
        max_length=100,
        help_text="Documents of the case that belong to the answer, as they are now.",
    )


class MergeInput(StrictSerializer):
    into = serializers.UUIDField(help_text="The question on the same case that stands for both.")


def answer(
    *,
    actor: Any,
    question: InformationRequest,
    text: str,
    documents: Iterable[UUID] = (),
    expected_revision: int | None = None,
) -> InformationRequest:
    """A version of the lab's answer: the first one, or a correction beside those before it.

    A file is added to the case's documents first, and named here.
    """
    wanted = set(documents)
    seen = Document.objects.visible_to(actor).filter(submission=question.submission_id, pk__in=wanted)
    found = list(seen.prefetch_related("versions"))
    if len(found) < len(wanted):
        raise Invalid("The case has no such document.", field="documents")
    return actions.answer(
        actor=actor, question=question, text=text, documents=found, expected_revision=expected_revision
    )


def merge(
    *, actor: Any, question: InformationRequest, into: UUID, expected_revision: int | None = None
) -> InformationRequest:
    """One of two like questions stands for both: its answer serves the other's agency too, and both agencies are told."""
    others = InformationRequest.objects.visible_to(actor).filter(submission=question.submission_id)
    target = others.filter(pk=into).first()
    if target is None:
        raise Invalid("Choose another question on the same case.", field="into")
    return actions.merge(actor=actor, question=question, into=target, expected_revision=expected_revision)


class QuestionFilter(filters.FilterSet):
    submission = CaseFilter(field_name="submission_id")
    state = filters.MultipleChoiceFilter(
        choices=RequestState.choices, method="in_state", help_text="One state or several."
    )
    agency = filters.UUIDFilter(field_name="agency_id")

    def in_state(self, queryset: QuerySet, name: str, value: list[str]) -> QuerySet:
        return queryset.in_state(*value, at=clock.now()) if value else queryset  # type: ignore[attr-defined]


class QuestionViewSet(SpillMixin, VerbsMixin, ListMixin, RetrieveMixin, PortalViewSet):
    """Questions to labs, the newest first. Each reading is recorded and shown to the lab."""

    model = InformationRequest
    serializer_class = QuestionSerializer
    answer_class = QuestionDetailSerializer
    filterset_class = QuestionFilter
    http_method_names = ["get", "post", "head"]
    machine, subject, may_take = REQUEST, "question", staticmethod(policies.may_take_question)
    verbs = {
        "answer": (answer, AnswerInput),
        "ask_again": (actions.ask_again, None),
        "merge": (merge, MergeInput),
        "withdraw": (actions.withdraw, None),
    }

    def visible(self) -> QuerySet:
        rows = InformationRequest.objects.visible_to(self.request.user)
        rows = rows.in_short() if self.action == "list" else rows.whole().in_short().defer(None)
        return rows.select_related("submission__lab", "agency", "merged_into").order_by("-asked_at", "id")

    def get_serializer_class(self) -> type[serializers.Serializer]:
        return self.serializer_class if self.action == "list" else self.answer_class

    def present(self, rows: Sequence[InformationRequest], *, listing: bool) -> list[dict]:
        if listing:
            cases = {row.submission_id: row.submission for row in rows}
            looks.listed(actor=self.request.user, submissions=cases.values(), verb="listed_questions")
        else:
            question = rows[0]
            looks.looked(
                actor=self.request.user,
                submission=question.submission,
                verb="viewed_questions",
                subject=question,
            )
            self._tell_thread(question)
        return super().present(rows, listing=listing)

    def _tell_thread(self, question: Any) -> None:
        user = self.request.user
        documents = Document.objects.visible_to(user).filter(submission=question.submission_id)
        question.shown_thread = thread(
            question,
            documents=set(documents.order_by().values_list("pk", flat=True)),
            for_lab=question.submission.lab_id in user.organisations_as(Kind.LAB),
        )

    def answer(self, result: InformationRequest) -> Response:
        """The object with everything that was said to it."""
        return self.shown(self.visible().get(pk=result.pk))

    @extend_schema(request=QuestionInput, responses={201: QuestionDetailSerializer})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Ask the lab of a case, for one's own agency. Nothing waits for the answer."""
        if not policies.asks_for_an_agency(request.user):
            raise NotAllowed("Questions are asked by coordinators and reviewers of agencies.")
        given = valid(QuestionInput, request)
        case = case_named(request.user, given["submission"]).first()
        if case is None:
            raise Http404
        made = actions.ask(
            actor=request.user, submission=case, text=given["text"], agency=agency_named(given.get("agency"))
        )
        answer = self.answer(made)
        answer.status_code = 201
        answer["Location"] = reverse("questions-detail", args=[made.pk], request=request)
        return answer
