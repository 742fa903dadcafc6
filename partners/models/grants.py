"""One partner's early access to one submission: who agreed, what is in scope, for whom, from when to when."""

from datetime import datetime

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q

from partners.deadline_kinds import concur_due
from partners.models.profiles import PartnerTerms
from partners.querysets import GrantQuerySet
from partners.states import MACHINE, State
from portal import clock
from portal.accounts.models import Organisation
from portal.submissions.models import Document, Facts, Key, Submission

USER = settings.AUTH_USER_MODEL


class Side(models.TextChoices):
    LAB = "lab", "The lab"
    GOVERNMENT = "government", "The programme office"
    PARTNER = "partner", "The partner"


class DeclineReason(models.TextChoices):
    NOT_NEEDED = "not_needed", "Not needed"
    CAPACITY = "capacity", "No capacity at that time"
    SCOPE = "scope", "Scope or dates do not fit"
    TERMS = "terms", "The terms cannot be accepted"
    SECURITY = "security", "A security concern"
    CONFLICT = "conflict", "A conflict of interest"
    WITHDRAWN = "case_withdrawn", "The lab withdrew the case"
    RELEASED = "case_released", "The lab recorded its release"
    OTHER = "other", "Another reason"


class RevokeReason(models.TextChoices):
    NOT_NEEDED = "not_needed", "No longer needed"
    TERMS = "terms", "The terms were not kept"
    SECURITY = "security", "A security concern"
    CONFLICT = "conflict", "A conflict of interest"
    NOT_ELIGIBLE = "not_eligible", "The partner is no longer eligible"
    WITHDRAWN = "case_withdrawn", "The lab withdrew the case"
    RELEASED = "case_released", "The lab recorded its release"
    OTHER = "other", "Another reason"


# Reasons that only a step of the case itself gives.
CASE_REASONS = frozenset({"case_withdrawn", "case_released"})


