"""``/api/v1/grants/``: partners' early access to single cases, and the verbs of its state table."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db.models import Prefetch, QuerySet
from django.http import Http404
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from partners import actions, policies
from partners.api.reports import ReportsMixin
from partners.api.serializers import GrantDetailSerializer, GrantSerializer, PartnerTermsSerializer
from partners.models import Grant, GrantDocument, GrantUser, PartnerProfile, PartnerTerms
from partners.reading import opened_to
from partners.states import MACHINE, State
from portal import clock
from portal.accounts.models import User
from portal.api.fields import Instant, Revision, StrictSerializer
from portal.api.verbs import VerbsMixin
from portal.api.views import ListMixin, PortalViewSet, RetrieveMixin, valid
from portal.errors import Invalid, NotAllowed
from portal.stepup import confirms
from portal.submissions import looks
from portal.submissions.api.filters import CaseFilter, case_named
from portal.submissions.models import Document, Facts, Submission


class GrantInput(StrictSerializer):
    """A proposal. Without ``starts_at`` the grant starts with the lab's planned partner release and follows it."""

    submission = serializers.CharField(max_length=40, help_text="The id or case number of the case.")
    partner = serializers.UUIDField(help_text="The id of an eligible partner organisation.")
    purpose = serializers.CharField(max_length=20000)
    starts_at = Instant(required=False, allow_null=True)
    expires_at = Instant(
        required=False, allow_null=True, help_text="The programme's usual time when not given."
    )
    follows_partner_release = serializers.BooleanField(default=False)
    access_mode = serializers.ChoiceField(choices=Facts.AccessMode.choices, required=False)
    documents = serializers.ListField(
        child=serializers.UUIDField(),
        required=False,
        max_length=200,
        help_text="Ids of documents of the case.",
    )
    instructions = serializers.CharField(
        required=False,
        max_length=20000,
        help_text="How the partner reaches the model; from the lab only, sealed.",
    )


class AcceptInput(StrictSerializer):
    version = serializers.IntegerField(
        required=False,
        min_value=1,
        max_value=2**31 - 1,
        help_text="The version of the partner terms that was read; the newest when not given.",
    )
    users = serializers.ListField(
        child=serializers.UUIDField(),
        required=False,
        max_length=200,
        help_text="Ids of the members who will use the model; who accepts, when not given.",
    )


class ExtendInput(StrictSerializer):
    expires_at = Instant()


class UserInput(StrictSerializer):
    user = serializers.UUIDField()


class DocumentsInput(StrictSerializer):
    documents = serializers.ListField(child=serializers.UUIDField(), max_length=200)
    revision = Revision()


class InstructionsInput(StrictSerializer):
    instructions = serializers.CharField(max_length=20000)
    revision = Revision()


class InstructionsShown(serializers.Serializer):
    instructions = serializers.CharField(allow_blank=True)


class GrantFilter(filters.FilterSet):
    state = filters.MultipleChoiceFilter(
        choices=State.choices, method="in_state", help_text="One state or several."
    )
    submission = CaseFilter(field_name="submission_id")
    partner = filters.UUIDFilter(field_name="partner_id")

    def in_state(self, queryset: QuerySet, name: str, value: list[str]) -> QuerySet:
        return queryset.in_state(*value, at=clock.now()) if value else queryset  # type: ignore[attr-defined]


def accept(
    *,
    actor: Any,
    grant: Grant,
    version: int | None = None,
    users: list[UUID] | None = None,
    expected_revision: int | None = None,
) -> Grant:
    """Accept the newest partner terms for the organisation and name who will use the model; who accepts, when nobody is named."""
    people = None if users is None else _members(grant, users)
    return actions.accept(
        actor=actor, grant=grant, version=version, users=people, expected_revision=expected_revision
    )


def _members(grant: Grant, ids: list[UUID]) -> list[User]:
    """Members of the grant's partner by their ids; raises Invalid for any other."""
    members = User.objects.filter(
        pk__in=ids, memberships__organisation_id=grant.partner_id, memberships__ended_at=None
    )
    found = list(members.distinct())
    if len(found) != len(set(ids)):
        raise Invalid("Choose members of your organisation.", field="users")
    return found


