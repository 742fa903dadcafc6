"""A weakness found with or in a model or a product, and its relays to the clearinghouse."""

import pgtrigger
from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Q

from partners import numbers
from partners.findings_states import FINDING, OVER, FindingState
from partners.models.grants import Grant
from partners.querysets_findings import FindingQuerySet, FindingRelayQuerySet
from portal import clock
from portal.accounts.models import Organisation
from portal.searching import words_index
from portal.submissions.models import Document, Key, Submission

USER = settings.AUTH_USER_MODEL
CWE = r"^CWE-[1-9][0-9]{0,5}$"
# What a search reads.
_WORDS = ("title", "product", "text")
_UNREPORTED = Q(state=FindingState.DRAFT)
_WITH_OWNER = ["owner_notified", "remediating", "fixed", "published", "closed_unpublished"]


class Finding(Key):
    """A weakness that an organisation reports, followed until it is fixed and told, or closed.

    ``owner`` is the lab whose model it is about; an outside vendor stands in ``vendor_contact``, and the programme office acts
    in its place. ``reporter_chain`` is kept as it was written, to the letter. Dates are instants: ``embargo_until`` is the
    first at which it may be told without the owner's consent, ``disclosure_due_at`` when the disclosure clock ends.
    """

    class What(models.TextChoices):
        SOFTWARE = "software_vulnerability", "Software vulnerability"
        SAFEGUARD = "model_safeguard", "Model safeguard"
        CAPABILITY = "model_capability", "Model capability"
        INCIDENT = "incident", "Incident"

    class Ssvc(models.TextChoices):
        """The decisions of SSVC, as CISA has them."""

        TRACK = "Track", "Track"
        TRACK_CLOSELY = "Track*", "Track*"
        ATTEND = "Attend", "Attend"
        ACT = "Act", "Act"

    number = models.CharField(max_length=20, unique=True, default=numbers.new_finding_number, editable=False)
    kind = models.CharField("kind of finding", max_length=30, choices=What)
    submission = models.ForeignKey(Submission, models.PROTECT, null=True, related_name="findings")
    grant = models.ForeignKey(Grant, models.PROTECT, null=True, related_name="findings")
    reporter = models.ForeignKey(Organisation, models.PROTECT, related_name="findings")
    owner = models.ForeignKey(Organisation, models.PROTECT, null=True, related_name="owned_findings")
    vendor_contact = models.TextField("contact of an outside vendor", max_length=2000, blank=True)
    state = models.CharField(max_length=20, choices=FindingState, default=FindingState.DRAFT)
    revision = models.PositiveIntegerField(default=1)

    title = models.CharField("title", max_length=200, blank=True)
    text = models.TextField("what was found", max_length=20000, blank=True)
    product = models.CharField("product or model", max_length=200, blank=True)
    version = models.CharField("version", max_length=100, blank=True)
    cwe = models.CharField(
        "CWE",
        max_length=12,
        blank=True,
        validators=[RegexValidator(CWE, "Write a CWE identifier, such as CWE-79.")],
    )
    cvss = models.CharField("CVSS 4.0 vector", max_length=300, blank=True)
    ssvc = models.CharField("SSVC decision", max_length=10, choices=Ssvc, blank=True)
    tlp = models.CharField(
        "TLP 2.0 marking", max_length=20, choices=Document.Tlp, default=Document.Tlp.AMBER_STRICT
    )
    reporter_chain = models.TextField("who found and passed it on", max_length=20000, blank=True)
    exploited = models.BooleanField("is exploited", default=False)
    exploited_at = models.DateTimeField(null=True)
    embargo_until = models.DateTimeField("under embargo until", null=True)
    duplicate_of = models.ForeignKey("self", models.PROTECT, null=True, related_name="duplicates")

    created_at = models.DateTimeField(default=clock.now)
    created_by = models.ForeignKey(USER, models.PROTECT, related_name="+")
    reported_at = models.DateTimeField(null=True)
    reported_by = models.ForeignKey(USER, models.PROTECT, null=True, related_name="+")
    triaged_at = models.DateTimeField(null=True)
    validated_at = models.DateTimeField(null=True)
    not_reproduced_at = models.DateTimeField(null=True)
    duplicate_at = models.DateTimeField(null=True)
    owner_notified_at = models.DateTimeField(null=True)
    disclosure_due_at = models.DateTimeField(null=True)
    disclosure_extended_at = models.DateTimeField(null=True)
    owner_consented_at = models.DateTimeField(null=True)
    owner_consented_by = models.ForeignKey(USER, models.PROTECT, null=True, related_name="+")
    remediating_at = models.DateTimeField(null=True)
    fixed_at = models.DateTimeField(null=True)
    published_at = models.DateTimeField(null=True)
    closed_unpublished_at = models.DateTimeField(null=True)

    # What the reporter writes, and may change until it is reported.
    WRITTEN = (
        "kind", "title", "text", "product", "version", "cwe", "cvss", "ssvc", "tlp", "reporter_chain", "exploited",
        "embargo_until",
    )  # fmt: skip

    WORDS = _WORDS

    objects = FindingQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "id"]
        indexes = [
            models.Index(fields=["-created_at", "id"], name="finding_newest"),
            models.Index(fields=["reporter", "-created_at"], name="finding_reporter"),
            models.Index(fields=["owner", "-created_at"], name="finding_owner"),
            models.Index(fields=["state", "-created_at", "id"], name="finding_state"),
            models.Index(fields=["disclosure_due_at", "id"], name="finding_disclosure"),
            models.Index(fields=["-created_at", "id"], name="finding_exploited", condition=Q(exploited=True)),
            models.Index(fields=["-created_at", "id"], name="finding_open", condition=~Q(state__in=OVER)),
            words_index("finding_words", _WORDS),
        ]
        constraints = [
            models.CheckConstraint(
                name="reported_finding_is_complete",
                condition=_UNREPORTED
                | (
                    Q(reported_at__isnull=False, reported_by__isnull=False)
                    & ~Q(title="")
                    & ~Q(text="")
                    & ~Q(product="")
                ),
            ),
            models.CheckConstraint(
                name="draft_finding_is_unreported", condition=~_UNREPORTED | Q(reported_at=None)
            ),
            models.CheckConstraint(
                name="finding_duplicate_names_another",
                condition=Q(state="duplicate", duplicate_of__isnull=False, duplicate_at__isnull=False)
                & ~Q(duplicate_of=F("id"))
                | (~Q(state="duplicate") & Q(duplicate_of=None)),
            ),
            models.CheckConstraint(
                name="finding_owner_is_known",
                condition=(
                    Q(state__in=_WITH_OWNER, owner_notified_at__isnull=False, embargo_until__isnull=False)
                    & Q(disclosure_due_at__isnull=False, disclosure_due_at__gt=F("owner_notified_at"))
                    & (Q(owner__isnull=False) | ~Q(vendor_contact=""))
                )
                | (~Q(state__in=_WITH_OWNER) & Q(owner_notified_at=None, disclosure_due_at=None)),
            ),
            # Invariant 16.
            models.CheckConstraint(
                name="finding_told_by_consent_or_after_embargo",
                condition=~Q(state="published")
                | Q(
                    published_at__isnull=False,
                    owner_consented_at__isnull=False,
                    owner_consented_at__lte=F("published_at"),
                )
                | Q(published_at__isnull=False, published_at__gte=F("embargo_until")),
            ),
            models.CheckConstraint(name="finding_cwe_form", condition=Q(cwe="") | Q(cwe__regex=CWE)),
            models.CheckConstraint(
                name="finding_cvss_form", condition=Q(cvss="") | Q(cvss__startswith="CVSS:4.0/")
            ),
            models.CheckConstraint(
                name="finding_exploited_since", condition=Q(exploited=True) | Q(exploited_at=None)
            ),
        ]
        triggers = [
            pgtrigger.FSM(name="finding_steps", field="state", transitions=FINDING.stored_jumps()),
            pgtrigger.Protect(name="finding_stays", operation=pgtrigger.Delete),
            # Invariant 16: while the clearinghouse has not answered, the dates it was told stand. A clock may start.
            pgtrigger.Trigger(
                name="finding_dates_mid_relay",
                when=pgtrigger.Before,
                operation=pgtrigger.UpdateOf("embargo_until", "disclosure_due_at"),
                func="""
                    IF ((OLD.embargo_until IS NOT NULL AND NEW.embargo_until IS DISTINCT FROM OLD.embargo_until)
                        OR (OLD.disclosure_due_at IS NOT NULL
                            AND NEW.disclosure_due_at IS DISTINCT FROM OLD.disclosure_due_at))
                       AND EXISTS (SELECT FROM partners_findingrelay r
                                   WHERE r.finding_id = OLD.id AND r.recorded_at IS NULL) THEN
                        RAISE EXCEPTION 'the dates of a finding do not move while it is being relayed'
                            USING ERRCODE = 'check_violation', CONSTRAINT = 'finding_dates_mid_relay';
                    END IF;
                    RETURN NEW;
                """,
            ),
        ]

    def __str__(self):
        return self.number

    @property
    def lab_id(self):
        """Whose model it is about, as looks ask it."""
        return self.owner_id

    @property
    def has_vendor(self) -> bool:
        """Whether its owner is an outside vendor, in whose place the programme office acts."""
        return self.owner_id is None


