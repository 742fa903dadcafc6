"""Reads of the ledger."""

from collections.abc import Callable
from functools import reduce
from operator import or_

from django.db import models

# (user) -> Q over events that this floor's cases and records admit, or None. Upper apps fill it from their AppConfig.
READERS: list[Callable] = []
# (user) -> Q over the events that a person reads on a lab's side, or None.
LAB_SIDE: list[Callable] = []


class EventQuerySet(models.QuerySet):
    def visible_to(self, user):
        """The events a person may read: those that any app admits. Nobody's by default, a superuser's neither."""
        if not user.is_authenticated or not user.is_active:
            return self.none()
        admitted = [answer for read in READERS if (answer := read(user)) is not None]
        return self.filter(reduce(or_, admitted)) if admitted else self.none()

    def beyond(self, user):
        """Less those that a person reads on a lab's side: the workbench names agency people, whom a lab knows by alias only."""
        rows = self
        for side in LAB_SIDE:
            if (own := side(user)) is not None:
                rows = rows.exclude(own)
        return rows

    def changes(self):
        return self.filter(kind="change")

    def looks(self):
        return self.filter(kind="look")
