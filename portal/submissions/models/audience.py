"""Who sees a case, who may not, and what the lab calls them."""

from django.db import models
from django.db.models import Q

from portal import clock
from portal.accounts.models import Organisation
from portal.submissions.models.base import USER, Key
from portal.submissions.models.cases import Submission
from portal.submissions.models.documents import Document
from portal.submissions.querysets import ConflictQuerySet, ConflictStatementQuerySet


class Conflict(Key):
    """A person who may not see a lab's cases, or one case; hides them everywhere, counts and ids included."""

    user = models.ForeignKey(USER, models.PROTECT, related_name="conflicts")
    organisation = models.ForeignKey(Organisation, models.PROTECT, null=True, blank=True, related_name="+")
    submission = models.ForeignKey(Submission, models.PROTECT, null=True, blank=True, related_name="+")
    note = models.TextField(blank=True)
    declared_by = models.ForeignKey(USER, models.PROTECT, related_name="+")
    declared_at = models.DateTimeField(default=clock.now)
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = ConflictQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["-declared_at", "id"], name="conflict_newest")]
        ordering = ["-declared_at"]
        constraints = [
            models.CheckConstraint(
                name="conflict_names_one",
                condition=Q(organisation__isnull=False, submission=None)
                | Q(organisation=None, submission__isnull=False),
            )
        ]

    def __str__(self):
        return f"{self.user} and {self.organisation or self.submission}"


class ConflictStatement(Key):
    """A person's word that the conflicts and ties on record about them are complete. Append-only."""

    person = models.ForeignKey(USER, models.PROTECT, related_name="+")
    at = models.DateTimeField(default=clock.now)

    objects = ConflictStatementQuerySet.as_manager()

    class Meta:
        ordering = ["-at", "id"]
        indexes = [models.Index(fields=["person", "-at"], name="conflict_statement_newest")]

    def __str__(self):
        return f"{self.person}, {self.at}"


class Alias(Key):
    """The stable name under which a lab sees a person of an agency on one case; an auditor can resolve it."""

    submission = models.ForeignKey(Submission, models.PROTECT, related_name="aliases")
    user = models.ForeignKey(USER, models.PROTECT, related_name="+")
    label = models.CharField(max_length=80)

    class Meta:
        verbose_name_plural = "aliases"
        constraints = [
            models.UniqueConstraint(fields=["submission", "user"], name="alias_person_once"),
            models.UniqueConstraint(fields=["submission", "label"], name="alias_label_once"),
        ]

    def __str__(self):
        return self.label


class Audience(models.Model):
    """A row of the view ``submission_audience``: this person may see this scope of this case from ``since`` until ``until``.

    It is read by ``audience_shown``, which leaves of it what the present scope (portal/scope.py) may know.

    The single statement of who sees what; ``visible_to``, the lab's "who can see this" and the reminders' recipients read it.
    ``document`` is set where the scope is one document and not all of them; ``source_id`` names the membership, assignment
    or grant it follows from.
    """

    key = models.CharField(primary_key=True, max_length=200)
    submission = models.ForeignKey(Submission, models.DO_NOTHING, related_name="audience")
    user = models.ForeignKey(USER, models.DO_NOTHING, related_name="+")
    organisation = models.ForeignKey(Organisation, models.DO_NOTHING, related_name="+")
    capacity = models.CharField(max_length=30)
    scope = models.CharField(max_length=20)
    document = models.ForeignKey(Document, models.DO_NOTHING, null=True, related_name="+")
    source_id = models.UUIDField()
    since = models.DateTimeField()
    until = models.DateTimeField(null=True)

    class Meta:
        managed = False
        db_table = "audience_shown"
        ordering = ["capacity", "user_id", "scope"]

    def __str__(self):
        return f"{self.capacity} {self.scope}"


class Barrier(models.Model):
    """A row of the view ``submission_barrier``: this person may not see this lab's cases, or this one case, for the government.

    Declared conflicts, and those that follow from where a person works or worked. Read by ``barrier_shown``.
    """

    key = models.CharField(primary_key=True, max_length=200)
    user = models.ForeignKey(USER, models.DO_NOTHING, related_name="+")
    organisation = models.ForeignKey(Organisation, models.DO_NOTHING, null=True, related_name="+")
    submission = models.ForeignKey(Submission, models.DO_NOTHING, null=True, related_name="+")

    class Meta:
        managed = False
        db_table = "barrier_shown"

    def __str__(self):
        return self.key
