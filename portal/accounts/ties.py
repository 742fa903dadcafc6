"""What ties a person to an organisation beside a seat, addresses and mail domains; and the view of all ties."""

import uuid

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower

from portal import clock
from portal.accounts import querysets

# A name of two labels or more, as it stands behind the @ (RFC 1123), in lower case.
DOMAIN = r"^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]*[a-z0-9]\Z"


class MailDomain(models.Model):
    """A domain at which an organisation's people have their mail: an address there, or below it, ties its person to it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organisation = models.ForeignKey("accounts.Organisation", models.PROTECT, related_name="mail_domains")
    domain = models.CharField(
        max_length=253, validators=[RegexValidator(DOMAIN, "Write a domain, such as lab.example.")]
    )
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField(default=clock.now, editable=False)
    ended_at = models.DateTimeField("taken off", null=True)

    objects = querysets.MailDomainQuerySet.as_manager()

    class Meta:
        ordering = ["domain", "id"]
        verbose_name = "mail domain"
        constraints = [
            models.UniqueConstraint(
                fields=["domain"], condition=Q(ended_at=None), name="mail_domain_of_one_organisation"
            ),
            models.CheckConstraint(
                condition=Q(domain=Lower("domain")) & Q(domain__contains="."),
                name="mail_domain_in_lower_case",
            ),
        ]
        indexes = [
            models.Index(fields=["organisation"], condition=Q(ended_at=None), name="mail_domain_organisation")
        ]

    def __str__(self):
        return f"{self.domain}, {self.organisation}"


class FormerAddress(models.Model):
    """An address that an account had, under the id of the event by which it got another: it is told of that, once.

    It is kept as long as the account is, for whoever has to undo a takeover; the event itself names no address.
    """

    id = models.UUIDField(primary_key=True, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="former_addresses")
    email = models.EmailField(max_length=254)

    objects = querysets.FormerAddressQuerySet.as_manager()

    def __str__(self):
        return self.email


class OtherAddress(models.Model):
    """An address a person has beside the one of the account, verified or not: only conflicts follow from it.

    Nobody signs in by it and no mail goes there.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="other_addresses")
    email = models.EmailField("address", max_length=254)
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField(default=clock.now, editable=False)
    ended_at = models.DateTimeField("taken off", null=True)

    objects = querysets.OtherAddressQuerySet.as_manager()

    class Meta:
        ordering = ["-recorded_at", "id"]
        verbose_name = "other address"
        verbose_name_plural = "other addresses"
        constraints = [
            models.UniqueConstraint(
                F("user"), Lower("email"), condition=Q(ended_at=None), name="other_address_once"
            )
        ]

    def __str__(self):
        return f"{self.user}, {self.email}"


class Tie(models.Model):
    """A row of the view ``accounts_tie``: something that ties a person to an organisation.

    A membership, also an ended one; work there, also past or to come; an address at one of the organisation's mail domains,
    verified or not, since a tie hides and opens nothing. ``at_present`` is false for what has an end on record.
    """

    class How(models.TextChoices):
        MEMBER = "member", "Member"
        WORK = "work", "Works or worked there"
        ADDRESS = "address", "Address at its mail domain"

    key = models.CharField(primary_key=True, max_length=200)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.DO_NOTHING, related_name="ties")
    organisation = models.ForeignKey("accounts.Organisation", models.DO_NOTHING, related_name="+")
    how = models.CharField(max_length=10, choices=How)
    since = models.DateField("from", null=True)
    until = models.DateField(null=True)
    domain = models.CharField(max_length=253, blank=True)
    at_present = models.BooleanField()

    objects = querysets.TieQuerySet.as_manager()

    class Meta:
        managed = False
        db_table = "accounts_tie"
        ordering = ["user__name", "organisation__name", "key"]
        verbose_name = "tie to a lab or partner"
        verbose_name_plural = "ties to labs and partners"

    def __str__(self):
        return f"{self.user}, {self.organisation}"
