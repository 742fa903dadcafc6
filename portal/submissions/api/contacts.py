"""``/api/v1/contacts/``: whom the government may call about a case."""

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from portal.api.fields import Instant, StrictSerializer
from portal.api.views import ListMixin, PortalViewSet, RetrieveMixin, valid
from portal.errors import NotAllowed
from portal.submissions import actions, looks, policies
from portal.submissions.api.filters import CaseFilter, case_named
from portal.submissions.models import Contact

CURRENT, TAKEN_OFF = "current", "taken_off"


class ContactSerializer(serializers.Serializer):
    """A contact; one that was taken off stays readable as such."""

    id = serializers.UUIDField()
    state = serializers.SerializerMethodField()
    submission = serializers.UUIDField(source="submission_id")
    case_number = serializers.CharField(source="submission.case_number")
    purpose = serializers.ChoiceField(choices=Contact.Purpose.choices)
    name = serializers.CharField()
    email = serializers.CharField()
    phone = serializers.CharField()
    added_at = Instant()
    taken_off_at = Instant(allow_null=True)

    def get_state(self, contact: Contact) -> str:
        """``current`` or ``taken_off``."""
        return TAKEN_OFF if contact.taken_off_at else CURRENT


class ContactInput(StrictSerializer):
    submission = serializers.CharField(max_length=40, help_text="The id or case number of the case.")
    purpose = serializers.ChoiceField(choices=Contact.Purpose.choices)
    name = serializers.CharField(max_length=200)
    email = serializers.CharField(required=False, allow_blank=True, max_length=254, default="")
    phone = serializers.CharField(required=False, allow_blank=True, max_length=50, default="")


class ContactFilter(filters.FilterSet):
    submission = CaseFilter(field_name="submission_id")


class ContactViewSet(ListMixin, RetrieveMixin, PortalViewSet):
    """Contacts. Reading them is a look at the case's facts."""

    model = Contact
    serializer_class = ContactSerializer
    filterset_class = ContactFilter
    http_method_names = ["get", "post", "head"]

    def visible(self) -> QuerySet:
        found = Contact.objects.visible_to(self.request.user).select_related("submission")
        return found.order_by("-added_at", "id")

    def present(self, rows: Sequence[Contact], *, listing: bool) -> list[dict]:
        cases = {row.submission_id: row.submission for row in rows}
        looks.listed(actor=self.request.user, submissions=cases.values(), verb="viewed_facts")
        return super().present(rows, listing=listing)

    @extend_schema(request=ContactInput, responses={201: ContactSerializer})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Name a contact: an e-mail address or a phone number, or both."""
        given = valid(ContactInput, request)
        case = case_named(request.user, given.pop("submission")).first()
        if case is None:
            raise Http404
        if not policies.may_edit(request.user, case, "add_contact"):
            raise NotAllowed("Only administrators and contributors of the lab name contacts.")
        return self.shown(actions.add_contact(actor=request.user, submission=case, **given), status=201)

    @extend_schema(request=None, responses={200: ContactSerializer})
    @action(detail=True, methods=["post"], url_path="take_off")
    def take_off(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Take a contact off the case."""
        contact = self.get_object()
        if not policies.may_edit(request.user, contact.submission, "take_off_contact"):
            raise NotAllowed("This is not yours to change.")
        return self.shown(actions.take_off_contact(actor=request.user, contact=contact))
