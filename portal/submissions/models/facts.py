"""What a lab says of its model."""

from django.db import models

from portal import clock
from portal.searching import words_index
from portal.submissions.models.base import USER, Key
from portal.submissions.models.cases import Submission

# What a search reads.
_WORDS = ("model_name", "summary", "capabilities", "evaluations", "safeguards")


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

    WORDS = _WORDS

    class Meta:
        ordering = ["-number"]
        indexes = [words_index("facts_words", _WORDS)]
        constraints = [models.UniqueConstraint(fields=["submission", "number"], name="facts_version_once")]

    def __str__(self):
        return f"Facts, version {self.number}"
