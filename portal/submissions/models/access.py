"""The access terms in their versions, and the sealed access instructions."""

from django.db import models

from portal import clock
from portal.submissions.models.base import USER, Key
from portal.submissions.models.cases import Submission
from portal.submissions.querysets import TermsQuerySet


class Terms(Key):
    """One version of a case's access terms under the order's five heads; both sides must accept the same one."""

    submission = models.ForeignKey(Submission, models.PROTECT, related_name="terms")
    number = models.PositiveIntegerField()
    purpose = models.TextField("purpose of the access")
    confidentiality = models.TextField()
    cybersecurity = models.TextField()
    insider_risk = models.TextField("insider risk")
    intellectual_property = models.TextField("intellectual property")
    use_nondisclosure = models.TextField("use and nondisclosure")
    names_shown = models.BooleanField(
        "agency persons are shown by name",
        default=False,
        help_text='Otherwise the lab sees a stable name, such as "CAISI reviewer 2".',
    )
    proposed_by = models.ForeignKey(USER, models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField(default=clock.now)
    lab_accepted_at = models.DateTimeField(null=True)
    lab_accepted_by = models.ForeignKey(USER, models.PROTECT, null=True, related_name="+")
    government_accepted_at = models.DateTimeField(null=True)
    government_accepted_by = models.ForeignKey(USER, models.PROTECT, null=True, related_name="+")

    HEADS = ("confidentiality", "cybersecurity", "insider_risk", "intellectual_property", "use_nondisclosure")

    objects = TermsQuerySet.as_manager()

    class Meta:
        ordering = ["-number"]
        verbose_name_plural = "terms"
        constraints = [models.UniqueConstraint(fields=["submission", "number"], name="terms_version_once")]

    def __str__(self):
        return f"Access terms, version {self.number}"

    @property
    def is_agreed(self) -> bool:
        return self.lab_accepted_at is not None and self.government_accepted_at is not None


class AccessInstructions(Key):
    """How the government reaches the model: a secret, encrypted at rest, opened only by ``actions.reveal_instructions``."""

    submission = models.ForeignKey(Submission, models.PROTECT, related_name="instructions")
    number = models.PositiveIntegerField()
    sealed = models.BinaryField()
    provided_by = models.ForeignKey(USER, models.PROTECT, related_name="+")
    provided_at = models.DateTimeField(default=clock.now)

    class Meta:
        ordering = ["-number"]
        verbose_name_plural = "access instructions"
        constraints = [
            models.UniqueConstraint(fields=["submission", "number"], name="instructions_version_once")
        ]

    def __str__(self):
        return f"Access instructions, version {self.number}"
