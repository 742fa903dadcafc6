"""Statements that are put into SQL once for a person and asked often.

Building the querysets behind a page's counts and putting them into SQL takes several times what the database takes to answer
them. What they say depends on who the person is (``User.standing``) and on what is given each time, an instant above all. So
the SQL is kept under the one, and the other stands in it as ``Given``. Answers are never kept: each time the database is asked.
The database in its turn keeps the plan: making it can take longer than following it, with all that row-level security asks.
"""

import re
from collections.abc import Callable, Hashable, Iterable
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import DateTimeField, Expression, Field, QuerySet, UUIDField
from django.db.models.expressions import RawSQL
from psycopg.sql import quote

from portal import clock

# How many statements a process keeps, the ones made last: a few for each person who is at work.
KEPT = 1000
_NONE = "SELECT NULL::uuid WHERE false"


class Given(Expression):
    """Stands in a queryset for a value that each asking gives. The database calculates with it; Python cannot compare it."""

    def __init__(self, name: str, output_field: Field):
        super().__init__(output_field=output_field)
        self.name = name

    def as_sql(self, compiler, connection):
        return "%s", [self]


class GivenInstant(Given):
    """The instant of asking. ``made`` is one that has passed by then, for what stays true once it is."""

    def __init__(self, name: str, *, made: datetime):
        super().__init__(name, DateTimeField())
        self.made = made


def given_ids(name: str = "ids") -> Given:
    """Stands for a list of ids; for ``portal.lookups.Among``."""
    return Given(name, ArrayField(UUIDField()))


@dataclass(frozen=True, slots=True)
class Statement:
    """A queryset's SQL, None where it can have no rows whatever is given; ``about`` is for who asks it."""

    sql: str | None
    params: tuple[Any, ...] = ()
    about: Any = None

    @classmethod
    def of(cls, queryset: QuerySet, about: Any = None) -> "Statement":
        try:
            sql, params = queryset.query.sql_with_params()
        except EmptyResultSet:
            return cls(None, about=about)
        return cls(*_spelled_out(sql, params), about)

    @property
    def lasts(self) -> bool:
        """Whether it will say the same later: no instant is written into it that should have been given."""
        return not any(isinstance(value, date) for value in self.params)

    def rows(self, **given: Any) -> list[tuple]:
        """The rows, as the database gives them."""
        if self.sql is None:
            return []
        # One with an instant written into it does not come again.
        keeping = connection.plan_kept() if self.lasts else nullcontext()  # type: ignore[attr-defined]
        with keeping, connection.cursor() as cursor:
            cursor.execute(self.sql, self._with(given))
            return cursor.fetchall()

    def within(self, **given: Any) -> RawSQL:
        """The ids that the rows are, for ``portal.lookups.OneOf``."""
        return RawSQL(self.sql or _NONE, self._with(given))  # noqa: S611 (what Django itself wrote)

    def _with(self, given: dict[str, Any]) -> list[Any]:
        return [given[value.name] if isinstance(value, Given) else value for value in self.params]


def _spelled_out(sql: str, params: Iterable[Any]) -> tuple[str, tuple[Any, ...]]:
    """The statement with its constants in it: states, kinds, limits. A plan that knew of none could not use the index of what is
    proposed, say. Ids and instants stay beside it, so that it is the same statement whoever asks.
    """
    left, values = [], iter(params)

    def spell(found: re.Match) -> str:
        if found[0] == "%%":
            return found[0]
        value = next(values)
        if value is None or isinstance(value, str | int):
            text = str(value) if isinstance(value, str) else value
            return quote(text, connection.connection).replace("%", "%%")
        left.append(value)
        return found[0]

    return re.sub("%[%s]", spell, sql), tuple(left)


def looked_up(rows: QuerySet[Any]) -> list[Any]:
    """The rows of a queryset that finds them by ids: of a case, a person, or their own. The database keeps the plan, which can
    take longer to make than to follow, as long as the connection is open, whichever ids are asked for next."""
    with connection.plan_kept():  # type: ignore[attr-defined]
        return list(rows)


_UNKNOWN: Any = object()
# None for what cannot be kept.
_kept: dict[Hashable, Statement | None] = {}


def kept(key: Hashable, make: Callable[[Any], Statement], *, at: datetime) -> Statement:
    """The statement that ``make`` gives, called with the instant of asking; made once for a key, which says all else that it
    depends on.

    Where an instant is written into it, or calculated with, or where the database is asked for something, it would not hold
    later: then it is made each time.
    """
    known = _kept.pop(key, _UNKNOWN)
    found = _lasting(make, at) if known is _UNKNOWN else known
    while len(_kept) >= KEPT:
        _kept.pop(next(iter(_kept), None), None)
    # The last one again.
    _kept[key] = found
    return found or make(at)


def _lasting(make: Callable[[Any], Statement], at: datetime) -> Statement | None:
    asked: list[str] = []

    def ask(execute, sql, params, many, context):
        asked.append(sql)
        return execute(sql, params, many, context)

    # Within another statement that is made, the instant is that one's, and not known either.
    given = GivenInstant("at", made=getattr(at, "made", at))
    try:
        with connection.execute_wrapper(ask), clock.instead(given):
            found = make(given)
    except (TypeError, AttributeError):
        # An instant that is not known yet is no ``datetime``.
        return None
    return found if found.lasts and not asked else None
