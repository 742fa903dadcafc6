"""The erasure of a person's particulars: that it was asked for, and the keys under which backups hold them (docs/adr/0031)."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from portal import clock
from portal.accounts import querysets


class PersonKey(models.Model):
    """The key under which backups hold one person's particulars; drawn by the backup that first needs it.

    ``person`` is an account's id, or that of a lab's contact; no constraint, since a key outlives its person in a database that
    was restored from an older backup. Destroyed once, by an erasure: a trigger lets nothing be written back.
    """

    person = models.UUIDField(primary_key=True, editable=False)
    key = models.BinaryField(max_length=32, null=True)
    erased_at = models.DateTimeField(null=True)

    objects = querysets.PersonKeyQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(key=None, erased_at__isnull=False) | Q(key__isnull=False, erased_at=None),
                name="person_key_or_erased",
            )
        ]

    def __str__(self):
        return f"Key of {self.person}"


class Erasure(models.Model):
    """That a person's particulars are to be erased: asked for by one who looks after accounts, confirmed or stopped later.

    Without words of anybody's: ``ground`` is one of a few, since a reason in words would name the person.
    """

    class Ground(models.TextChoices):
        ASKED = "asked", "The person asks for it"
        LEFT = "left", "The person takes part no longer, and nothing asks to keep their particulars"
        MISTAKE = "mistake", "The account was made by mistake"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="erasures")
    ground = models.CharField("why", max_length=10, choices=Ground)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(default=clock.now)
    confirmed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    confirmed_at = models.DateTimeField(null=True)
    stopped_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    stopped_at = models.DateTimeField(null=True)

    objects = querysets.ErasureQuerySet.as_manager()

    class Meta:
        ordering = ["-asked_at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["user"],
                condition=Q(stopped_at=None),
                name="erasure_once",
            ),
            models.CheckConstraint(
                condition=~Q(asked_by=F("user"))
                & (Q(confirmed_by=None) | (~Q(confirmed_by=F("asked_by")) & ~Q(confirmed_by=F("user")))),
                name="erasure_two_others",
            ),
            models.CheckConstraint(
                condition=Q(confirmed_by=None, confirmed_at=None)
                | Q(confirmed_by__isnull=False, confirmed_at__isnull=False, confirmed_at__gte=F("asked_at")),
                name="erasure_confirmed_whole",
            ),
            models.CheckConstraint(
                condition=Q(stopped_by=None, stopped_at=None)
                | Q(
                    stopped_by__isnull=False,
                    stopped_at__isnull=False,
                    stopped_at__gte=F("asked_at"),
                    confirmed_at=None,
                ),
                name="erasure_stopped_whole",
            ),
        ]

    def __str__(self):
        return f"Erasure of {self.user_id}"
