"""What a lab is told before an agency discloses anything of its case, and what it says to that (Executive Order 12600)."""

from datetime import datetime

import pgtrigger
from django.db import models
from django.db.models import F, Q

from portal import clock
from portal.accounts.models import Organisation
from portal.searching import words_index
from portal.submissions.models.base import USER, Key
from portal.submissions.models.cases import Submission
from portal.submissions.models.documents import Document
from portal.submissions.querysets_disclosures import DisclosureNoticeQuerySet
from portal.submissions.states import DISCLOSURE, DisclosureState

# What a search reads.
_WORDS = ("reference", "text")


class DisclosureNotice(Key):
    """One agency's notice that it was asked to disclose something of a case; pages call it "Disclosure notice 3".

    ``due_at`` ends the days in which the lab is waited for; ``answered_at`` is when it last spoke; ``disclose_at`` is the instant
    before which nothing is disclosed, None until the agency has decided to.
    That the lab let its days pass follows from ``due_at`` (``state_at``).
    """

    TEXT_LIMIT = 10_000

    submission = models.ForeignKey(Submission, models.PROTECT, related_name="disclosure_notices")
    number = models.PositiveIntegerField()
    agency = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    given_by = models.ForeignKey(USER, models.PROTECT, related_name="+")
    WORDS = _WORDS

    reference = models.CharField("request", max_length=80)
    text = models.TextField(max_length=TEXT_LIMIT)
    documents = models.ManyToManyField(Document, related_name="+")
    stored_state = models.CharField(max_length=20, choices=DisclosureState, default=DisclosureState.NOTIFIED)
    revision = models.PositiveIntegerField(default=1)
    given_at = models.DateTimeField(default=clock.now)
    due_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True)
    decided_at = models.DateTimeField(null=True)
    disclose_at = models.DateTimeField(null=True)
    disclosed_at = models.DateTimeField(null=True)

    objects = DisclosureNoticeQuerySet.as_manager()

    class Meta:
        ordering = ["number"]
        verbose_name = "disclosure notice"
        indexes = [
            models.Index(fields=["-given_at", "id"], name="disclosure_newest"),
            words_index("disclosure_words", _WORDS),
        ]
        constraints = [
            models.UniqueConstraint(fields=["submission", "number"], name="disclosure_number_once"),
            models.CheckConstraint(name="disclosure_says_what", condition=~Q(text="") & ~Q(reference="")),
            models.CheckConstraint(name="disclosure_lab_has_days", condition=Q(due_at__gt=F("given_at"))),
            models.CheckConstraint(
                name="disclosure_decided_has_date",
                condition=~Q(stored_state__in=["to_disclose", "disclosed"])
                | Q(decided_at__isnull=False, disclose_at__gte=F("decided_at")),
            ),
            models.CheckConstraint(
                name="disclosure_lab_is_heard",
                condition=~Q(stored_state__in=["to_disclose", "disclosed"])
                | Q(answered_at__isnull=False)
                | Q(decided_at__gte=F("due_at")),
            ),
            models.CheckConstraint(
                name="disclosure_not_before_its_date",
                condition=Q(disclosed_at=None) & ~Q(stored_state="disclosed")
                | Q(stored_state="disclosed", disclosed_at__gte=F("disclose_at")),
            ),
        ]
        triggers = [
            pgtrigger.FSM(
                name="disclosure_steps", field="stored_state", transitions=DISCLOSURE.stored_jumps()
            )
        ]

    def __str__(self):
        return f"Disclosure notice {self.number}"

    def state_at(self, at: datetime) -> DisclosureState:
        """The notice's state at an instant; ``DisclosureNoticeQuerySet.in_state`` says the same in SQL."""
        if self.stored_state == DisclosureState.NOTIFIED and self.due_at <= at:
            return DisclosureState.SILENT
        return DisclosureState(self.stored_state)

    @property
    def state(self) -> DisclosureState:
        return self.state_at(clock.now())


class DisclosureStatement(Key):
    """What one side said to a notice with a step: the lab's grounds, the agency's reasons. Append-only."""

    notice = models.ForeignKey(DisclosureNotice, models.PROTECT, related_name="statements")
    number = models.PositiveIntegerField()
    verb = models.CharField(max_length=40)
    text = models.TextField(max_length=DisclosureNotice.TEXT_LIMIT, blank=True)
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    said_by = models.ForeignKey(USER, models.PROTECT, related_name="+")
    said_at = models.DateTimeField(default=clock.now)

    class Meta:
        ordering = ["number"]
        verbose_name = "statement"
        constraints = [models.UniqueConstraint(fields=["notice", "number"], name="disclosure_statement_once")]

    def __str__(self):
        return f"Statement {self.number}"
