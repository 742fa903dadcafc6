"""``/api/v1/disclosures/``: what a lab is told before an agency discloses anything of its case, and what it says to that."""

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
from portal.submissions import history, looks, policies
from portal.submissions.actions import disclosures as actions
from portal.submissions.api.filters import CaseFilter, agency_named, case_named
from portal.submissions.models import DisclosureNotice, Document, Submission
from portal.submissions.statements import statements
from portal.submissions.states import DISCLOSURE, DisclosureState

LIMIT = DisclosureNotice.TEXT_LIMIT


class DisclosureSerializer(serializers.Serializer):
    """A notice in a list. Until ``due_at`` the lab is waited for; nothing is disclosed before ``disclose_at``."""

    id = serializers.UUIDField()
    state = serializers.ChoiceField(choices=DisclosureState.choices)
    revision = serializers.IntegerField()
    number = serializers.IntegerField()
    submission = serializers.UUIDField(source="submission_id")
    case_number = serializers.CharField(source="submission.case_number")
    agency = serializers.UUIDField(source="agency_id")
    agency_name = serializers.CharField(source="agency.name")
    reference = serializers.CharField(help_text="The number under which the agency keeps the request.")
    excerpt = serializers.CharField(help_text="The beginning of what is asked for.")
    given_at = Instant()
    due_at = Instant()
    answered_at = Instant(allow_null=True)
    decided_at = Instant(allow_null=True)
    disclose_at = Instant(allow_null=True)
    disclosed_at = Instant(allow_null=True)


class StatementSerializer(serializers.Serializer):
    """What one side said: the notice itself, the lab's grounds, the agency's reasons. An agency's person is named to agencies."""

    verb = serializers.ChoiceField(choices=list(history.DISCLOSURES))
    at = Instant()
    who = serializers.CharField()
    text = serializers.CharField()


class DisclosureDetailSerializer(DisclosureSerializer):
    """A notice by itself, with everything said to it, the documents it names that are open to the reader, and their verbs."""

    text = serializers.CharField()
    documents = serializers.ListField(child=serializers.UUIDField(), source="shown_documents")
    documents_closed = serializers.IntegerField(help_text="How many more it names.")
    statements = StatementSerializer(many=True, source="shown_statements")
    verbs = serializers.SerializerMethodField()

    def get_verbs(self, notice: DisclosureNotice) -> list[str]:
        return policies.open_notice_verbs(self.context["request"].user, notice)


class NoticeInput(StrictSerializer):
    submission = serializers.CharField(max_length=40, help_text="The id or case number of the case.")
    reference = serializers.CharField(max_length=80)
    text = serializers.CharField(max_length=LIMIT)
    documents = serializers.ListField(child=serializers.UUIDField(), required=False, max_length=100)
    agency = serializers.UUIDField(
        required=False, help_text="The agency that gives it; needed where the person acts for several."
    )


class WordsInput(StrictSerializer):
    reason = serializers.CharField(max_length=LIMIT, required=False, allow_blank=True)


class GroundsInput(StrictSerializer):
    # Left out is empty: it is for the state table to say that the step asks for one.
    reason = serializers.CharField(max_length=LIMIT, default="", allow_blank=True)


class DiscloseInput(GroundsInput):
    disclose_at = serializers.DateTimeField(
        required=False, help_text="Left out: at once, or after the days an objecting lab is told beforehand."
    )


class DisclosedInput(WordsInput):
    unmarked = serializers.ListField(
        child=serializers.UUIDField(),
        required=False,
        max_length=100,
        help_text="Documents of the notice that are public as a whole: their commercial mark is taken off.",
    )


def record_disclosure(
    *,
    actor: Any,
    notice: DisclosureNotice,
    unmarked: Iterable[UUID] = (),
    reason: str = "",
    expected_revision: int | None = None,
) -> DisclosureNotice:
    """It was disclosed, now that the date the lab was given has come; ``unmarked`` documents are public as a whole."""
    wanted = set(unmarked)
    found = list(notice.documents.filter(pk__in=wanted))
    if len(found) < len(wanted):
        raise Invalid("Choose documents that the lab was told of.", field="unmarked")
    return actions.record_disclosure(
        actor=actor, notice=notice, unmarked=found, reason=reason, expected_revision=expected_revision
    )


