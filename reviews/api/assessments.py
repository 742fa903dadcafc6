"""``/api/v1/assessments/``: what reviewers found. A lab reads from shared on, and names no person it may not know."""

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from portal.accounts.models import Kind
from portal.api.fields import Instant, Revision, StrictSerializer
from portal.api.verbs import VerbsMixin
from portal.api.views import ListMixin, PortalViewSet, RetrieveMixin, valid
from portal.errors import Invalid, NotAllowed
from portal.submissions.api.filters import CaseFilter
from portal.submissions.api.spills import SpillMixin
from reviews import actions, looks, policies
from reviews.api import retests
from reviews.api.common import CASE, KEY_WORDS, case_of, created
from reviews.api.logs import LogsField
from reviews.api.retests import RetestAnswerInput, RetestInput, RetestShown, VersionOpened
from reviews.models import Assessment, AssessmentAnswer, Domain, RubricQuestion
from reviews.models.assessments import ACCESS_USED
from reviews.rubrics import answers_of
from reviews.states import ASSESSMENT, AssessmentState


class AssessmentSerializer(serializers.Serializer):
    """An assessment. It has no score and recommends nothing about a release. To a lab, ``author`` is a stable name."""

    id = serializers.UUIDField()
    state = serializers.ChoiceField(choices=AssessmentState.choices)
    revision = serializers.IntegerField()
    submission = serializers.UUIDField(source="submission_id")
    case_number = serializers.CharField(source="submission.case_number")
    author = serializers.SerializerMethodField()
    agency_name = serializers.CharField(source="assignment.agency.name")
    domain = serializers.ChoiceField(choices=Domain.choices)
    created_at = Instant()
    check_asked_at = Instant(allow_null=True)
    peer_checked_at = Instant(allow_null=True)
    shared_at = Instant(allow_null=True)
    responded_at = Instant(allow_null=True)
    finalized_at = Instant(allow_null=True)

    def get_author(self, assessment: Assessment) -> str:
        return assessment.author_shown if self._for_lab(assessment) else assessment.author.name

    def _for_lab(self, assessment: Assessment) -> bool:
        return assessment.submission.lab_id in self.context["request"].user.organisations_as(Kind.LAB)


class RubricPinned(serializers.Serializer):
    """The version of a domain's questions that an assessment answers."""

    domain = serializers.ChoiceField(choices=Domain.choices)
    number = serializers.IntegerField()


class AnswerShown(serializers.Serializer):
    """One question of the rubric, and what the assessment answers to it, in words."""

    key = serializers.CharField(source="question.key")
    title = serializers.CharField(source="question.title")
    guidance = serializers.CharField(source="question.guidance", allow_blank=True)
    covered = serializers.ChoiceField(choices=AssessmentAnswer.Covered.choices, allow_blank=True)
    text = serializers.CharField(allow_blank=True)
    answered = serializers.BooleanField(
        source="is_given",
        help_text="Whether it says how far the question was studied, and something in words.",
    )


class AssessmentDetailSerializer(AssessmentSerializer):
    """An assessment by itself, with its texts and the verbs that are the person's now."""

    method = serializers.CharField(allow_blank=True)
    access_used = serializers.ChoiceField(choices=ACCESS_USED, allow_blank=True)
    hours = serializers.DecimalField(max_digits=7, decimal_places=2, allow_null=True)
    findings = serializers.CharField(allow_blank=True)
    limitations = serializers.CharField(allow_blank=True)
    confidence = serializers.ChoiceField(choices=Assessment.Confidence.choices, allow_blank=True)
    classified_pointer = serializers.SerializerMethodField()
    rubric = RubricPinned(allow_null=True)
    answers = serializers.SerializerMethodField(
        help_text="Every question of the rubric; one that is not answered keeps no step waiting."
    )
    versions_read = VersionOpened(many=True)
    logs = LogsField()
    response = serializers.CharField(allow_blank=True)
    asks_retest = serializers.BooleanField(help_text="Whether the lab asked for a retest with its response.")
    retests = RetestShown(many=True)
    verbs = serializers.SerializerMethodField()

    def get_classified_pointer(self, assessment: Assessment) -> str:
        """An opaque reference; not told to labs."""
        return "" if self._for_lab(assessment) else assessment.classified_pointer

    @extend_schema_field(AnswerShown(many=True))
    def get_answers(self, assessment: Assessment) -> list[dict]:
        return [dict(row) for row in AnswerShown(answers_of(assessment), many=True).data]

    def get_verbs(self, assessment: Assessment) -> list[str]:
        return policies.open_verbs(self.context["request"].user, assessment)


