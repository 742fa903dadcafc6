"""The criteria that organisations are vetted by, each vetting, and what was found criterion by criterion: words, never a sum."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower

from partners.models.profiles import PartnerProfile
from partners.querysets_vetting import VettingCriteriaQuerySet, VettingQuerySet
from portal import clock
from portal.accounts.models import Organisation
from portal.submissions.models import Key

USER = settings.AUTH_USER_MODEL


class VettingCriteria(Key):
    """One version of the criteria. Append-only: a change is a new version, and who was vetted by an earlier one stays with it.

    The first one came with the portal, so nobody published it.
    """

    number = models.PositiveIntegerField(unique=True)
    introduction = models.TextField(max_length=4000, blank=True, help_text="Stands above the criteria.")
    note = models.TextField(
        "why this version", max_length=2000, help_text="Applicants read it beside the number."
    )
    published_at = models.DateTimeField(default=clock.now)
    published_by = models.ForeignKey(USER, models.PROTECT, null=True, related_name="+")

    objects = VettingCriteriaQuerySet.as_manager()

    class Meta:
        ordering = ["-number"]
        verbose_name = verbose_name_plural = "vetting criteria"
        constraints = [models.CheckConstraint(name="criteria_number_from_one", condition=Q(number__gte=1))]

    def __str__(self):
        return f"Vetting criteria, version {self.number}"


class VettingCriterion(Key):
    """One criterion of a version. ``key`` says which criterion of an earlier version it is."""

    version = models.ForeignKey(VettingCriteria, models.PROTECT, related_name="criteria")
    key = models.SlugField(max_length=60)
    title = models.CharField(max_length=200)
    guidance = models.TextField(max_length=2000, blank=True)
    position = models.PositiveSmallIntegerField()

    MOST = 30

    class Meta:
        ordering = ["position", "id"]
        constraints = [
            models.UniqueConstraint(fields=["version", "key"], name="criterion_key_once"),
            models.UniqueConstraint(fields=["version", "position"], name="criterion_position_once"),
            models.UniqueConstraint("version", Lower("title"), name="criterion_title_once"),
        ]

    def __str__(self):
        return self.title


class Vetting(Key):
    """One vetting of an organisation, by the version of the criteria that was current when it began.

    ``reason`` is in words to the organisation. Once it has ended a trigger refuses every change.
    """

    class Outcome(models.TextChoices):
        ELIGIBLE = "eligible", "Eligible"
        NOT_SELECTED = "not_selected", "Not selected"

    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="vettings")
    number = models.PositiveIntegerField()
    criteria = models.ForeignKey(VettingCriteria, models.PROTECT, related_name="vettings")
    begun_at = models.DateTimeField(default=clock.now)
    begun_by = models.ForeignKey(USER, models.PROTECT, related_name="+")
    ended_at = models.DateTimeField(null=True)
    ended_by = models.ForeignKey(USER, models.PROTECT, null=True, related_name="+")
    outcome = models.CharField(max_length=20, choices=Outcome, blank=True)
    reason_code = models.CharField(max_length=20, choices=PartnerProfile.NotSelectedReason, blank=True)
    reason = models.TextField(max_length=2000, blank=True)
    reapply_on = models.DateField(null=True)

    objects = VettingQuerySet.as_manager()

    class Meta:
        ordering = ["organisation", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["organisation", "number"], name="vetting_number_once"),
            models.UniqueConstraint(
                fields=["organisation"], condition=Q(ended_at=None), name="vetting_one_open"
            ),
            models.CheckConstraint(
                name="vetting_ended_has_outcome",
                condition=Q(ended_at=None, outcome="") | Q(ended_at__isnull=False) & ~Q(outcome=""),
            ),
        ]

    def __str__(self):
        return f"{self.organisation.name}, vetting {self.number}"


class VettingAnswer(Key):
    """What was found about one criterion. ``reason`` is for the organisation to read, ``note`` stays in the programme office.

    A trigger holds it to a vetting that has not ended, and to a criterion of the version that the vetting is pinned to.
    """

    class Found(models.TextChoices):
        MET = "met", "Met"
        NOT_MET = "not_met", "Not met"
        NOT_APPLICABLE = "not_applicable", "Does not apply"

    vetting = models.ForeignKey(Vetting, models.PROTECT, related_name="answers")
    criterion = models.ForeignKey(VettingCriterion, models.PROTECT, related_name="+")
    found = models.CharField("what was found", max_length=20, choices=Found, blank=True)
    reason = models.TextField("reason", max_length=4000, blank=True)
    note = models.TextField("note for the programme office", max_length=4000, blank=True)
    answered_at = models.DateTimeField(default=clock.now)
    answered_by = models.ForeignKey(USER, models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["vetting", "criterion"], name="one_answer_a_criterion"),
            models.CheckConstraint(
                name="vetting_answer_says_why", condition=Q(found__in=["", "met"]) | ~Q(reason="")
            ),
        ]

    def __str__(self):
        return f"{self.criterion}: {self.get_found_display()}"
