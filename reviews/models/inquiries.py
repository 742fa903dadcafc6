"""A lab asks whether a model under development is a covered frontier model. Optional; nothing depends on having asked."""

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q

from portal import clock
from portal.accounts.models import Organisation
from portal.searching import words_index
from portal.submissions.models import Key
from reviews import numbers
from reviews.querysets import InquiryQuerySet
from reviews.states import INQUIRY, InquiryState

USER = settings.AUTH_USER_MODEL

# What a search reads.
_WORDS = ("model_name", "question", "answer")


class Inquiry(Key):
    """One question of one lab. The answer is a designator's; a designation of its own records what was determined."""

    number = models.CharField(max_length=20, unique=True, default=numbers.new_inquiry_number, editable=False)
    lab = models.ForeignKey(Organisation, models.PROTECT, related_name="inquiries")
    state = models.CharField(max_length=20, choices=InquiryState, default=InquiryState.DRAFT)
    revision = models.PositiveIntegerField(default=1)
    model_name = models.CharField("model name", max_length=200, blank=True)
    question = models.TextField("question and description of the model", max_length=20000, blank=True)
    answer = models.TextField(max_length=20000, blank=True)

    created_at = models.DateTimeField(default=clock.now)
    created_by = models.ForeignKey(USER, models.PROTECT, related_name="+")
    submitted_at = models.DateTimeField(null=True)
    acknowledged_at = models.DateTimeField(null=True)
    benchmarking_at = models.DateTimeField(null=True)
    answered_at = models.DateTimeField(null=True)
    answered_by = models.ForeignKey(USER, models.PROTECT, null=True, related_name="+")
    closed_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)

    TEXTS = ("model_name", "question")
    WORDS = _WORDS

    objects = InquiryQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "id"]
        verbose_name_plural = "inquiries"
        indexes = [
            models.Index(fields=["lab", "-created_at"], name="inquiry_lab"),
            models.Index(fields=["-submitted_at", "id"], name="inquiry_queue"),
            models.Index(fields=["state", "-submitted_at", "id"], name="inquiry_state"),
            words_index("inquiry_words", _WORDS),
        ]
        constraints = [
            models.CheckConstraint(
                name="submitted_inquiry_is_complete",
                condition=Q(state__in=["draft", "withdrawn"])
                | (Q(submitted_at__isnull=False) & ~Q(model_name="") & ~Q(question="")),
            ),
            models.CheckConstraint(
                name="answered_inquiry_has_answer",
                condition=~Q(state__in=["answered", "closed"])
                | (Q(answered_at__isnull=False, answered_by__isnull=False) & ~Q(answer="")),
            ),
        ]
        triggers = [pgtrigger.FSM(name="inquiry_steps", field="state", transitions=INQUIRY.stored_jumps())]

    def __str__(self):
        return self.number
