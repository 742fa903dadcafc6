"""Dates somebody should act by, and the messages that leave the portal about them and about what happened."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse

from portal import clock
from portal.accounts.models import FormerAddress, Kind
from portal.deadlines import registry
from portal.deadlines.querysets import (
    ADDRESS_LEFT,
    AbsenceQuerySet,
    BounceQuerySet,
    DeadlineQuerySet,
    FeedQuerySet,
    MessageQuerySet,
    OwnQuerySet,
    PreferenceQuerySet,
)

# Whose pages stand under which address.
_SIDES = {"/lab/": Kind.LAB, "/admin/": Kind.AGENCY, "/partner/": Kind.PARTNER}


class Deadline(models.Model):
    """A date somebody should act by. One row a subject and kind; a moved date is the same row with another ``due_at``.

    ``fresh_from`` is when the date was last set: reminders whose moment lies before it are skipped, not caught up.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=40)
    subject_id = models.UUIDField()
    case_id = models.UUIDField(null=True)
    case_number = models.CharField(max_length=20)
    # The one person who must act, where the kind names a person and not a capacity.
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    # Where only the people of one organisation must act, whatever they can still see: the kind then names roles in it.
    organisation = models.ForeignKey("accounts.Organisation", models.PROTECT, null=True, related_name="+")
    # Where only those concern it whom the audience admits by one source (one grant of several on a case).
    source_id = models.UUIDField(null=True)
    # Where its reminders lead; the case's own address when empty.
    link = models.CharField(max_length=200, blank=True)
    due_at = models.DateTimeField()
    fresh_from = models.DateTimeField()
    met_at = models.DateTimeField(null=True)
    cancelled_at = models.DateTimeField(null=True)
    # The next moment at which a reminder is due; None when none is left. An idle tick reads only the index on it.
    next_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(default=clock.now)
    # Its reminders are mailed at once, whatever anybody chose: those of a demonstration that tries how reminders leave.
    at_once = models.BooleanField(default=False, db_default=False)

    objects = DeadlineQuerySet.as_manager()

    class Meta:
        ordering = ["due_at", "id"]
        constraints = [models.UniqueConstraint(fields=["kind", "subject_id"], name="deadline_once")]
        indexes = [
            models.Index(
                fields=["next_at"],
                condition=Q(met_at=None, cancelled_at=None, next_at__isnull=False),
                name="deadline_next",
            ),
            models.Index(fields=["case_id", "due_at"], name="deadline_case"),
            models.Index(fields=["due_at", "id"], name="deadline_due"),
            models.Index(
                fields=["due_at", "id"], condition=Q(met_at=None, cancelled_at=None), name="deadline_open"
            ),
            models.Index(fields=["source_id"], condition=Q(source_id__isnull=False), name="deadline_source"),
        ]

    def __str__(self):
        return f"{self.kind} {self.case_number}"

    def page_for(self, user) -> str:
        """Where it leads a person: by its link where that is a page of their side, else by the case's own address, which leads
        each to their own page.
        """
        side = next((kind for start, kind in _SIDES.items() if self.link.startswith(start)), None)
        sides = {seat.kind for seat in user.seats}
        # Of the other sides' pages a person of several has only their own organisations'; the workbench's are one's own.
        is_mine = side is None or sides == {side} or (side == Kind.AGENCY and side in sides)
        if self.link and is_mine:
            return self.link
        return reverse("case", args=[self.case_number]) if self.case_number else reverse("notices:list")

    @property
    def is_open(self) -> bool:
        return self.met_at is None and self.cancelled_at is None

    @property
    def state(self) -> str:
        """met, cancelled, overdue or upcoming, at the present instant."""
        if self.met_at:
            return "met"
        if self.cancelled_at:
            return "cancelled"
        return "overdue" if self.due_at < clock.now() else "upcoming"


