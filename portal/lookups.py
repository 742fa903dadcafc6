"""Conditions that Django has no word for."""

from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import BooleanField, F, Func, QuerySet
from django.db.models.expressions import RawSQL


class OneOf(Func):
    """``column = ANY (ARRAY(subquery))``: the subquery runs once and its ids are looked up, instead of being joined.

    ``rows`` is a queryset, or SQL that is kept (``portal.prepared``).
    """

    output_field = BooleanField()
    conditional = True
    arg_joiner = " = ANY ("
    template = "%(expressions)s)"

    def __init__(self, column: str, rows: QuerySet | RawSQL):
        array = Func(rows, function="ARRAY", template="%(function)s%(expressions)s")
        super().__init__(F(column), array if isinstance(rows, RawSQL) else ArraySubquery(rows))


class Among(Func):
    """``column = ANY (array)``: one parameter, however many ids it holds."""

    output_field = BooleanField()
    conditional = True
    arg_joiner = " = ANY ("
    template = "%(expressions)s)"

    def __init__(self, column: str, ids: Any):
        super().__init__(F(column), ids)