class AnswerInput(StrictSerializer):
    """An answer to one question of the assessment's rubric; only what is given changes."""

    key = serializers.CharField(max_length=60)
    covered = serializers.ChoiceField(
        choices=AssessmentAnswer.Covered.choices, required=False, allow_blank=True
    )
    text = serializers.CharField(required=False, allow_blank=True, max_length=20000)


class AssessmentTexts(StrictSerializer):
    """Texts to write; only what is given changes."""

    answers = serializers.ListField(child=AnswerInput(), required=False, max_length=RubricQuestion.MOST)

    domain = serializers.ChoiceField(choices=Domain.choices, required=False)
    method = serializers.CharField(required=False, allow_blank=True, max_length=20000)
    access_used = serializers.ChoiceField(choices=ACCESS_USED, required=False, allow_blank=True)
    hours = serializers.DecimalField(
        max_digits=7, decimal_places=2, min_value=0, required=False, allow_null=True
    )
    findings = serializers.CharField(required=False, allow_blank=True, max_length=100000)
    limitations = serializers.CharField(required=False, allow_blank=True, max_length=20000)
    confidence = serializers.ChoiceField(
        choices=Assessment.Confidence.choices, required=False, allow_blank=True
    )
    classified_pointer = serializers.CharField(required=False, allow_blank=True, max_length=40)


class AssessmentInput(AssessmentTexts):
    """A new draft."""

    submission = CASE
    ask_check = serializers.BooleanField(
        required=False,
        help_text="Ask the other reviewers for the check; when left out, as soon as nothing is missing.",
    )
    key = serializers.UUIDField(required=False, help_text=KEY_WORDS)


class AssessmentChange(AssessmentTexts):
    revision = Revision()


class AskCheck(StrictSerializer):
    revision = Revision()


class MoveRubric(StrictSerializer):
    number = serializers.IntegerField(
        required=False, help_text="The version that is meant; refused when another is the newest by now."
    )
    revision = Revision()


class LabResponse(StrictSerializer):
    response = serializers.CharField(max_length=100000)
    asks_retest = serializers.BooleanField(
        default=False, help_text="Ask that what was found be tried again. Nothing waits for it."
    )


class AssessmentFilter(filters.FilterSet):
    submission = CaseFilter(field_name="submission_id")
    state = filters.MultipleChoiceFilter(choices=AssessmentState.choices)
    domain = filters.ChoiceFilter(choices=Domain.choices)


