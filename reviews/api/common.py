"""What the collections of the agency's side share."""

from typing import Any
from uuid import UUID

from django.db.models import Model
from django.http import Http404
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from portal.accounts.models import Organisation, User
from portal.api.views import UUID_TEXT
from portal.errors import Invalid
from portal.submissions.api.filters import case_named
from portal.submissions.models import Submission

CASE = serializers.CharField(max_length=40, help_text="The id or case number of the case.")
KEY_WORDS = "The same key twice makes one row; the second call is a 409."


@extend_schema_field(str)
class PersonField(serializers.CharField):
    """A person's id or e-mail address."""

    def __init__(self, **options: Any):
        super().__init__(**{"max_length": 254, "help_text": "The person's id or e-mail address."} | options)


def case_of(user: Any, named: str) -> Submission:
    """The case a new row is for; 404 where the person sees none of that name."""
    found = case_named(user, named).first()
    if found is None:
        raise Http404
    return found


def person_of(named: str, *, field: str) -> User:
    """The person of this id or address. Only for callers whose step it is, since it tells whether there is one."""
    wanted = {"pk": UUID(named)} if UUID_TEXT.fullmatch(named) else {"email__iexact": named}
    found = User.objects.filter(**wanted, is_active=True).first()
    if found is None:
        raise Invalid("There is no such person.", field=field)
    return found


def organisation_of(pk: UUID | None, *, field: str) -> Organisation | None:
    if pk is None:
        return None
    found = Organisation.objects.filter(pk=pk).first()
    if found is None:
        raise Invalid("There is no such organisation.", field=field)
    return found


def created(view: Any, request: Request, row: Model, *, name: str) -> Response:
    """The answer to a POST that made a row: 201, the object, its address."""
    answer = view.shown(view.visible().get(pk=row.pk), status=201)
    answer["Location"] = reverse(f"{name}-detail", args=[row.pk], request=request)
    return answer
