"""The lab's case: the model offered, its dates and window, documents, access terms, instructions, conflicts."""

import uuid
from datetime import datetime

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower

from portal import clock
from portal.accounts.models import Organisation
from portal.submissions import numbers, window
from portal.submissions.querysets import ConflictQuerySet, DocumentQuerySet, SubmissionQuerySet, TermsQuerySet
from portal.submissions.states import MACHINE, State

USER = settings.AUTH_USER_MODEL


class Key(models.Model):
    """A public id made in Python, so that a row can be named before it is written."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)

    class Meta:
        abstract = True


class Checkpoint(Key):
    """One trained state of a model. The 30 days count per checkpoint, over all cases that offer it."""

    lab = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    identifier = models.CharField(max_length=200)

    class Meta:
        constraints = [models.UniqueConstraint("lab", Lower("identifier"), name="checkpoint_once")]

    def __str__(self):
        return self.identifier


class Submission(Key):
    """One model version offered by a lab.

    ``stored_state`` holds what people did; that the window is open or ended is derived from the dates at the moment of
    asking (``state_at``), so it is true even while every periodic job is late. ``revision`` grows with every change: a form
    made from an older one is refused.
    """

    case_number = models.CharField(
        max_length=20, unique=True, default=numbers.new_case_number, editable=False
    )
    lab = models.ForeignKey(Organisation, models.PROTECT, related_name="submissions")
    checkpoint = models.ForeignKey(Checkpoint, models.PROTECT, null=True, related_name="submissions")
    facts = models.OneToOneField("Facts", models.PROTECT, null=True, related_name="current_of")
    stored_state = models.CharField(max_length=20, choices=State, default=State.DRAFT)
    revision = models.PositiveIntegerField(default=1)

    planned_partner_release = models.DateTimeField(null=True, blank=True)
    planned_public_release = models.DateTimeField(null=True, blank=True)
    released_at = models.DateTimeField(null=True, blank=True)

    created_at = models.DateTimeField(default=clock.now)
    created_by = models.ForeignKey(USER, models.PROTECT, related_name="+")
    submitted_at = models.DateTimeField(null=True)
    acknowledged_at = models.DateTimeField(null=True)
    correction_asked_at = models.DateTimeField(null=True)
    agreed_at = models.DateTimeField(null=True)
    access_provided_at = models.DateTimeField(null=True)
    # The start of the earliest grant that all three sides agreed to; the partners' side reports it.
    first_grant_starts_at = models.DateTimeField(null=True)
    opens_at = models.DateTimeField(null=True)
    closes_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)
    # How far the clock's job has told people about the window: never consulted by any rule.
    open_recorded_at = models.DateTimeField(null=True)
    end_recorded_at = models.DateTimeField(null=True)

    objects = SubmissionQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "id"]
        indexes = [
            models.Index(fields=["lab", "-created_at"], name="submission_lab"),
            models.Index(fields=["-submitted_at", "id"], name="submission_queue"),
            models.Index(fields=["stored_state", "-submitted_at", "id"], name="submission_state"),
            models.Index(
                fields=["opens_at"],
                condition=Q(stored_state="agreed", open_recorded_at=None),
                name="submission_opening",
            ),
            models.Index(
                fields=["closes_at"],
                condition=Q(stored_state="agreed", end_recorded_at=None),
                name="submission_ending",
            ),
        ]
        constraints = [
            models.CheckConstraint(
                name="window_at_most_30_days",
                condition=Q(opens_at=None)
                | Q(closes_at__gt=F("opens_at"), closes_at__lte=F("opens_at") + window.LIMIT),
            ),
            models.CheckConstraint(
                name="partner_release_not_after_public",
                condition=Q(planned_partner_release=None)
                | Q(planned_public_release=None)
                | Q(planned_partner_release__lte=F("planned_public_release")),
            ),
            models.CheckConstraint(
                name="submitted_case_is_complete",
                condition=Q(stored_state__in=["draft", "withdrawn"])
                | Q(
                    submitted_at__isnull=False,
                    planned_public_release__isnull=False,
                    checkpoint__isnull=False,
                    facts__isnull=False,
                    closes_at__isnull=False,
                ),
            ),
            models.CheckConstraint(
                name="agreed_has_instant",
                condition=~Q(stored_state__in=["agreed", "closed"]) | Q(agreed_at__isnull=False),
            ),
            models.CheckConstraint(
                name="withdrawn_has_instant",
                condition=Q(stored_state="withdrawn", withdrawn_at__isnull=False)
                | (~Q(stored_state="withdrawn") & Q(withdrawn_at=None)),
            ),
            models.CheckConstraint(
                name="closed_after_window",
                condition=~Q(stored_state="closed")
                | Q(closed_at__isnull=False, closed_at__gte=F("closes_at")),
            ),
            models.CheckConstraint(
                name="window_only_after_terms", condition=Q(opens_at=None) | Q(opens_at__gte=F("agreed_at"))
            ),
        ]
        triggers = [
            pgtrigger.FSM(name="submission_steps", field="stored_state", transitions=MACHINE.stored_jumps()),
            pgtrigger.Trigger(
                name="submission_checkpoint_cap",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.UpdateOf("opens_at", "closes_at", "checkpoint_id"),
                declare=[("used", "interval")],
                func="""
                    IF NEW.opens_at IS NULL THEN RETURN NEW; END IF;
                    PERFORM 1 FROM submissions_checkpoint WHERE id = NEW.checkpoint_id FOR UPDATE;
                    SELECT coalesce(sum(s.closes_at - s.opens_at), interval '0') INTO used FROM submissions_submission s
                        WHERE s.checkpoint_id = NEW.checkpoint_id AND s.id <> NEW.id AND s.opens_at IS NOT NULL;
                    IF used + (NEW.closes_at - NEW.opens_at) > interval '30 days' THEN
                        RAISE EXCEPTION 'the windows of one checkpoint may not exceed 30 days'
                            USING ERRCODE = 'check_violation', CONSTRAINT = 'checkpoint_at_most_30_days';
                    END IF;
                    RETURN NEW;
                """,
            ),
        ]

    def __str__(self):
        return self.case_number

    def state_at(self, at: datetime) -> str:
        """The case's state at an instant; ``SubmissionQuerySet.in_state`` says the same in SQL."""
        if self.stored_state != State.AGREED:
            return State(self.stored_state)
        if self.closes_at <= at:
            return State.ENDED
        if self.opens_at is not None and self.opens_at <= at:
            return State.OPEN
        return State.AGREED

    @property
    def state(self) -> State:
        return State(self.state_at(clock.now()))

    @property
    def model_name(self) -> str:
        return self.facts.model_name if self.facts_id else ""


