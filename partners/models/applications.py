"""What a partner organisation said of itself, each time it said it."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from partners.models.profiles import Sector
from partners.querysets_applications import PartnerApplicationQuerySet
from portal import clock
from portal.accounts.models import Organisation
from portal.submissions.models import Key

USER = settings.AUTH_USER_MODEL


class Ownership(models.TextChoices):
    """Whether anybody abroad owns, controls or can direct the organisation."""

    NONE = "none", "No owner, lender or officer abroad can direct what we do"
    PARTLY = "partly", "There is a foreign interest, without control"
    CONTROLLED = "controlled", "A foreign owner controls the organisation"
    GOVERNMENT = "government", "A foreign government has an interest in the organisation"


class PartnerApplication(Key):
    """One application, or one change of it. Append-only, by a trigger: what was told at which time stays.

    ``sectors``, ``country`` and ``operates`` of the newest stand in the organisation's profile too, which lists are read from.
    ``contacts`` is a list of objects with name, role, email and telephone; ``attested`` one of key and words.
    """

    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="applications")
    number = models.PositiveIntegerField()
    sectors = ArrayField(
        models.CharField(max_length=30, choices=Sector), verbose_name="sectors of critical infrastructure"
    )
    country = models.CharField("country", max_length=2)
    operates = models.TextField("what the organisation operates or protects", max_length=20000)
    website = models.URLField("website", max_length=200, blank=True)
    mail_domains = ArrayField(models.CharField(max_length=253), default=list, verbose_name="mail domains")
    lei = models.CharField("LEI", max_length=20, blank=True)
    contacts = models.JSONField("security contacts")
    ownership = models.CharField("foreign ownership", max_length=20, choices=Ownership)
    ownership_words = models.TextField("foreign ownership, in words", max_length=4000, blank=True)
    attested = models.JSONField("attestations")
    written_at = models.DateTimeField("told", default=clock.now)
    written_by = models.ForeignKey(USER, models.PROTECT, related_name="+")

    objects = PartnerApplicationQuerySet.as_manager()

    class Meta:
        ordering = ["organisation", "-number"]
        verbose_name = "application"
        indexes = [models.Index(fields=["lei"], condition=~Q(lei=""), name="partner_application_lei")]
        constraints = [
            models.UniqueConstraint(fields=["organisation", "number"], name="partner_application_number"),
            models.CheckConstraint(name="partner_application_from_one", condition=Q(number__gte=1)),
            models.CheckConstraint(
                name="partner_application_lei_form",
                condition=Q(lei="") | Q(lei__regex=r"^[A-Z0-9]{18}[0-9]{2}$"),
            ),
            models.CheckConstraint(
                name="partner_application_says_whose",
                condition=Q(ownership="none") | ~Q(ownership_words=""),
            ),
        ]

    def __str__(self):
        return f"{self.organisation.name}, application {self.number}"

    @property
    def sector_names(self) -> list[str]:
        return [str(Sector(value).label) for value in self.sectors]
