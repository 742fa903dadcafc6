"""Reads of deadlines and messages."""

from collections.abc import Callable
from datetime import datetime
from functools import reduce
from operator import or_
from uuid import UUID

from django.db import models
from django.db.models import Q

# (user, case_id) -> Q over deadlines of cases that a person sees: of all, or of the one case that is asked about. Upper apps fill
# it from their AppConfig.
READERS: list[Callable] = []
# (user) -> Q over the messages of cases whose delivery a person looks after, or None.
OUTBOX: list[Callable] = []
# (user) -> Q over the messages of no case whose delivery a person looks after, or None. Each names the kinds it is about, so
# that what belongs to nobody's list is shown to nobody.
CASELESS: list[Callable] = []
# (ids of messages) -> the ids of those whose reader is kept from their subject by now, by a conflict for instance, where the
# audience does not answer that.
HIDDEN: list[Callable] = []
# (user) -> Q over the messages whose subject a conflict keeps from their reader by now, or None: a number that was told once
# is not repeated.
BARRED: list[Callable] = []
# (user) -> Q over the deadlines of no case that name the person and whose subject a conflict keeps from them by now, or None.
BARRED_DATES: list[Callable] = []


# The kind of the messages that are daily mails.
DIGEST = "digest"
# Mailed to the address that an account had before, and not to the one that its person has.
ADDRESS_LEFT = "address_left"
# Dates that are neither met nor called off.
_OPEN = Q(met_at=None, cancelled_at=None)


def _admitted(user, case_id: UUID | None = None) -> list[Q]:
    own = Q(person=user, case_id=None)
    for bar in BARRED_DATES:
        if (kept := bar(user)) is not None:
            own &= ~kept
    return [own, *(read(user, case_id) for read in READERS)]


def _grounds(answer: Q) -> list[Q]:
    """The parts of an OR, each of which admits a row alone."""
    if answer.connector != Q.OR or answer.negated:
        return [answer]
    parts = [child if isinstance(child, Q) else Q(child) for child in answer.children]
    return [ground for part in parts for ground in _grounds(part)]


class DeadlineQuerySet(models.QuerySet):
    def visible_to(self, user, *, case_id: UUID | None = None):
        """A person's own deadlines, and those of the cases they see as far as any app admits them; or those of one case, where
        the database looks at what they see of that case alone.
        """
        if not user.is_authenticated or not user.is_active:
            return self.none()
        found = self if case_id is None else self.filter(case_id=case_id)
        return found.filter(reduce(or_, _admitted(user, case_id)))

    def next_for(self, user, *, limit: int, narrow: Callable, order: tuple[str, ...] = ("due_at", "id")):
        """The first of the open deadlines of ``visible_to(user)`` that ``narrow`` (queryset -> queryset) leaves: the earliest,
        unless ``order`` says otherwise.

        The same rows as filtering, ordering and cutting off: but each ground on which a person sees deadlines is asked on its
        own, so that the database walks an index for it. All of them in one OR read every deadline there is.
        """
        if not user.is_authenticated or not user.is_active:
            return self.none()
        first, *others = [
            narrow(self.still_open().filter(ground)).order_by(*order)[:limit]
            for answer in _admitted(user)
            for ground in _grounds(answer)
        ]
        return first.union(*others).order_by(*order)[:limit] if others else first

    def still_open(self):
        return self.filter(_OPEN)

    def overdue(self, *, at: datetime):
        return self.filter(_OPEN, due_at__lt=at)


class MessageQuerySet(models.QuerySet):
    def visible_to(self, user):
        """A person's own notices, but for conflicts; nobody reads another's. The daily mail is none: it lists them."""
        if not user.is_authenticated:
            return self.none()
        own = self.filter(recipient=user).exclude(state="dropped").exclude(kind=DIGEST)
        barred = [kept for bar in BARRED if (kept := bar(user)) is not None]
        return own.filter(~reduce(or_, barred)) if barred else own

    def in_outbox_of(self, user):
        """The messages whose delivery a person looks after: those of cases, inquiries, accounts ... that an app admits."""
        if not user.is_authenticated or not user.is_active:
            return self.none()
        admitted = [answer for read in OUTBOX if (answer := read(user)) is not None]
        admitted += [Q(answer, case_id=None) for read in CASELESS if (answer := read(user)) is not None]
        return self.filter(reduce(or_, admitted)) if admitted else self.none()

    def unread(self):
        return self.filter(read_at=None)


class OwnQuerySet(models.QuerySet):
    def visible_to(self, user):
        """A person's own; nobody reads another's."""
        return self.filter(person=user) if user.is_authenticated else self.none()


class PreferenceQuerySet(OwnQuerySet):
    """How a person's messages come by mail."""


class FeedQuerySet(OwnQuerySet):
    """A person's calendar address."""


class AbsenceQuerySet(OwnQuerySet):
    def ahead(self, *, at: datetime):
        """Those that are not over."""
        return self.filter(ends_at__gt=at)

    def running(self, *, at: datetime):
        """Those in which a person is away at an instant."""
        return self.filter(begins_at__lte=at, ends_at__gt=at)


class BounceQuerySet(OwnQuerySet):
    def holding(self):
        """Those of the address that a person still has, and that nobody has cleared."""
        return self.filter(cleared_at=None, address=models.F("person__email"))