class Facts(Key):
    """What a lab says about the model: one row a version, only a draft's single version is ever changed."""

    class AccessMode(models.TextChoices):
        API = "api", "API, production safeguards"
        API_REDUCED = "api_reduced", "API, reduced safeguards"
        API_HELPFUL_ONLY = "api_helpful_only", "API, helpful-only"
        ENCLAVE = "enclave", "Lab-hosted enclave"
        ON_SITE = "on_site", "On site at the lab"
        GOVERNMENT = "government", "Government facility"
        CLASSIFIED = "classified", "Classified environment (pointer only)"

    submission = models.ForeignKey(Submission, models.PROTECT, related_name="facts_versions")
    number = models.PositiveIntegerField(default=1)
    model_name = models.CharField("model name", max_length=200, blank=True)
    checkpoint = models.CharField("checkpoint hash or name", max_length=200, blank=True)
    access_mode = models.CharField("kind of access offered", max_length=20, choices=AccessMode, blank=True)
    summary = models.TextField("what the model is", max_length=20000, blank=True)
    capabilities = models.TextField("notable capabilities", max_length=20000, blank=True)
    evaluations = models.TextField("evaluations done", max_length=20000, blank=True)
    safeguards = models.TextField("safeguards", max_length=20000, blank=True)
    created_by = models.ForeignKey(USER, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=clock.now)

    TEXTS = (
        "model_name",
        "checkpoint",
        "access_mode",
        "summary",
        "capabilities",
        "evaluations",
        "safeguards",
    )
    REQUIRED = ("model_name", "checkpoint", "access_mode", "summary")

    class Meta:
        ordering = ["-number"]
        constraints = [models.UniqueConstraint(fields=["submission", "number"], name="facts_version_once")]

    def __str__(self):
        return f"Facts, version {self.number}"


class Document(Key):
    """A document of a case; its content is in its versions, of which the newest counts and none is destroyed."""

    class DocumentKind(models.TextChoices):
        SYSTEM_CARD = "system_card", "Draft system card"
        PREPAREDNESS = "preparedness", "Preparedness evaluations"
        INSPECT_LOG = "inspect_log", "Inspect evaluation log"
        SAFEGUARDS = "safeguards", "Safeguards description"
        THIRD_PARTY = "third_party", "Third-party report"
        OTHER = "other", "Other"

    class Tlp(models.TextChoices):
        RED = "TLP:RED", "TLP:RED"
        AMBER_STRICT = "TLP:AMBER+STRICT", "TLP:AMBER+STRICT"
        AMBER = "TLP:AMBER", "TLP:AMBER"
        GREEN = "TLP:GREEN", "TLP:GREEN"
        CLEAR = "TLP:CLEAR", "TLP:CLEAR"

    submission = models.ForeignKey(Submission, models.PROTECT, related_name="documents")
    kind = models.CharField(max_length=20, choices=DocumentKind)
    title = models.CharField(max_length=200)
    tlp = models.CharField("TLP 2.0 marking", max_length=20, choices=Tlp, default=Tlp.AMBER_STRICT)
    confidential_commercial = models.BooleanField(
        "confidential commercial information",
        default=True,
        help_text="FOIA exemption 4; government cannot remove this mark.",
    )
    created_by = models.ForeignKey(USER, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=clock.now)
    # A document taken out of a draft before anyone else could see the case.
    removed_at = models.DateTimeField(null=True)

    objects = DocumentQuerySet.as_manager()

    class Meta:
        ordering = ["created_at", "id"]
        indexes = [
            models.Index(fields=["-created_at", "id"], condition=Q(removed_at=None), name="document_newest")
        ]

    def __str__(self):
        return self.title

    @property
    def current(self):
        """The newest version; from the prefetched versions when they are there."""
        versions = list(self.versions.all())
        return versions[0] if versions else None

    @property
    def marking(self) -> str:
        return (
            f"{self.tlp} · confidential commercial information" if self.confidential_commercial else self.tlp
        )