class FindingRelay(Key):
    """A finding handed to a clearinghouse: asked for first, complete once the id they gave is recorded."""

    finding = models.ForeignKey(Finding, models.PROTECT, related_name="relays")
    clearinghouse = models.CharField("clearinghouse", max_length=200)
    requested_at = models.DateTimeField(default=clock.now)
    requested_by = models.ForeignKey(USER, models.PROTECT, related_name="+")
    their_id = models.CharField("their id", max_length=100, blank=True)
    recorded_at = models.DateTimeField(null=True)
    recorded_by = models.ForeignKey(USER, models.PROTECT, null=True, related_name="+")

    objects = FindingRelayQuerySet.as_manager()

    class Meta:
        ordering = ["requested_at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["finding"], condition=Q(recorded_at=None), name="finding_one_relay_under_way"
            ),
            models.CheckConstraint(
                name="finding_relay_complete_with_id",
                condition=Q(recorded_at=None, recorded_by=None, their_id="")
                | (Q(recorded_at__isnull=False, recorded_by__isnull=False) & ~Q(their_id="")),
            ),
        ]
        triggers = [pgtrigger.Protect(name="finding_relay_stays", operation=pgtrigger.Delete)]

    def __str__(self):
        return f"{self.clearinghouse}: {self.their_id or 'under way'}"
