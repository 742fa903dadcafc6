"""Reads of deadlines and messages."""

from datetime import datetime

from django.db import models


class DeadlineQuerySet(models.QuerySet):
    def still_open(self):
        return self.filter(met_at=None, cancelled_at=None)

    def overdue(self, *, at: datetime):
        return self.still_open().filter(due_at__lt=at)

    def for_case(self, case_id):
        return self.filter(case_id=case_id)


class MessageQuerySet(models.QuerySet):
    def visible_to(self, user):
        """A person's own notices; nobody reads another's."""
        return self.filter(recipient=user).exclude(state="dropped") if user.is_authenticated else self.none()

    def unread(self):
        return self.filter(read_at=None)
