"""Whom the government may call about a case."""

from django.db import models

from portal import clock
from portal.submissions.models.base import USER, Key
from portal.submissions.models.cases import Submission
from portal.submissions.querysets import ContactQuerySet


class Contact(Key):
    """A person of the lab, or one it names, for one purpose on one case. Who reads the facts reads it."""

    class Purpose(models.TextChoices):
        TECHNICAL = "technical", "Technical questions and access"
        LEGAL = "legal", "Terms and legal questions"
        SECURITY = "security", "Security incidents"
        RELEASE = "release", "Release and dates"

    submission = models.ForeignKey(Submission, models.PROTECT, related_name="contacts")
    purpose = models.CharField("for what", max_length=20, choices=Purpose)
    name = models.CharField(max_length=200)
    email = models.EmailField("e-mail", blank=True)
    phone = models.CharField(max_length=50, blank=True)
    added_by = models.ForeignKey(USER, models.PROTECT, related_name="+")
    added_at = models.DateTimeField(default=clock.now)
    taken_off_at = models.DateTimeField(null=True)

    objects = ContactQuerySet.as_manager()

    class Meta:
        ordering = ["purpose", "added_at", "id"]
        constraints = [
            models.CheckConstraint(name="contact_can_be_reached", condition=~models.Q(email="", phone="")),
        ]

    def __str__(self):
        return self.name