class DisclosureFilter(filters.FilterSet):
    submission = CaseFilter(field_name="submission_id")
    state = filters.MultipleChoiceFilter(
        choices=DisclosureState.choices, method="in_state", help_text="One state or several."
    )
    agency = filters.UUIDFilter(field_name="agency_id")

    def in_state(self, queryset: QuerySet, name: str, value: list[str]) -> QuerySet:
        return queryset.in_state(*value, at=clock.now()) if value else queryset  # type: ignore[attr-defined]


class DisclosureViewSet(VerbsMixin, ListMixin, RetrieveMixin, PortalViewSet):
    """Disclosure notices, the newest first. Each reading is recorded and shown to the lab."""

    model = DisclosureNotice
    serializer_class = DisclosureSerializer
    answer_class = DisclosureDetailSerializer
    filterset_class = DisclosureFilter
    http_method_names = ["get", "post", "head"]
    machine, subject, may_take = DISCLOSURE, "notice", staticmethod(policies.may_take_notice)
    verbs = {
        "object": (actions.object_to, GroundsInput),
        "not_object": (actions.not_object, WordsInput),
        "decide_to_disclose": (actions.decide_to_disclose, DiscloseInput),
        "decide_not_to_disclose": (actions.decide_not_to_disclose, WordsInput),
        "record_disclosure": (record_disclosure, DisclosedInput),
        "report_suit": (actions.report_suit, GroundsInput),
        "drop": (actions.drop, WordsInput),
    }

    def visible(self) -> QuerySet:
        rows = DisclosureNotice.objects.visible_to(self.request.user)
        rows = rows.in_short() if self.action == "list" else rows.whole().in_short().defer(None)
        return rows.order_by("-given_at", "id")

    def get_serializer_class(self) -> type[serializers.Serializer]:
        return self.serializer_class if self.action == "list" else self.answer_class

    def present(self, rows: Sequence[DisclosureNotice], *, listing: bool) -> list[dict]:
        if listing:
            cases = {row.submission_id: row.submission for row in rows}
            looks.listed(actor=self.request.user, submissions=cases.values(), verb="listed_disclosures")
        else:
            looks.looked(
                actor=self.request.user,
                submission=rows[0].submission,
                verb="viewed_disclosures",
                subject=rows[0],
            )
            self._tell(rows[0])
        return super().present(rows, listing=listing)

    def _tell(self, notice: Any) -> None:
        user = self.request.user
        named = [document.pk for document in notice.documents.all()]
        open_to = Document.objects.visible_to(user).filter(pk__in=named).order_by("created_at", "id")
        notice.shown_documents = list(open_to.values_list("pk", flat=True))
        notice.documents_closed = len(named) - len(notice.shown_documents)
        notice.shown_statements = statements(
            notice, for_lab=notice.submission.lab_id in user.organisations_as(Kind.LAB)
        )

    def answer(self, result: DisclosureNotice) -> Response:
        """The object with everything that was said to it."""
        return self.shown(self.visible().get(pk=result.pk))

    @extend_schema(request=NoticeInput, responses={201: DisclosureDetailSerializer})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Give a lab notice that one's agency was asked to disclose something of its case."""
        if not policies.gives_notices(request.user):
            raise NotAllowed("Coordinators of agencies give this notice.")
        given = valid(NoticeInput, request)
        case = case_named(request.user, given["submission"]).first()
        if case is None:
            raise Http404
        made = actions.give_notice(
            actor=request.user,
            submission=case,
            reference=given["reference"],
            text=given["text"],
            documents=_documents(request.user, case, given.get("documents", [])),
            agency=agency_named(given.get("agency")),
        )
        answer = self.answer(made)
        answer.status_code = 201
        answer["Location"] = reverse("disclosures-detail", args=[made.pk], request=request)
        return answer


def _documents(user: Any, case: Submission, wanted: list[UUID]) -> list[Document]:
    found = list(Document.objects.visible_to(user).filter(submission=case, pk__in=wanted))
    if len(found) < len(set(wanted)):
        raise Invalid("Name documents of this case.", field="documents")
    return found