class AssessmentViewSet(SpillMixin, VerbsMixin, ListMixin, RetrieveMixin, PortalViewSet):
    """Assessments, the newest first. Each reading is recorded and shown to the lab."""

    model = Assessment
    serializer_class = AssessmentSerializer
    answer_class = AssessmentDetailSerializer
    filterset_class = AssessmentFilter
    http_method_names = ["get", "post", "patch", "head"]
    machine, subject, may_take = ASSESSMENT, "assessment", staticmethod(policies.may_take)
    verbs = {
        "peer_check": (actions.peer_check, None),
        "share": (actions.share, None),
        "respond": (actions.respond, LabResponse),
        "finalize": (actions.finalize, None),
    }

    def visible(self) -> QuerySet:
        rows = Assessment.objects.visible_to(self.request.user).for_workbench().with_public_names()
        if self.action == "list":
            return rows
        return rows.with_answers().with_retests().with_versions_read()

    def get_serializer_class(self) -> type[serializers.Serializer]:
        return self.serializer_class if self.action == "list" else self.answer_class

    def present(self, rows: Sequence[Assessment], *, listing: bool) -> list[dict]:
        if listing:
            looks.read_assessments(actor=self.request.user, assessments=rows)
        else:
            looks.read_assessment(actor=self.request.user, assessment=rows[0])
        return super().present(rows, listing=listing)

    def answer(self, result: Assessment) -> Response:
        """The object with what its list's rows carry."""
        return self.shown(self.visible().get(pk=result.pk))

    @extend_schema(request=AssessmentInput, responses={201: AssessmentDetailSerializer})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Begin a draft of one's own, on a case where one is an active reviewer."""
        if not policies.reviews_for_an_agency(request.user):
            raise NotAllowed("Only active reviewers of a case write assessments.")
        given = valid(AssessmentInput, request)
        case = case_of(request.user, given.pop("submission"))
        answers = _answers(given)
        key, asked = given.pop("key", None), given.pop("ask_check", None)
        if asked is None:
            asked = all(given.get(name) not in (None, "") for name in Assessment.REQUIRED)
        made = actions.create_assessment(
            actor=request.user, submission=case, values=given, answers=answers, ask_check=asked, key=key
        )
        return created(self, request, made, name="assessments")

    @extend_schema(request=AssessmentChange, responses={200: AssessmentDetailSerializer})
    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Change one's draft; only what is given changes."""
        found = self._own_draft()
        given = valid(AssessmentChange, request)
        revision, answers = given.pop("revision", None), _answers(given)
        return self.answer(
            actions.save_assessment(
                actor=request.user,
                assessment=found,
                values=given,
                answers=answers,
                expected_revision=revision,
            )
        )

    @extend_schema(request=AskCheck, responses={200: AssessmentDetailSerializer})
    @action(detail=True, methods=["post"], url_path="ask_check")
    def ask_check(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Open one's complete draft to the other reviewers of the case, and ask them for the check."""
        found = self._own_draft()
        given = valid(AskCheck, request)
        return self.answer(
            actions.ask_check(actor=request.user, assessment=found, expected_revision=given.get("revision"))
        )

    @extend_schema(request=MoveRubric, responses={200: AssessmentDetailSerializer})
    @action(detail=True, methods=["post"], url_path="move_rubric")
    def move_rubric(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Pin one's draft to the newest version of its rubric. Answers to unchanged questions are kept; of a question in new
        words the text stays and is not answered; answers to questions that are gone are gone.
        """
        found = self._own_draft()
        given = valid(MoveRubric, request)
        revision = given.pop("revision", None)
        return self.answer(
            actions.move_rubric(actor=request.user, assessment=found, expected_revision=revision, **given)
        )

    @extend_schema(request=RetestInput, responses={200: AssessmentDetailSerializer})
    @action(detail=True, methods=["post"], url_path="retest")
    def retest(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Record a retest of a shared assessment, as its author or another active reviewer of the case, until it is final. The
        lab reads it at once.
        """
        found = self.get_object()
        if not policies.capacities(request.user, found) & {"lead", "reviewer"}:
            raise NotAllowed("Only active reviewers of the case record a retest.")
        retests.record(request.user, found, valid(RetestInput, request))
        return self.answer(found)

    @extend_schema(request=RetestAnswerInput, responses={200: AssessmentDetailSerializer})
    @action(detail=True, methods=["post"], url_path="answer_retest")
    def answer_retest(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Answer a retest of one's lab's case, once; nothing waits for it."""
        found = self.get_object()
        if "lab" not in policies.capacities(request.user, found):
            raise NotAllowed("The case's lab answers a retest.")
        retests.answer(request.user, found, **valid(RetestAnswerInput, request))
        return self.answer(found)

    def _own_draft(self) -> Assessment:
        found = self.get_object()
        if "author" not in policies.capacities(self.request.user, found):
            raise NotAllowed("This is its author's to change.")
        return found


def _answers(given: dict) -> dict[str, dict[str, str]]:
    """The answers of a body, which loses them, by the keys of their questions."""
    rows = given.pop("answers", ())
    keys = [row["key"] for row in rows]
    if len(keys) != len(set(keys)):
        raise Invalid("A question is answered twice.", field="answers")
    return {row["key"]: {name: row[name] for name in ("covered", "text") if name in row} for row in rows}
