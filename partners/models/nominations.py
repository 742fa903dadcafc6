"""Organisations that a lab or an agency puts forward."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from partners.models.profiles import Sector
from partners.querysets_nominations import PartnerNominationQuerySet
from portal import clock
from portal.accounts.models import Organisation
from portal.submissions.models import Key

USER = settings.AUTH_USER_MODEL


class PartnerNomination(Key):
    """One organisation put forward by a lab or an agency, in the words of whoever did.

    ``why`` and who nominated are for the nominating side and the programme office: the organisation never learns of either,
    and no lab of another's. ``reason`` is told to the nominating side.
    """

    class Outcome(models.TextChoices):
        TAKEN_UP = "taken_up", "Taken up"
        SET_ASIDE = "set_aside", "Set aside"

    nominated_for = models.ForeignKey(Organisation, models.PROTECT, related_name="nominations")
    name = models.CharField("name of the organisation", max_length=200)
    country = models.CharField("country", max_length=2)
    sectors = ArrayField(models.CharField(max_length=30, choices=Sector), verbose_name="sectors")
    why = models.TextField("why", max_length=4000)
    nominated_at = models.DateTimeField(default=clock.now)
    nominated_by = models.ForeignKey(USER, models.PROTECT, related_name="+")
    outcome = models.CharField(max_length=20, choices=Outcome, blank=True)
    reason = models.TextField(max_length=2000, blank=True)
    organisation = models.ForeignKey(Organisation, models.PROTECT, null=True, related_name="+")
    answered_at = models.DateTimeField(null=True)
    answered_by = models.ForeignKey(USER, models.PROTECT, null=True, related_name="+")

    objects = PartnerNominationQuerySet.as_manager()

    class Meta:
        ordering = ["-nominated_at", "id"]
        verbose_name = "nomination"
        indexes = [models.Index(fields=["nominated_for", "-nominated_at"], name="nomination_of_a_side")]
        constraints = [
            models.CheckConstraint(name="nomination_country_code", condition=Q(country__regex=r"^[A-Z]{2}$")),
            models.CheckConstraint(
                name="nomination_sectors_known",
                condition=Q(sectors__contained_by=Sector.values, sectors__len__gte=1),
            ),
            models.CheckConstraint(
                name="nomination_answered_or_not",
                condition=Q(outcome="", answered_at=None, organisation=None)
                | Q(outcome="taken_up", answered_at__isnull=False, organisation__isnull=False)
                | Q(outcome="set_aside", answered_at__isnull=False, organisation=None) & ~Q(reason=""),
            ),
        ]

    def __str__(self):
        return self.name

    @property
    def state_told(self) -> str:
        return self.get_outcome_display() if self.outcome else "Waits for the programme office"

    @property
    def sector_names(self) -> list[str]:
        return [str(Sector(value).label) for value in self.sectors]
