"""What agencies ask a lab about its case, and what it answers."""

from datetime import datetime

import pgtrigger
from django.db import models
from django.db.models import F, Q

from portal import clock
from portal.accounts.models import Organisation
from portal.searching import words_index
from portal.submissions.models.base import USER, Key
from portal.submissions.models.cases import Submission
from portal.submissions.models.documents import DocumentVersion
from portal.submissions.querysets_questions import InformationRequestQuerySet
from portal.submissions.states import REQUEST, RequestState

# What a search reads.
_WORDS = ("text",)


class InformationRequest(Key):
    """One question of an agency to the lab of a case; pages call it "Question 3".

    A question that was merged stands for nothing any more: ``merged_into`` (never itself a merged one) serves its agency too.
    ``stored_state`` holds what people did; that an open question lapsed follows from the end of its case (``state_at``).
    ``due_at`` is a target, and nothing waits for it.
    """

    TEXT_LIMIT = 10_000
    WORDS = _WORDS

    submission = models.ForeignKey(Submission, models.PROTECT, related_name="questions")
    number = models.PositiveIntegerField()
    agency = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    asked_by = models.ForeignKey(USER, models.PROTECT, related_name="+")
    text = models.TextField(max_length=TEXT_LIMIT)
    stored_state = models.CharField(max_length=20, choices=RequestState, default=RequestState.ASKED)
    revision = models.PositiveIntegerField(default=1)
    asked_at = models.DateTimeField(default=clock.now)
    due_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True)
    merged_into = models.ForeignKey("self", models.PROTECT, null=True, related_name="merged")

    objects = InformationRequestQuerySet.as_manager()

    class Meta:
        ordering = ["number"]
        verbose_name = "question"
        indexes = [
            models.Index(fields=["-asked_at", "id"], name="question_newest"),
            models.Index(fields=["-asked_at", "id"], condition=Q(stored_state="asked"), name="question_open"),
            words_index("question_words", _WORDS),
        ]
        constraints = [
            models.UniqueConstraint(fields=["submission", "number"], name="question_number_once"),
            models.CheckConstraint(name="question_has_text", condition=~Q(text="")),
            models.CheckConstraint(
                name="merged_question_names_another",
                condition=(Q(stored_state="merged", merged_into__isnull=False) & ~Q(merged_into=F("id")))
                | (~Q(stored_state="merged") & Q(merged_into=None)),
            ),
            models.CheckConstraint(
                name="answered_question_has_instant",
                condition=~Q(stored_state="answered") | Q(answered_at__isnull=False),
            ),
        ]
        triggers = [
            pgtrigger.FSM(name="question_steps", field="stored_state", transitions=REQUEST.stored_jumps())
        ]

    def __str__(self):
        return f"Question {self.number}"

    def state_at(self, at: datetime) -> str:
        """The question's state at an instant; ``InformationRequestQuerySet.in_state`` says the same in SQL."""
        ends = (self.submission.closed_at, self.submission.withdrawn_at)
        if self.stored_state == RequestState.ASKED and any(end is not None and end <= at for end in ends):
            return RequestState.LAPSED
        return RequestState(self.stored_state)

    @property
    def state(self) -> RequestState:
        return RequestState(self.state_at(clock.now()))

    @property
    def agencies(self) -> list[Organisation]:
        """Whom it serves: who asked it, and whose questions were merged into it."""
        found = [self.agency, *(other.agency for other in self.merged.all())]
        return list(dict.fromkeys(found))


class RequestAnswer(Key):
    """One version of a lab's answer, with the versions of documents it names. Append-only: a correction is a new version."""

    request = models.ForeignKey(InformationRequest, models.PROTECT, related_name="answers")
    number = models.PositiveIntegerField()
    WORDS = _WORDS

    text = models.TextField(max_length=InformationRequest.TEXT_LIMIT)
    answered_by = models.ForeignKey(USER, models.PROTECT, related_name="+")
    answered_at = models.DateTimeField(default=clock.now)
    files = models.ManyToManyField(DocumentVersion, related_name="+")

    class Meta:
        ordering = ["number"]
        verbose_name = "answer"
        indexes = [words_index("answer_words", _WORDS)]
        constraints = [models.UniqueConstraint(fields=["request", "number"], name="answer_version_once")]

    def __str__(self):
        return f"Answer, version {self.number}"


class RequestFollowUp(Key):
    """What an agency still missed in an answer (of ``number``) when it asked again. Append-only."""

    request = models.ForeignKey(InformationRequest, models.PROTECT, related_name="follow_ups")
    number = models.PositiveIntegerField()
    agency = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    asked_by = models.ForeignKey(USER, models.PROTECT, related_name="+")
    text = models.TextField(max_length=2000)
    asked_at = models.DateTimeField(default=clock.now)

    class Meta:
        ordering = ["number"]
        verbose_name = "follow-up"
        constraints = [models.UniqueConstraint(fields=["request", "number"], name="follow_up_once_an_answer")]

    def __str__(self):
        return f"What version {self.number} left open"