class Message(models.Model):
    """One message to one person: a reminder of a deadline, or word that something happened. The outbox and the notices page.

    It names the case number and a link within the portal, and nothing of the lab's. ``key`` says what it is about, so that
    the same thing is never told twice to the same person.
    """

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        HELD = "held", "For the daily mail"
        KEPT = "kept", "In the portal only"
        SENT = "sent", "Sent"
        DROPPED = "dropped", "No longer due"
        FAILED = "failed", "Failed"

    class Reason(models.TextChoices):
        """What kind of failure an attempt met, which decides what is done about it (``failures``)."""

        OUTAGE = "outage", "No mail server answers"
        LATER = "later", "Not now, the mail server says"
        REFUSED = "refused", "The mail server refuses the message"
        MAILBOX = "mailbox", "The mailbox takes no mail"
        ERROR = "error", "The message could not be written"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    recipient = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="notices")
    key = models.CharField(max_length=160)
    kind = models.CharField(max_length=40)
    case_id = models.UUIDField(null=True)
    case_number = models.CharField(max_length=20, blank=True)
    link = models.CharField(max_length=200)
    deadline = models.ForeignKey(Deadline, models.PROTECT, null=True, related_name="reminders")
    # Seconds from the deadline's date, negative before it; null where the message is no reminder.
    offset = models.IntegerField(null=True)
    # The due date the reminder speaks of: one for a date that has since moved is dropped at the door, not sent.
    due_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(default=clock.now)
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    try_at = models.DateTimeField(default=clock.now)
    attempts = models.PositiveSmallIntegerField(default=0)
    failure = models.CharField(max_length=200, blank=True)
    sent_at = models.DateTimeField(null=True)
    read_at = models.DateTimeField(null=True)
    # Which line of its kind's it was planned for (``registry.lines``): 0 for who is asked first, else in whose place.
    line = models.PositiveSmallIntegerField(default=0, db_default=0)
    # Why the last attempt failed; empty where none did, or the message was sent since.
    reason = models.CharField(max_length=10, choices=Reason, blank=True, default="", db_default="")
    # The daily mail that lists this message; it is a message of its own, which no notices page shows.
    digest = models.ForeignKey("self", models.PROTECT, null=True, related_name="listed", db_index=False)

    objects = MessageQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "id"]
        constraints = [
            models.UniqueConstraint(fields=["recipient", "key"], name="message_once"),
            models.UniqueConstraint(fields=["deadline", "recipient", "offset"], name="reminder_once"),
            models.CheckConstraint(
                condition=Q(deadline=None, offset=None) | Q(deadline__isnull=False, offset__isnull=False),
                name="reminder_has_offset",
            ),
        ]
        indexes = [
            models.Index(F("try_at"), condition=Q(state="waiting"), name="message_waiting"),
            models.Index(fields=["recipient"], condition=Q(state="held", digest=None), name="message_held"),
            models.Index(fields=["digest"], condition=Q(digest__isnull=False), name="message_listed"),
            models.Index(fields=["recipient", "-created_at"], name="message_recipient"),
            models.Index(fields=["-created_at", "id"], name="message_newest"),
            models.Index(fields=["state", "-created_at", "id"], name="message_state"),
            models.Index(fields=["sent_at"], condition=Q(state="sent", digest=None), name="message_sent"),
        ]

    def __str__(self):
        return f"{self.kind} to {self.recipient_id}"

    @property
    def label(self) -> str:
        """What the message is about, in a word or two."""
        kind = registry.kind_of(self)
        return kind.label if kind else self.kind.replace("_", " ")

    @property
    def goes_to_another(self) -> bool:
        """Whether it goes to an address that its recipient has no more, so that nothing about theirs follows from its fate."""
        return self.kind == ADDRESS_LEFT

    @property
    def address(self) -> str:
        """Where it is mailed to; empty for a former address that is known no more."""
        if not self.goes_to_another:
            return self.recipient.email
        return FormerAddress.objects.told_by(uuid.UUID(self.key.partition("/")[0]))

    @property
    def wording(self) -> str:
        """What the message says: a sentence of the programme's, without any fact of the case."""
        said = registry.said(registry.kind_of(self))
        return f"{said} {registry.IN_PLACE}" if self.line else said


