"""A case: one version of a model offered by a lab, its dates, its window, and the checkpoint whose days it counts."""

from datetime import datetime

import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce, Lower

from portal import clock
from portal.accounts.models import Organisation
from portal.submissions import markings, numbers, window
from portal.submissions.models.base import USER, Key
from portal.submissions.querysets import SubmissionQuerySet
from portal.submissions.states import MACHINE, State


class Checkpoint(Key):
    """One trained state of a model. The 30 days count per checkpoint, over all cases that offer it."""

    lab = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    identifier = models.CharField(max_length=200)

    class Meta:
        constraints = [models.UniqueConstraint("lab", Lower("identifier"), name="checkpoint_once")]

    def __str__(self):
        return self.identifier


class Submission(Key):
    """One model version offered by a lab.

    ``stored_state`` holds what people did; that the window is open or ended is derived from the dates at the moment of
    asking (``state_at``), so it is true even while every periodic job is late. ``revision`` grows with every change: a form
    made from an older one is refused.
    """

    case_number = models.CharField(
        max_length=20, unique=True, default=numbers.new_case_number, editable=False
    )
    lab = models.ForeignKey(Organisation, models.PROTECT, related_name="submissions")
    checkpoint = models.ForeignKey(Checkpoint, models.PROTECT, null=True, related_name="submissions")
    facts = models.OneToOneField("Facts", models.PROTECT, null=True, related_name="current_of")
    stored_state = models.CharField(max_length=20, choices=State, default=State.DRAFT)
    revision = models.PositiveIntegerField(default=1)

    planned_partner_release = models.DateTimeField(null=True, blank=True)
    planned_public_release = models.DateTimeField(null=True, blank=True)
    released_at = models.DateTimeField(null=True, blank=True)

    created_at = models.DateTimeField(default=clock.now)
    created_by = models.ForeignKey(USER, models.PROTECT, related_name="+")
    submitted_at = models.DateTimeField(null=True)
    acknowledged_at = models.DateTimeField(null=True)
    correction_asked_at = models.DateTimeField(null=True)
    agreed_at = models.DateTimeField(null=True)
    access_provided_at = models.DateTimeField(null=True)
    # The start of the earliest grant that all three sides agreed to; the partners' side reports it.
    first_grant_starts_at = models.DateTimeField(null=True)
    opens_at = models.DateTimeField(null=True)
    closes_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)
    # How far the clock's job has told people about the window: never consulted by any rule.
    open_recorded_at = models.DateTimeField(null=True)
    end_recorded_at = models.DateTimeField(null=True)

    objects = SubmissionQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "id"]
        indexes = [
            models.Index(fields=["lab", "-created_at"], name="submission_lab"),
            models.Index(fields=["-submitted_at", "id"], name="submission_queue"),
            models.Index(fields=["stored_state", "-submitted_at", "id"], name="submission_state"),
            models.Index(
                fields=["-submitted_at", "id"],
                condition=Q(
                    correction_asked_at__isnull=False, stored_state__in=["submitted", "acknowledged"]
                ),
                name="submission_uncorrected",
            ),
            models.Index(
                Coalesce("closed_at", "withdrawn_at"),
                "case_number",
                condition=Q(submitted_at__isnull=False),
                name="submission_over",
            ),
            models.Index(
                fields=["opens_at"],
                condition=Q(stored_state="agreed", open_recorded_at=None),
                name="submission_opening",
            ),
            models.Index(
                fields=["closes_at"],
                condition=Q(stored_state="agreed", end_recorded_at=None),
                name="submission_ending",
            ),
        ]
        constraints = [
            models.CheckConstraint(
                name="window_at_most_30_days",
                condition=Q(opens_at=None)
                | Q(closes_at__gt=F("opens_at"), closes_at__lte=F("opens_at") + window.LIMIT),
            ),
            models.CheckConstraint(
                name="partner_release_not_after_public",
                condition=Q(planned_partner_release=None)
                | Q(planned_public_release=None)
                | Q(planned_partner_release__lte=F("planned_public_release")),
            ),
            models.CheckConstraint(
                name="submitted_case_is_complete",
                condition=Q(stored_state__in=["draft", "withdrawn"])
                | Q(
                    submitted_at__isnull=False,
                    planned_public_release__isnull=False,
                    checkpoint__isnull=False,
                    facts__isnull=False,
                    closes_at__isnull=False,
                ),
            ),
            models.CheckConstraint(
                name="agreed_has_instant",
                condition=~Q(stored_state__in=["agreed", "closed"]) | Q(agreed_at__isnull=False),
            ),
            models.CheckConstraint(
                name="withdrawn_has_instant",
                condition=Q(stored_state="withdrawn", withdrawn_at__isnull=False)
                | (~Q(stored_state="withdrawn") & Q(withdrawn_at=None)),
            ),
            models.CheckConstraint(
                name="closed_after_window",
                condition=~Q(stored_state="closed")
                | Q(closed_at__isnull=False, closed_at__gte=F("closes_at")),
            ),
            models.CheckConstraint(
                name="window_only_after_terms", condition=Q(opens_at=None) | Q(opens_at__gte=F("agreed_at"))
            ),
        ]
        triggers = [
            pgtrigger.FSM(name="submission_steps", field="stored_state", transitions=MACHINE.stored_jumps()),
            pgtrigger.Trigger(
                name="submission_checkpoint_cap",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.UpdateOf("opens_at", "closes_at", "checkpoint_id"),
                declare=[("used", "interval")],
                func="""
                    IF NEW.opens_at IS NULL THEN RETURN NEW; END IF;
                    PERFORM 1 FROM submissions_checkpoint WHERE id = NEW.checkpoint_id FOR UPDATE;
                    SELECT coalesce(sum(s.closes_at - s.opens_at), interval '0') INTO used FROM submissions_submission s
                        WHERE s.checkpoint_id = NEW.checkpoint_id AND s.id <> NEW.id AND s.opens_at IS NOT NULL;
                    IF used + (NEW.closes_at - NEW.opens_at) > interval '30 days' THEN
                        RAISE EXCEPTION 'the windows of one checkpoint may not exceed 30 days'
                            USING ERRCODE = 'check_violation', CONSTRAINT = 'checkpoint_at_most_30_days';
                    END IF;
                    RETURN NEW;
                """,
            ),
        ]

    def __str__(self):
        return self.case_number

    def state_at(self, at: datetime) -> str:
        """The case's state at an instant; ``SubmissionQuerySet.in_state`` says the same in SQL."""
        if self.stored_state != State.AGREED:
            return State(self.stored_state)
        if self.closes_at <= at:
            return State.ENDED
        if self.opens_at is not None and self.opens_at <= at:
            return State.OPEN
        return State.AGREED

    @property
    def state(self) -> State:
        return State(self.state_at(clock.now()))

    @property
    def derived_marking(self) -> markings.Marking | None:
        """The marking over all documents of the case, and so over every page that tells of them; None without documents.

        From what ``with_markings`` read along, else by a query.
        """
        values = self.__dict__.get("document_markings")
        if values is None:
            rows = type(self).objects.filter(pk=self.pk).with_markings()
            (values,) = rows.values_list("document_markings", flat=True)
        return markings.derived(markings.Marking(**value) for value in values)

    @property
    def model_name(self) -> str:
        return self.facts.model_name if self.facts_id else ""