class Grant(Key):
    """A grant and the three signatures it needs: the lab's consent, the government's concurrence, the partner's acceptance.

    ``stored_state`` holds what people did. That a grant is active, suspended or expired is derived (``state_at``) from its
    dates and from each side's suspension. No date here moves a release: only the lab's own dates do.
    """

    submission = models.ForeignKey(Submission, models.PROTECT, related_name="grants")
    partner = models.ForeignKey(Organisation, models.PROTECT, related_name="grants")
    stored_state = models.CharField(max_length=20, choices=State, default=State.PROPOSED)
    revision = models.PositiveIntegerField(default=1)

    proposed_by = models.ForeignKey(USER, models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField(default=clock.now)
    proposed_side = models.CharField(max_length=10, choices=Side)
    purpose = models.TextField("purpose", max_length=20000)
    access_mode = models.CharField("kind of access", max_length=20, choices=Facts.AccessMode)
    starts_at = models.DateTimeField("starts")
    expires_at = models.DateTimeField("expires")
    follows_partner_release = models.BooleanField(
        "starts with the lab's planned partner release", default=False
    )
    instructions_sealed = models.BinaryField(null=True)
    instructions_set_at = models.DateTimeField(null=True)
    instructions_set_by = models.ForeignKey(USER, models.PROTECT, null=True, related_name="+")

    lab_consented_at = models.DateTimeField(null=True)
    lab_consented_by = models.ForeignKey(USER, models.PROTECT, null=True, related_name="+")
    concurred_at = models.DateTimeField(null=True)
    concurred_by = models.ForeignKey(USER, models.PROTECT, null=True, related_name="+")
    accepted_at = models.DateTimeField(null=True)
    accepted_by = models.ForeignKey(USER, models.PROTECT, null=True, related_name="+")
    accepted_terms = models.ForeignKey(PartnerTerms, models.PROTECT, null=True, related_name="+")
    agreed_at = models.DateTimeField(null=True)

    lab_suspended_at = models.DateTimeField(null=True)
    government_suspended_at = models.DateTimeField(null=True)

    # How it ended: declined, revoked, surrendered; an expiry is written here only when the partner closes out.
    ended_at = models.DateTimeField(null=True)
    ended_by = models.ForeignKey(USER, models.PROTECT, null=True, related_name="+")
    end_side = models.CharField(max_length=10, choices=Side, blank=True)
    end_verb = models.CharField(max_length=20, blank=True)
    reason_code = models.CharField(max_length=20, blank=True)
    closed_out_at = models.DateTimeField(null=True)
    closed_out_by = models.ForeignKey(USER, models.PROTECT, null=True, related_name="+")
    # How far the clock's job has told people: never consulted by any rule.
    start_recorded_at = models.DateTimeField(null=True)
    expiry_recorded_at = models.DateTimeField(null=True)

    objects = GrantQuerySet.as_manager()

    class Meta:
        ordering = ["-proposed_at", "id"]
        indexes = [
            models.Index(fields=["submission", "-proposed_at"], name="grant_case"),
            models.Index(fields=["partner", "-proposed_at"], name="grant_partner"),
            models.Index(fields=["-proposed_at", "id"], name="grant_recent"),
            models.Index(
                fields=["starts_at"],
                condition=Q(stored_state="agreed", start_recorded_at=None),
                name="grant_starting",
            ),
            models.Index(
                fields=["expires_at"],
                condition=Q(stored_state="agreed", expiry_recorded_at=None),
                name="grant_expiring",
            ),
        ]
        constraints = [
            models.CheckConstraint(
                name="grant_expires_after_start", condition=Q(expires_at__gt=F("starts_at"))
            ),
            models.CheckConstraint(
                name="grant_agreed_by_all_three",
                condition=Q(stored_state__in=["proposed", "declined"], agreed_at=None)
                | Q(
                    stored_state__in=["agreed", "revoked", "surrendered", "closed_out"],
                    agreed_at__isnull=False,
                    lab_consented_at__isnull=False,
                    concurred_at__isnull=False,
                    accepted_at__isnull=False,
                    accepted_terms__isnull=False,
                ),
            ),
            models.CheckConstraint(
                name="grant_end_has_instant",
                condition=Q(stored_state__in=["proposed", "agreed"], ended_at=None, end_verb="")
                | (
                    Q(
                        stored_state__in=["declined", "revoked", "surrendered", "closed_out"],
                        ended_at__isnull=False,
                    )
                    & ~Q(end_verb="")
                ),
            ),
            models.CheckConstraint(
                name="grant_decline_and_revoke_have_reason",
                condition=~Q(end_verb__in=["decline", "revoke"]) | ~Q(reason_code=""),
            ),
            models.CheckConstraint(
                name="grant_closed_out_has_instant",
                condition=Q(stored_state="closed_out", closed_out_at__isnull=False)
                | (~Q(stored_state="closed_out") & Q(closed_out_at=None)),
            ),
            models.UniqueConstraint(
                fields=["submission", "partner"],
                condition=Q(stored_state__in=["proposed", "agreed"]),
                name="grant_once",
            ),
        ]
        triggers = [
            pgtrigger.FSM(name="grant_steps", field="stored_state", transitions=MACHINE.stored_jumps()),
        ]

    def __str__(self):
        return f"{self.partner}, case {self.submission}"

    def state_at(self, at: datetime) -> State:
        """The grant's state at an instant; ``GrantQuerySet.in_state`` says the same in SQL."""
        if self.stored_state != State.AGREED:
            return State(self.stored_state)
        if self.expires_at <= at:
            return State.EXPIRED
        if self.suspended_at is not None:
            return State.SUSPENDED
        return State.ACTIVE if self.starts_at <= at else State.AGREED

    @property
    def state(self) -> State:
        return self.state_at(clock.now())

    @property
    def suspended_at(self) -> datetime | None:
        """Since when either side's suspension has stood; None while neither does."""
        since = [at for at in (self.lab_suspended_at, self.government_suspended_at) if at is not None]
        return min(since, default=None)

    def silent_since(self, at: datetime) -> datetime | None:
        """Since when the programme office's answer to the lab's proposal is late; None while it is not. It changes nothing."""
        if self.stored_state != State.PROPOSED or self.concurred_at is not None:
            return None
        due = concur_due(self.proposed_at)
        return due if due <= at else None

    @property
    def reason_words(self) -> str:
        """The words of ``reason_code``; empty where none was given."""
        words = dict(DeclineReason.choices) | dict(RevokeReason.choices)
        return words.get(self.reason_code, "")

    @property
    def offered_at(self) -> datetime | None:
        """From when the partner knows of it: lab consent and government concurrence are both there."""
        if self.lab_consented_at is None or self.concurred_at is None:
            return None
        return max(self.lab_consented_at, self.concurred_at)


class GrantDocument(Key):
    """A document of the case that is in a grant's scope, while it is."""

    grant = models.ForeignKey(Grant, models.PROTECT, related_name="scope")
    document = models.ForeignKey(Document, models.PROTECT, related_name="+")
    added_by = models.ForeignKey(USER, models.PROTECT, related_name="+")
    since = models.DateTimeField(default=clock.now)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["since", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["grant", "document"], condition=Q(ended_at=None), name="grant_document_once"
            )
        ]

    def __str__(self):
        return f"{self.document_id} in {self.grant_id}"


class GrantUser(Key):
    """A person of the partner whom its administrator named for a grant; only named persons reach the model."""

    grant = models.ForeignKey(Grant, models.PROTECT, related_name="named")
    user = models.ForeignKey(USER, models.PROTECT, related_name="+")
    added_by = models.ForeignKey(USER, models.PROTECT, related_name="+")
    since = models.DateTimeField(default=clock.now)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["since", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["grant", "user"], condition=Q(ended_at=None), name="grant_user_once"
            )
        ]
        indexes = [models.Index(fields=["user"], condition=Q(ended_at=None), name="grant_user_live")]

    def __str__(self):
        return f"{self.user}"


class GrantExtension(Key):
    """A later expiry that one side asked for; it holds once the other side asks for the same."""

    grant = models.ForeignKey(Grant, models.PROTECT, related_name="extensions")
    expires_at = models.DateTimeField()
    asked_by = models.ForeignKey(USER, models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(default=clock.now)
    asked_side = models.CharField(max_length=10, choices=Side)
    completed_at = models.DateTimeField(null=True)
    completed_by = models.ForeignKey(USER, models.PROTECT, null=True, related_name="+")
    # Another date was asked for instead, or the grant ended first.
    dropped_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-asked_at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["grant"],
                condition=Q(completed_at=None, dropped_at=None),
                name="grant_one_open_extension",
            ),
            models.CheckConstraint(
                name="extension_needs_both_sides",
                condition=Q(asked_side__in=["lab", "government"])
                & (
                    Q(completed_at=None, completed_by=None)
                    | Q(completed_at__isnull=False, completed_by__isnull=False, dropped_at=None)
                ),
            ),
        ]

    def __str__(self):
        return f"Extension of {self.grant_id}"
