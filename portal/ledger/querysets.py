"""Reads of the ledger."""

from collections.abc import Callable
from functools import reduce
from operator import or_

from django.db import models

# (user) -> Q over events that this floor's cases and records admit, or None. Upper apps fill it from their AppConfig.
READERS: list[Callable] = []


class EventQuerySet(models.QuerySet):
    def visible_to(self, user):
        """The events a person may read: those that any app admits. Nobody's by default, a superuser's neither."""
        if not user.is_authenticated or not user.is_active:
            return self.none()
        admitted = [answer for read in READERS if (answer := read(user)) is not None]
        return self.filter(reduce(or_, admitted)) if admitted else self.none()

    def changes(self):
        return self.filter(kind="change")

    def looks(self):
        return self.filter(kind="look")
