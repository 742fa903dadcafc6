"""Filters that ask a question a person has, instead of naming a column."""

from collections.abc import Callable

from django.contrib import admin
from django.db.models import QuerySet

from portal import clock


class Question(admin.SimpleListFilter):
    """A filter made of ``questions``: a value -> (words, function of (queryset, user, at) giving the rows that answer yes)."""

    title = "what it waits for"
    parameter_name = "waits"
    questions: dict[str, tuple[str, Callable]] = {}

    def __init__(self, request, params, model, model_admin):
        self.user = request.user
        super().__init__(request, params, model, model_admin)

    def lookups(self, request, model_admin):
        return [(value, words) for value, (words, _) in self.questions.items()]

    def queryset(self, request, queryset: QuerySet) -> QuerySet:
        if self.value() not in self.questions:
            return queryset
        _, ask = self.questions[self.value()]
        return ask(queryset, self.user, clock.now())