FILES_FOLDER = "documents"


def _file_path(version, name):
    # Never the uploader's name: it may be hostile, and it may be secret.
    return f"{FILES_FOLDER}/{version.pk.hex[:2]}/{version.pk.hex}"


class DocumentVersion(Key):
    """One uploaded file: ``size`` in bytes, ``sha256`` in hex as computed while it streamed in."""

    document = models.ForeignKey(Document, models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    file = models.FileField(upload_to=_file_path, max_length=200)
    name = models.CharField(max_length=200)
    content_type = models.CharField(max_length=100)
    size = models.PositiveBigIntegerField()
    sha256 = models.CharField(max_length=64)
    uploaded_by = models.ForeignKey(USER, models.PROTECT, related_name="+")
    uploaded_at = models.DateTimeField(default=clock.now)

    class Meta:
        ordering = ["-number"]
        constraints = [models.UniqueConstraint(fields=["document", "number"], name="document_version_once")]

    def __str__(self):
        return f"{self.name}, version {self.number}"


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


class Conflict(Key):
    """A person who may not see a lab's cases, or one case; hides them everywhere, counts and ids included."""

    user = models.ForeignKey(USER, models.PROTECT, related_name="conflicts")
    organisation = models.ForeignKey(Organisation, models.PROTECT, null=True, blank=True, related_name="+")
    submission = models.ForeignKey(Submission, models.PROTECT, null=True, blank=True, related_name="+")
    note = models.TextField(blank=True)
    declared_by = models.ForeignKey(USER, models.PROTECT, related_name="+")
    declared_at = models.DateTimeField(default=clock.now)
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = ConflictQuerySet.as_manager()

    class Meta:
        ordering = ["-declared_at"]
        constraints = [
            models.CheckConstraint(
                name="conflict_names_one",
                condition=Q(organisation__isnull=False, submission=None)
                | Q(organisation=None, submission__isnull=False),
            )
        ]

    def __str__(self):
        return f"{self.user} and {self.organisation or self.submission}"


class Alias(Key):
    """The stable name under which a lab sees a person of an agency on one case; an auditor can resolve it."""

    submission = models.ForeignKey(Submission, models.PROTECT, related_name="aliases")
    user = models.ForeignKey(USER, models.PROTECT, related_name="+")
    label = models.CharField(max_length=80)

    class Meta:
        verbose_name_plural = "aliases"
        constraints = [
            models.UniqueConstraint(fields=["submission", "user"], name="alias_person_once"),
            models.UniqueConstraint(fields=["submission", "label"], name="alias_label_once"),
        ]

    def __str__(self):
        return self.label


class Audience(models.Model):
    """A row of the view ``submission_audience``: this person may see this scope of this case from ``since`` until ``until``.

    The single statement of who sees what; ``visible_to``, the lab's "who can see this" and the reminders' recipients read it.
    ``document`` is set where the scope is one document and not all of them; ``source_id`` names the membership, assignment
    or grant it follows from.
    """

    key = models.CharField(primary_key=True, max_length=200)
    submission = models.ForeignKey(Submission, models.DO_NOTHING, related_name="audience")
    user = models.ForeignKey(USER, models.DO_NOTHING, related_name="+")
    organisation = models.ForeignKey(Organisation, models.DO_NOTHING, related_name="+")
    capacity = models.CharField(max_length=30)
    scope = models.CharField(max_length=20)
    document = models.ForeignKey(Document, models.DO_NOTHING, null=True, related_name="+")
    source_id = models.UUIDField()
    since = models.DateTimeField()
    until = models.DateTimeField(null=True)

    class Meta:
        managed = False
        db_table = "submission_audience"
        ordering = ["capacity", "user_id", "scope"]

    def __str__(self):
        return f"{self.capacity} {self.scope}"


class Barrier(models.Model):
    """A row of the view ``submission_barrier``: this person may not see this lab's cases, or this one case, for the government.

    Declared conflicts, and those that follow from where a person works or worked.
    """

    key = models.CharField(primary_key=True, max_length=200)
    user = models.ForeignKey(USER, models.DO_NOTHING, related_name="+")
    organisation = models.ForeignKey(Organisation, models.DO_NOTHING, null=True, related_name="+")
    submission = models.ForeignKey(Submission, models.DO_NOTHING, null=True, related_name="+")

    class Meta:
        managed = False
        db_table = "submission_barrier"

    def __str__(self):
        return self.key
