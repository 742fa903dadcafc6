"""A partner organisation as the programme knows it, and the standard text that partners accept."""

from datetime import datetime

import pgtrigger
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from partners.querysets import PartnerProfileQuerySet, PartnerTermsQuerySet
from partners.states import PARTNERS, PartnerState
from portal import clock
from portal.accounts.models import Organisation
from portal.submissions.models import Key

USER = settings.AUTH_USER_MODEL


class Sector(models.TextChoices):
    """The 16 critical-infrastructure sectors of PPD-21, as CISA names them."""

    CHEMICAL = "chemical", "Chemical"
    COMMERCIAL = "commercial_facilities", "Commercial Facilities"
    COMMUNICATIONS = "communications", "Communications"
    MANUFACTURING = "critical_manufacturing", "Critical Manufacturing"
    DAMS = "dams", "Dams"
    DEFENSE = "defense_industrial_base", "Defense Industrial Base"
    EMERGENCY = "emergency_services", "Emergency Services"
    ENERGY = "energy", "Energy"
    FINANCE = "financial_services", "Financial Services"
    FOOD = "food_agriculture", "Food and Agriculture"
    GOVERNMENT = "government", "Government Services and Facilities"
    HEALTH = "healthcare", "Healthcare and Public Health"
    IT = "information_technology", "Information Technology"
    NUCLEAR = "nuclear", "Nuclear Reactors, Materials, and Waste"
    TRANSPORT = "transportation", "Transportation Systems"
    WATER = "water", "Water and Wastewater Systems"


class PartnerProfile(models.Model):
    """A partner organisation's standing in the programme; its key is the organisation's, so both have one public id.

    ``stored_state`` holds what people did; that eligibility lapsed is derived from ``revet_due_at`` (``state_at``).
    """

    class NotSelectedReason(models.TextChoices):
        SECTOR = "sector", "No sector of critical infrastructure is served"
        CAPACITY = "capacity", "No place for further partners at present"
        SECURITY = "security", "Security measures do not suffice yet"
        INFORMATION = "information", "The application is incomplete"
        CONFLICT = "conflict", "A conflict of interest"
        OTHER = "other", "Another reason"

    organisation = models.OneToOneField(
        Organisation, models.PROTECT, primary_key=True, related_name="partner_profile"
    )
    stored_state = models.CharField(max_length=20, choices=PartnerState, default=PartnerState.APPLIED)
    revision = models.PositiveIntegerField(default=1)
    sectors = ArrayField(
        models.CharField(max_length=30, choices=Sector), verbose_name="sectors of critical infrastructure"
    )
    country = models.CharField("country", max_length=2, help_text="ISO 3166 code, such as US.")
    operates = models.TextField("what the organisation operates or protects", max_length=20000)
    created_at = models.DateTimeField(default=clock.now)
    created_by = models.ForeignKey(USER, models.PROTECT, related_name="+")
    vetted_at = models.DateTimeField(null=True)
    vetted_by = models.ForeignKey(USER, models.PROTECT, null=True, related_name="+")
    revet_due_at = models.DateTimeField(null=True)
    reason_code = models.CharField(max_length=20, choices=NotSelectedReason, blank=True)
    # The first day on which an organisation that was not selected may apply again.
    reapply_on = models.DateField(null=True, blank=True)

    objects = PartnerProfileQuerySet.as_manager()

    class Meta:
        ordering = ["organisation__name"]
        verbose_name = "partner organisation"
        indexes = [models.Index(fields=["stored_state", "revet_due_at"], name="partner_state")]
        constraints = [
            models.CheckConstraint(name="partner_country_code", condition=Q(country__regex=r"^[A-Z]{2}$")),
            models.CheckConstraint(
                name="partner_sectors_known",
                condition=Q(sectors__contained_by=Sector.values, sectors__len__gte=1),
            ),
            models.CheckConstraint(
                name="partner_eligible_was_vetted",
                condition=~Q(stored_state__in=["eligible", "suspended"])
                | Q(vetted_at__isnull=False, revet_due_at__gt=models.F("vetted_at")),
            ),
            models.CheckConstraint(
                name="partner_not_selected_has_reason",
                condition=~Q(stored_state="not_selected") | ~Q(reason_code=""),
            ),
        ]
        triggers = [
            pgtrigger.FSM(name="partner_steps", field="stored_state", transitions=PARTNERS.stored_jumps()),
        ]

    def __str__(self):
        return self.organisation.name

    def state_at(self, at: datetime) -> PartnerState:
        """The state at an instant; ``PartnerProfileQuerySet.in_state`` says the same in SQL."""
        if self.stored_state == PartnerState.ELIGIBLE and self.revet_due_at <= at:
            return PartnerState.LAPSED
        return PartnerState(self.stored_state)

    @property
    def state(self) -> PartnerState:
        return self.state_at(clock.now())

    @property
    def sector_names(self) -> list[str]:
        return [str(Sector(value).label) for value in self.sectors]


class PartnerTerms(Key):
    """One version of the standard text that a partner accepts with each grant; never changed, since others accepted it."""

    number = models.PositiveIntegerField(unique=True)
    text = models.TextField()
    published_at = models.DateTimeField(default=clock.now)
    published_by = models.ForeignKey(USER, models.PROTECT, null=True, related_name="+")

    objects = PartnerTermsQuerySet.as_manager()

    class Meta:
        ordering = ["-number"]
        verbose_name_plural = "partner terms"

    def __str__(self):
        return f"Partner terms, version {self.number}"
