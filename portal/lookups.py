"""Conditions that Django has no word for."""

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import BooleanField, F, Func, QuerySet


class OneOf(Func):
    """``column = ANY (ARRAY(subquery))``: the subquery runs once and its ids are looked up, instead of being joined."""

    output_field = BooleanField()
    conditional = True
    arg_joiner = " = ANY ("
    template = "%(expressions)s)"

    def __init__(self, column: str, rows: QuerySet):
        super().__init__(F(column), ArraySubquery(rows))