class NoticePreference(models.Model):
    """How one group of messages comes to a person by mail; a group without a row comes at once.

    It is about mail alone: every message stands on the person's notices page. Essential kinds do not ask it.
    """

    class Delivery(models.TextChoices):
        AT_ONCE = "at_once", "At once"
        DAILY = "daily", "In one daily mail"
        OFF = "off", "No mail"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    group = models.CharField(max_length=40)
    delivery = models.CharField(max_length=10, choices=Delivery)
    chosen_at = models.DateTimeField()

    objects = PreferenceQuerySet.as_manager()

    class Meta:
        ordering = ["person", "group"]
        constraints = [
            models.UniqueConstraint(fields=["person", "group"], name="notice_preference_once"),
            models.CheckConstraint(
                condition=Q(delivery__in=["at_once", "daily", "off"]), name="notice_preference_delivery"
            ),
        ]

    def __str__(self):
        return f"{self.group}: {self.get_delivery_display()}"


class QuietHours(models.Model):
    """The hours of a person's day, in their own zone, in which no mail comes that can wait; past midnight where ``ends`` is
    before ``begins``.
    """

    person = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.PROTECT, primary_key=True, related_name="+"
    )
    begins = models.TimeField()
    ends = models.TimeField()

    objects = OwnQuerySet.as_manager()

    class Meta:
        constraints = [models.CheckConstraint(condition=~Q(begins=F("ends")), name="quiet_hours_last")]

    def __str__(self):
        return f"{self.begins:%H:%M} to {self.ends:%H:%M}"


class Absence(models.Model):
    """A time in which a person does not read their mail. They are told all the same; where nobody else is there, the next in
    line is told too.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    begins_at = models.DateTimeField()
    ends_at = models.DateTimeField()

    objects = AbsenceQuerySet.as_manager()

    class Meta:
        ordering = ["begins_at", "id"]
        constraints = [
            models.CheckConstraint(condition=Q(ends_at__gt=F("begins_at")), name="absence_lasts"),
        ]
        indexes = [models.Index(fields=["person", "ends_at"], name="absence_person")]

    def __str__(self):
        return f"{self.begins_at} to {self.ends_at}"


class Bounce(models.Model):
    """A mail server's word that a mailbox takes no mail: it holds for the address, until somebody says that it does again.

    Nothing is mailed to it while it holds; what it would have got is given up, and told to the next in line.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    address = models.EmailField(max_length=254)
    at = models.DateTimeField()
    said = models.CharField(max_length=200)
    cleared_at = models.DateTimeField(null=True)

    objects = BounceQuerySet.as_manager()

    class Meta:
        ordering = ["-at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["person", "address"], condition=Q(cleared_at=None), name="bounce_once"
            ),
        ]

    def __str__(self):
        return self.address


class DomainPace(models.Model):
    """How many mails went to the mailboxes of one domain in the minute that began at ``minute``."""

    domain = models.CharField(primary_key=True, max_length=254)
    minute = models.DateTimeField()
    taken = models.PositiveIntegerField()

    def __str__(self):
        return self.domain


class CalendarFeed(models.Model):
    """The secret address at which a person's dates can be fetched without signing in: one a person, kept as a hash."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    person = models.OneToOneField(settings.AUTH_USER_MODEL, models.PROTECT, related_name="calendar_feed")
    digest = models.CharField(max_length=64, unique=True)
    made_at = models.DateTimeField()
    fetched_at = models.DateTimeField(null=True)

    objects = FeedQuerySet.as_manager()

    def __str__(self):
        return f"Calendar of {self.person_id}"


class Heartbeat(models.Model):
    """When a part of the system last said that it runs; not a fact about any case."""

    name = models.CharField(primary_key=True, max_length=40)
    at = models.DateTimeField()

    def __str__(self):
        return self.name
