"""``/api/v1/inquiries/``: a lab asks whether a model is covered. Asking is optional; nothing waits for it."""

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from portal.accounts.models import Kind, Organisation
from portal.api.fields import Instant, Revision, StrictSerializer
from portal.api.verbs import VerbsMixin
from portal.api.views import ListMixin, PortalViewSet, RetrieveMixin, valid
from portal.errors import Invalid, NotAllowed
from portal.submissions.api.spills import SpillMixin
from reviews import actions, looks, policies
from reviews.api.common import KEY_WORDS, created
from reviews.models import Inquiry
from reviews.states import INQUIRY, InquiryState

verbs = actions.inquiries


class InquirySerializer(serializers.Serializer):
    """An inquiry. After its withdrawal the lab's words are shown to the lab alone."""

    id = serializers.UUIDField()
    number = serializers.CharField()
    state = serializers.ChoiceField(choices=InquiryState.choices)
    revision = serializers.IntegerField()
    lab = serializers.UUIDField(source="lab_id")
    lab_name = serializers.CharField(source="lab.name")
    model_name = serializers.SerializerMethodField()
    created_at = Instant()
    submitted_at = Instant(allow_null=True)
    acknowledged_at = Instant(allow_null=True)
    benchmarking_at = Instant(allow_null=True)
    answered_at = Instant(allow_null=True)
    closed_at = Instant(allow_null=True)
    withdrawn_at = Instant(allow_null=True)

    def get_model_name(self, inquiry: Inquiry) -> str:
        return inquiry.model_name if self._reads(inquiry) else ""

    def _reads(self, inquiry: Inquiry) -> bool:
        return policies.reads_text_of(self.context["request"].user, inquiry)


class InquiryDetailSerializer(InquirySerializer):
    """An inquiry by itself, with its texts and the verbs that are the person's now."""

    question = serializers.SerializerMethodField()
    answer = serializers.CharField(allow_blank=True)
    verbs = serializers.SerializerMethodField()

    def get_question(self, inquiry: Inquiry) -> str:
        return inquiry.question if self._reads(inquiry) else ""

    def get_verbs(self, inquiry: Inquiry) -> list[str]:
        return policies.open_verbs(self.context["request"].user, inquiry)


class InquiryTexts(StrictSerializer):
    """Texts to write; only what is given changes. Both are needed to submit."""

    model_name = serializers.CharField(required=False, allow_blank=True, max_length=200)
    question = serializers.CharField(required=False, allow_blank=True, max_length=20000)


class InquiryInput(InquiryTexts):
    """A new draft."""

    lab = serializers.UUIDField(required=False, help_text="Needed where the person writes for several labs.")
    key = serializers.UUIDField(required=False, help_text=KEY_WORDS)


class InquiryChange(InquiryTexts):
    revision = Revision()


class Answer(StrictSerializer):
    answer = serializers.CharField(max_length=20000)


class InquiryFilter(filters.FilterSet):
    state = filters.MultipleChoiceFilter(choices=InquiryState.choices)
    lab = filters.UUIDFilter(field_name="lab_id")


class InquiryViewSet(SpillMixin, VerbsMixin, ListMixin, RetrieveMixin, PortalViewSet):
    """Inquiries, the newest submission first. In addresses the number stands for the id as well."""

    model = Inquiry
    number_field = "number"
    serializer_class = InquirySerializer
    answer_class = InquiryDetailSerializer
    filterset_class = InquiryFilter
    http_method_names = ["get", "post", "patch", "head"]
    machine, subject, may_take = INQUIRY, "inquiry", staticmethod(policies.may_take)
    verbs = {
        "submit": (verbs.submit, None),
        "acknowledge": (verbs.acknowledge, None),
        "begin_benchmarking": (verbs.begin_benchmarking, None),
        "answer": (verbs.answer, Answer),
        "close": (verbs.close, None),
        "withdraw": (verbs.withdraw, None),
    }

    def visible(self) -> QuerySet:
        return Inquiry.objects.visible_to(self.request.user).for_workbench()

    def get_serializer_class(self) -> type[serializers.Serializer]:
        return self.serializer_class if self.action == "list" else self.answer_class

    def present(self, rows: Sequence[Inquiry], *, listing: bool) -> list[dict]:
        looks.read_inquiries(
            actor=self.request.user, inquiries=rows, verb="listed" if listing else "viewed_inquiry"
        )
        return super().present(rows, listing=listing)

    @extend_schema(request=InquiryInput, responses={201: InquiryDetailSerializer})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Begin an inquiry, seen by the lab alone until it is submitted."""
        labs = request.user.organisations_as(Kind.LAB)
        if not labs:
            raise NotAllowed("Only administrators and contributors of a lab write its inquiries.")
        given = valid(InquiryInput, request)
        wanted, key = given.pop("lab", None), given.pop("key", None)
        if wanted is None and len(labs) > 1:
            raise Invalid("Name the lab: you belong to several.", field="lab")
        lab = Organisation.objects.filter(pk__in=labs, pk=wanted or labs[0]).first()
        if lab is None:
            raise Invalid("You belong to no lab of this id.", field="lab")
        made = actions.create_inquiry(actor=request.user, lab=lab, values=given, key=key)
        return created(self, request, made, name="inquiries")

    @extend_schema(request=InquiryChange, responses={200: InquiryDetailSerializer})
    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Change a draft; only what is given changes."""
        found = self.get_object()
        if not policies.may_ask(request.user, found.lab):
            raise NotAllowed("This is not yours to change.")
        given = valid(InquiryChange, request)
        revision = given.pop("revision", None)
        return self.shown(
            actions.save_inquiry(actor=request.user, inquiry=found, values=given, expected_revision=revision)
        )
