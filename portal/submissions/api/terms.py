"""``/api/v1/submissions/<id>/terms/``: the versions of a case's access terms."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from portal.api.fields import Instant, Revision, StrictSerializer
from portal.api.views import valid
from portal.errors import NotAllowed
from portal.submissions import actions, looks, policies
from portal.submissions.models import Terms
from portal.submissions.querysets import FACTS

AGREED, PROPOSED = "agreed", "proposed"


class TermsSerializer(serializers.Serializer):
    """One version of the access terms under the order's five heads, and which side accepted it when."""

    id = serializers.UUIDField()
    state = serializers.SerializerMethodField()
    number = serializers.IntegerField()
    purpose = serializers.CharField()
    confidentiality = serializers.CharField()
    cybersecurity = serializers.CharField()
    insider_risk = serializers.CharField()
    intellectual_property = serializers.CharField()
    use_nondisclosure = serializers.CharField()
    names_shown = serializers.BooleanField()
    proposed_at = Instant()
    lab_accepted_at = Instant(allow_null=True)
    government_accepted_at = Instant(allow_null=True)

    def get_state(self, terms: Terms) -> str:
        """``agreed`` once both sides accepted this version, else ``proposed``."""
        return AGREED if terms.is_agreed else PROPOSED


class TermsInput(StrictSerializer):
    purpose = serializers.CharField(max_length=20000)
    confidentiality = serializers.CharField(max_length=20000)
    cybersecurity = serializers.CharField(max_length=20000)
    insider_risk = serializers.CharField(max_length=20000)
    intellectual_property = serializers.CharField(max_length=20000)
    use_nondisclosure = serializers.CharField(max_length=20000)
    names_shown = serializers.BooleanField(default=False)
    revision = Revision()


class TermsRoutes:
    """Routes of a case that read and propose terms."""

    @extend_schema(
        operation_id="submissions_terms_list", responses={200: TermsSerializer(many=True)}, filters=False
    )
    @action(detail=True, methods=["get"], url_path="terms")
    def terms(self: Any, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Every version of the access terms, the newest first."""
        case = self.get_object()
        if not policies.may_see(request.user, case, FACTS):
            raise NotAllowed("The access terms are not open to you now.")
        page = self.paginate_queryset(
            Terms.objects.visible_to(request.user).filter(submission=case).order_by("-number")
        )
        looks.looked(actor=request.user, submission=case, verb="viewed_terms")
        return self.get_paginated_response(TermsSerializer(page, many=True).data)

    @extend_schema(
        operation_id="submissions_terms_propose", request=TermsInput, responses={201: TermsSerializer}
    )
    @terms.mapping.post
    def propose_terms(self: Any, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Propose a new version of the access terms; every head needs a text."""
        case = self._to_edit("propose_terms")
        given = valid(TermsInput, request)
        revision, names_shown = given.pop("revision", None), given.pop("names_shown")
        version = actions.propose_terms(
            actor=request.user,
            submission=case,
            texts=given,
            names_shown=names_shown,
            expected_revision=revision,
        )
        return Response(TermsSerializer(version).data, status=201)
