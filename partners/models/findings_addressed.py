"""Which partner organisations were told of a finding that is not theirs."""

import pgtrigger
from django.conf import settings
from django.db import models

from partners.models.findings import Finding
from partners.querysets_findings import FindingAddresseeQuerySet
from portal import clock
from portal.accounts.models import Organisation
from portal.submissions.models import Key

USER = settings.AUTH_USER_MODEL


class FindingAddressee(Key):
    """A partner organisation that the programme office addressed a finding to, so that it protects what it operates.

    Told is told: the row stays. What its people read of the finding, and until when, is the queryset's.
    """

    finding = models.ForeignKey(Finding, models.PROTECT, related_name="addressees")
    partner = models.ForeignKey(Organisation, models.PROTECT, related_name="addressed_findings")
    addressed_at = models.DateTimeField(default=clock.now)
    addressed_by = models.ForeignKey(USER, models.PROTECT, related_name="+")

    objects = FindingAddresseeQuerySet.as_manager()

    class Meta:
        ordering = ["addressed_at", "id"]
        constraints = [
            models.UniqueConstraint(fields=["partner", "finding"], name="finding_addressed_once"),
        ]
        triggers = [
            pgtrigger.Protect(name="finding_addressee_stays", operation=pgtrigger.Delete | pgtrigger.Update),
            # Invariant 16: others are told with the owner's consent, or once the embargo has passed.
            pgtrigger.Trigger(
                name="finding_addressed_in_time",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                func="""
                    IF NOT EXISTS (SELECT FROM partners_finding f
                                   WHERE f.id = NEW.finding_id AND f.reporter_id <> NEW.partner_id
                                     AND f.owner_notified_at <= NEW.addressed_at
                                     AND (f.owner_consented_at <= NEW.addressed_at
                                          OR (f.embargo_until <= NEW.addressed_at
                                              AND (f.owner_id IS NULL OR f.submission_id IS NOT NULL)))) THEN
                        RAISE EXCEPTION 'partners are told of a finding with its owner''s consent or after the embargo'
                            USING ERRCODE = 'check_violation', CONSTRAINT = 'finding_addressed_in_time';
                    END IF;
                    RETURN NEW;
                """,
            ),
        ]

    def __str__(self):
        return f"{self.finding} to {self.partner}"
