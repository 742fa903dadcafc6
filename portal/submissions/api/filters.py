"""What lists can be narrowed by, and what callers name by an id."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema_field

from portal import clock
from portal.accounts.models import Kind, Organisation
from portal.api.views import UUID_TEXT
from portal.errors import Invalid
from portal.submissions.models import Submission
from portal.submissions.states import State


@extend_schema_field(str)
class CaseFilter(filters.CharFilter):
    """``?submission=`` a case's id or case number, whichever the caller has."""

    def __init__(self, *args: Any, **options: Any):
        super().__init__(
            *args, **{"label": "The id or case number of a submission.", "max_length": 40} | options
        )

    def filter(self, qs: QuerySet, value: str) -> QuerySet:
        if not value:
            return qs
        if UUID_TEXT.fullmatch(value):
            # What the list shows is visible already, also to who sees nothing else of the case.
            return qs.filter(**{self.field_name: UUID(value)})
        seen = case_named(self.parent.request.user, value)
        return qs.filter(**{f"{self.field_name}__in": seen.order_by().values("pk")})


def case_named(user: Any, text: str) -> QuerySet:
    """The case of this id or case number, if the person sees it."""
    seen = Submission.objects.visible_to(user)
    return seen.filter(pk=UUID(text)) if UUID_TEXT.fullmatch(text) else seen.filter(case_number=text.upper())


def agency_named(pk: UUID | None) -> Organisation | None:
    """The agency of this id, for which a caller says that they act; None for none named."""
    if pk is None:
        return None
    found = Organisation.objects.filter(pk=pk, kind=Kind.AGENCY).first()
    if found is None:
        raise Invalid("You do not act for this agency on this case.", field="agency")
    return found


class SubmissionFilter(filters.FilterSet):
    state = filters.MultipleChoiceFilter(
        choices=State.choices, method="in_state", help_text="One state or several."
    )
    lab = filters.UUIDFilter(field_name="lab_id")

    def in_state(self, queryset: QuerySet, name: str, value: list[str]) -> QuerySet:
        return queryset.in_state(*value, at=clock.now()) if value else queryset  # type: ignore[attr-defined]
