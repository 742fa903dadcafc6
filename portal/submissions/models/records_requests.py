"""Requests for records that an agency got under the Freedom of Information Act, and what came of them."""

from datetime import datetime

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from portal import clock
from portal.accounts.models import Organisation
from portal.submissions.models.base import USER, Key
from portal.submissions.models.disclosures import DisclosureNotice
from portal.submissions.querysets_records import RecordsRequestQuerySet
from portal.submissions.states import RECORDS_REQUEST, RecordsRequestState


class RecordsRequest(Key):
    """One line of an agency's log of requests, under the number of the agency's own system.

    It says nothing of a lab's: what it has to do with one stands in the disclosure notices that are linked to it, and is read by
    who reads these. ``due_at`` is the statute's date: 20 business days from the day it was received, extended once by 10.
    """

    class Category(models.TextChoices):
        # 5 U.S.C. 552(a)(4)(A)(ii), by what is charged.
        COMMERCIAL = "commercial", "Commercial use"
        EDUCATIONAL = "educational", "Educational or noncommercial scientific institution"
        NEWS_MEDIA = "news_media", "News media"
        OTHER = "other", "Other"

    class Outcome(models.TextChoices):
        IN_FULL = "in_full", "Disclosed in full"
        IN_PART = "in_part", "Disclosed in part"
        WITHHELD = "withheld", "Withheld"
        NO_RECORDS = "no_records", "No records"
        WITHDRAWN = "withdrawn", "Withdrawn by the requester"

    class Exemption(models.TextChoices):
        # 5 U.S.C. 552(b).
        E1 = "1", "1: national defense or foreign policy, classified"
        E2 = "2", "2: internal personnel rules"
        E3 = "3", "3: exempt by another statute"
        E4 = "4", "4: trade secrets, confidential commercial or financial information"
        E5 = "5", "5: privileged communications of agencies"
        E6 = "6", "6: personal privacy"
        E7A = "7A", "7(A): enforcement proceedings"
        E7B = "7B", "7(B): fair trial"
        E7C = "7C", "7(C): personal privacy in law enforcement"
        E7D = "7D", "7(D): confidential source"
        E7E = "7E", "7(E): techniques of law enforcement"
        E7F = "7F", "7(F): life or physical safety"
        E8 = "8", "8: financial institutions"
        E9 = "9", "9: wells"

    # Outcomes by which something leaves the government.
    DISCLOSED = frozenset({Outcome.IN_FULL, Outcome.IN_PART})
    # Outcomes that keep something back, and so say under which exemptions.
    KEPT_BACK = frozenset({Outcome.IN_PART, Outcome.WITHHELD})

    agency = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    tracking_number = models.CharField("tracking number", max_length=80)
    received_on = models.DateField("received on")
    category = models.CharField("requester", max_length=20, choices=Category)
    description = models.TextField("what is asked for", max_length=2000)
    stored_state = models.CharField(
        max_length=20, choices=RecordsRequestState, default=RecordsRequestState.RECEIVED
    )
    revision = models.PositiveIntegerField(default=1)
    due_at = models.DateTimeField("due")
    extended_at = models.DateTimeField(null=True)
    extension_reason = models.TextField("unusual circumstances", max_length=2000, blank=True)
    outcome = models.CharField(max_length=20, choices=Outcome, blank=True)
    answered_on = models.DateField("answered on", null=True)
    exemptions = ArrayField(models.CharField(max_length=2, choices=Exemption), default=list, blank=True)
    logged_by = models.ForeignKey(USER, models.PROTECT, related_name="+")
    logged_at = models.DateTimeField(default=clock.now)
    notices = models.ManyToManyField(
        DisclosureNotice, through="RequestNotice", related_name="records_requests"
    )

    objects = RecordsRequestQuerySet.as_manager()

    class Meta:
        ordering = ["-received_on", "id"]
        verbose_name = "records request"
        constraints = [
            models.UniqueConstraint("agency", "tracking_number", name="records_request_once"),
            models.CheckConstraint(
                name="records_request_says_what", condition=~Q(tracking_number="") & ~Q(description="")
            ),
            models.CheckConstraint(
                name="records_request_extended_with_reason",
                condition=Q(extended_at=None, extension_reason="")
                | Q(extended_at__isnull=False) & ~Q(extension_reason=""),
            ),
            models.CheckConstraint(
                name="records_request_answered_with_outcome",
                condition=~Q(stored_state="answered") & Q(outcome="", answered_on=None)
                | Q(stored_state="answered", answered_on__gte=F("received_on")) & ~Q(outcome=""),
            ),
        ]
        indexes = [models.Index(fields=["agency", "-received_on"], name="records_request_agency")]
        triggers = [
            pgtrigger.FSM(
                name="records_request_steps",
                field="stored_state",
                transitions=RECORDS_REQUEST.stored_jumps(),
            )
        ]

    def __str__(self):
        return f"Records request {self.tracking_number}"

    def state_at(self, at: datetime) -> RecordsRequestState:
        return RecordsRequestState(self.stored_state)

    @property
    def state(self) -> RecordsRequestState:
        return RecordsRequestState(self.stored_state)

    @property
    def exemptions_told(self) -> str:
        return ", ".join(self.Exemption(one).label.partition(":")[0] for one in self.exemptions)


class RequestNotice(Key):
    """That a records request has to do with what a lab was told of in a disclosure notice. Append-only."""

    request = models.ForeignKey(RecordsRequest, models.PROTECT, related_name="links")
    notice = models.ForeignKey(DisclosureNotice, models.PROTECT, related_name="+")
    linked_by = models.ForeignKey(USER, models.PROTECT, related_name="+")
    linked_at = models.DateTimeField(default=clock.now)

    class Meta:
        ordering = ["linked_at", "id"]
        constraints = [models.UniqueConstraint(fields=["request", "notice"], name="request_notice_once")]

    def __str__(self):
        return f"{self.request}, {self.notice}"
