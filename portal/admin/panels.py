"""What upper apps add to pages of lower ones. They fill these lists from AppConfig.ready; nothing here names them."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from urllib.parse import urlencode

from django.db.models import QuerySet, Value
from django.urls import reverse

from portal.lookups import OneOf
from portal.prepared import Statement, kept

# (request, submission) -> (title, template, context), or None for nothing to show: a section of the case's page, in the
# list's order. The template gets the context, ``request`` and ``submission``, and stands under a heading h2.
CASE_PANELS: list[Callable] = []
# (user, at) -> list of Queue: what waits on this person at an instant. All queues of all apps are counted in one statement, which
# is kept (``portal.prepared``).
HOME_PANELS: list[Callable] = []
# (request) -> (title, template, context), or None for nothing to show: a section of the home page, in the list's order.
HOME_SECTIONS: list[Callable] = []
# (request, text) -> list of Group: what a search finds of an app's own, among what this person sees. It records the looks.
SEARCHES: list[Callable] = []
# (actor, page, name, query) -> the view that is kept; (actor, page, view_id) -> the view that is dropped, or None where the
# person has none of this id. Filled by the app that knows people.
SAVE_VIEW: list[Callable] = []
REMOVE_VIEW: list[Callable] = []
# (ids) -> names of those of them that the app knows, in one query; for events and messages, which name their case by id.
NAMES: list[Callable] = []

CAP = 100
# How many of one kind a search shows.
SHOWN = 10


@dataclass(frozen=True, slots=True)
class Hit:
    """Something a search found: ``about`` names it besides its title, ``snippet`` is HTML with what was found marked."""

    title: str
    url: str
    about: str = ""
    snippet: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """What was found of one kind, the best first; ``more`` when there is more than is shown, in the list at ``url``."""

    label: str
    hits: list[Hit]
    more: bool = False
    url: str = ""


def group(label: str, rows: Iterable, hit: Callable, url: str = "") -> tuple[Group, list]:
    """The group of at most ``SHOWN`` of these rows, and the rows it shows."""
    found = list(rows[: SHOWN + 1]) if isinstance(rows, QuerySet) else list(rows)
    shown = found[:SHOWN]
    return Group(label, [hit(row) for row in shown], len(found) > SHOWN, url), shown


@dataclass(frozen=True, slots=True)
class Queue:
    """Things that wait on a person: ``rows`` is a queryset (any model, already narrowed), ``url`` the list that shows them."""

    label: str
    rows: QuerySet
    url: str
    hint: str = ""


def queue(label: str, rows: QuerySet, page: str, question: str, hint: str = "") -> Queue:
    """The queue that a list shows under its filter ``?waits=``; ``page`` is the list's app and model: ``reviews_inquiry``."""
    return Queue(label, rows, _waits(page, question), hint)


@cache
def _waits(page: str, question: str) -> str:
    return f"{reverse(f'admin:{page}_changelist')}?{urlencode({'waits': question})}"


@dataclass(frozen=True, slots=True)
class Waiting:
    """A queue that has been counted, no further than ``CAP + 1``."""

    label: str
    count: int
    url: str
    hint: str = ""

    @property
    def shown(self) -> str:
        return f"{CAP}+" if self.count > CAP else str(self.count)


def queues_of(user, *, at: datetime) -> list[Waiting]:
    """Every queue that upper apps name for this person, counted in one statement."""
    statement = kept(("queues", user.standing(at)), lambda at: _counted(_queues(user, at)), at=at)
    counts = Counter(number for (number,) in statement.rows(at=at))
    return [
        Waiting(label, counts[str(number)], url, hint)
        for number, (label, url, hint) in enumerate(statement.about)
    ]


def _queues(user, at: datetime) -> list[Queue]:
    return [one for make in HOME_PANELS for one in make(user, at)]


def _counted(queues: list[Queue]) -> Statement:
    """What counts them, about what they are called."""
    # Each row answers with the number of its queue, as text, which is read as it comes. The cap keeps a long queue from
    # costing more than a short one.
    parts = [
        one.rows.order_by().values_list(Value(str(number)))[: CAP + 1] for number, one in enumerate(queues)
    ]
    named = [(one.label, one.url, one.hint) for one in queues]
    if not parts:
        return Statement(None, about=named)
    return Statement.of(parts[0].union(*parts[1:], all=True) if len(parts) > 1 else parts[0], named)


def waiting(user, model, column: str, *, at: datetime) -> OneOf:
    """Rows of ``model`` in or behind any queue of this person: a condition. ``column`` names them in other models' rows."""
    key = ("waiting", model, column, user.standing(at))
    statement = kept(key, lambda at: Statement.of(_behind(_queues(user, at), model, column)), at=at)
    return OneOf("pk", statement.within(at=at))


def _behind(queues: list[Queue], model, column: str) -> QuerySet:
    every = [one.rows for one in queues]
    found = [rows.order_by().values_list("pk") for rows in every if rows.model is model]
    found += [
        # What hangs on none of them would make the others be looked for one by one.
        (rows.filter(**{f"{column}__isnull": False}) if rows.model._meta.get_field(column).null else rows)
        .order_by()
        .values_list(column)
        for rows in every
        if rows.model is not model and hasattr(rows.model, column)
    ]
    none = model._default_manager.none().values_list("pk")
    return found[0].union(*found[1:], all=True) if len(found) > 1 else (found or [none])[0]


def names(ids) -> dict:
    """What the objects with these ids are called, as far as any app knows them."""
    return {key: name for know in NAMES for key, name in know(ids).items()} if ids else {}