class GrantViewSet(ReportsMixin, VerbsMixin, ListMixin, RetrieveMixin, PortalViewSet):
    """Grants. A partner sees its own once lab and government agreed to offer them; strangers see none."""

    model = Grant
    serializer_class = GrantSerializer
    answer_class = GrantDetailSerializer
    filterset_class = GrantFilter
    http_method_names = ["get", "post", "head"]
    machine, subject, may_take = MACHINE, "grant", staticmethod(policies.may_take)
    verbs = {
        "consent": (actions.consent, None),
        "concur": (actions.concur, None),
        "accept": (accept, AcceptInput),
        "decline": (actions.decline, None),
        "extend": (actions.extend, ExtendInput),
        "suspend": (actions.suspend, None),
        "resume": (actions.resume, None),
        "revoke": (actions.revoke, None),
        "surrender": (actions.surrender, None),
        "close_out": (actions.close_out, None),
    }

    def visible(self) -> QuerySet:
        found = Grant.objects.visible_to(self.request.user).for_list().select_related("submission__facts")
        if self.action == "list":
            return found
        scope = Prefetch("scope", GrantDocument.objects.filter(ended_at=None).order_by("since", "id"))
        named = Prefetch("named", GrantUser.objects.filter(ended_at=None).select_related("user"))
        return found.prefetch_related(scope, named)

    def get_serializer_class(self) -> type[serializers.Serializer]:
        return self.serializer_class if self.action == "list" else self.answer_class

    def present(self, rows: Sequence[Grant], *, listing: bool) -> list[dict]:
        at, user = clock.now(), self.request.user
        if listing:
            cases = {grant.submission_id: grant.submission for grant in rows}
            looks.listed(actor=user, submissions=cases.values(), verb="listed_grants")
        else:
            for grant in rows:
                looks.looked(actor=user, submission=grant.submission, verb="viewed_grant", subject=grant)
        context = self.get_serializer_context() | {"at": at, "opened": opened_to(user, rows, at=at)}
        return list(self.get_serializer_class()(rows, many=True, context=context).data)

    def answer(self, result: Grant) -> Response:
        """The object after a verb, read anew: what it says of documents and persons may have changed with it."""
        found = self.get_queryset().filter(pk=result.pk).first()
        if found is None:
            raise Http404
        return self.shown(found)

    @extend_schema(request=GrantInput, responses={201: GrantDetailSerializer})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Propose a partner on a case: the proposer's side signs by it."""
        case = self._case(request.data.get("submission") if hasattr(request.data, "get") else None)
        given = valid(GrantInput, request)
        del given["submission"]
        partners = PartnerProfile.objects.visible_to(request.user).select_related("organisation")
        profile = partners.filter(pk=given.pop("partner")).first()
        if profile is None:
            raise Invalid("Choose an eligible partner organisation.", field="partner")
        documents = given.pop("documents", [])
        grant = actions.propose_grant(
            actor=request.user,
            submission=case,
            partner=profile.organisation,
            documents=self._documents(case.pk, documents),
            **given,
        )
        answer = self.answer(grant)
        answer.status_code = 201
        answer["Location"] = reverse("grants-detail", args=[grant.pk], request=request)
        return answer

    def _case(self, named: Any) -> Submission:
        """The case a proposal is for: 404 where the person does not see it, 403 where they propose nothing."""
        if not isinstance(named, str) or not named:
            raise serializers.ValidationError({"submission": ["Name the case by its id or case number."]})
        case = case_named(self.request.user, named).first()
        if case is None:
            raise Http404
        if not policies.proposes(self.request.user, case):
            raise NotAllowed("Partners are proposed by the lab or the programme's coordinator.")
        return case

    def _documents(self, case: UUID, ids: list[UUID]) -> list[Document]:
        found = list(Document.objects.visible_to(self.request.user).filter(pk__in=ids, submission_id=case))
        if len(found) != len(set(ids)):
            raise Invalid("Choose documents of this case.", field="documents")
        return found

    @extend_schema(responses={200: PartnerTermsSerializer}, filters=False)
    @action(detail=True, methods=["get"], url_path="terms")
    def terms(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """The partner terms of this grant: the version that was accepted with it, or the newest, which can be accepted."""
        grant = self.get_object()
        newest = PartnerTerms.objects.visible_to(request.user).order_by("-number").first()
        found = grant.accepted_terms or newest
        if found is None:
            raise Http404
        return Response(PartnerTermsSerializer(found).data)

    @extend_schema(request=UserInput, responses={200: GrantDetailSerializer})
    @action(detail=True, methods=["post"], url_path="name_user")
    def name_user(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Name a member of the partner who will use the model; for the partner's administrators."""
        grant, user = self._person()
        actions.name_user(actor=request.user, grant=grant, user=user)
        return self.answer(grant)

    @extend_schema(request=UserInput, responses={200: GrantDetailSerializer})
    @action(detail=True, methods=["post"], url_path="unname_user")
    def unname_user(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """End a named person's access at once; for the partner's administrators."""
        grant, user = self._person()
        actions.unname_user(actor=request.user, grant=grant, user=user)
        return self.answer(grant)

    def _person(self) -> tuple[Grant, User]:
        grant = self.get_object()
        if "partner" not in policies.capacities(self.request.user, grant):
            raise NotAllowed("The partner's administrators name its people.")
        given = valid(UserInput, self.request)
        person = User.objects.filter(pk=given["user"], memberships__organisation_id=grant.partner_id).first()
        if person is None:
            raise Invalid("This person cannot be named on this grant.", field="user")
        return grant, person

    @extend_schema(request=DocumentsInput, responses={200: GrantDetailSerializer})
    @action(detail=True, methods=["post"], url_path="set_documents")
    def set_documents(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Say which documents are in scope; those left out close at once. For the lab."""
        grant = self._of_lab()
        given = valid(DocumentsInput, request)
        actions.set_documents(
            actor=request.user,
            grant=grant,
            documents=self._documents(grant.submission_id, given["documents"]),
            expected_revision=given.get("revision"),
        )
        return self.answer(grant)

    @extend_schema(request=InstructionsInput, responses={200: GrantDetailSerializer})
    @action(detail=True, methods=["post"], url_path="set_instructions")
    def set_instructions(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Give or replace the partner's access instructions, sealed at rest. For the lab."""
        grant = self._of_lab()
        given = valid(InstructionsInput, request)
        actions.set_instructions(
            actor=request.user,
            grant=grant,
            instructions=given["instructions"],
            expected_revision=given.get("revision"),
        )
        return self.answer(grant)

    def _of_lab(self) -> Grant:
        grant = self.get_object()
        if "lab" not in policies.capacities(self.request.user, grant):
            raise NotAllowed("This is not yours to change.")
        return grant

    @extend_schema(request=None, responses={200: InstructionsShown})
    @action(detail=True, methods=["post"], url_path="reveal_instructions")
    @confirms
    def reveal_instructions(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """The access instructions in clear, for a named person while the grant is active; the look is recorded first."""
        text = actions.reveal_grant_instructions(actor=request.user, grant=self.get_object())
        return Response({"instructions": text}, headers={"Cache-Control": "private, no-store"})
