"""The states of a finding, and every step between them."""

from django.db import models

from portal.machine import Machine, Transition, steps


class FindingState(models.TextChoices):
    DRAFT = "draft", "Draft"
    REPORTED = "reported", "Reported"
    TRIAGED = "triaged", "Triaged"
    VALIDATED = "validated", "Validated"
    NOT_REPRODUCED = "not_reproduced", "Not reproduced"
    DUPLICATE = "duplicate", "Duplicate"
    OWNER_NOTIFIED = "owner_notified", "Owner notified"
    REMEDIATING = "remediating", "Being remedied"
    FIXED = "fixed", "Fixed"
    PUBLISHED = "published", "Published"
    CLOSED_UNPUBLISHED = "closed_unpublished", "Closed, not published"


F = FindingState
# Handed in, and not over yet.
FOLLOWED = (F.REPORTED, F.TRIAGED, F.VALIDATED, F.OWNER_NOTIFIED, F.REMEDIATING, F.FIXED)
# The owner knows of it, and the disclosure clock runs until it is fixed.
CLOCK_RUNS = (F.OWNER_NOTIFIED, F.REMEDIATING)
WITH_OWNER = (*CLOCK_RUNS, F.FIXED)
OVER = (F.NOT_REPRODUCED, F.DUPLICATE, F.PUBLISHED, F.CLOSED_UNPUBLISHED)


def _stay(states, verb, who, label):
    return tuple(Transition(str(s), str(s), verb, who, label=label) for s in states)


TRANSITIONS = (
    *steps([F.DRAFT], F.REPORTED, "report", "reporter", label="Report"),
    *steps([F.REPORTED], F.TRIAGED, "triage", "coordinator", label="Triage"),
    *steps([F.REPORTED], F.TRIAGED, "triage", "liaison", label="Triage"),
    *steps([F.TRIAGED], F.VALIDATED, "validate", "coordinator", label="Validate"),
    *steps(
        [F.TRIAGED],
        F.NOT_REPRODUCED,
        "not_reproduce",
        "coordinator",
        needs_reason=True,
        label="Not reproduced",
    ),
    *steps([F.TRIAGED], F.DUPLICATE, "mark_duplicate", "coordinator", label="Mark as duplicate"),
    *steps([F.VALIDATED], F.OWNER_NOTIFIED, "notify_owner", "coordinator", label="Notify the owner"),
    *steps([F.OWNER_NOTIFIED], F.REMEDIATING, "remediate", "owner", label="Begin to remedy"),
    *steps([F.REMEDIATING], F.FIXED, "fix", "owner", label="Record as fixed"),
    # An owner's silence does not keep a finding from the public for ever: once the embargo has passed it is published unfixed.
    *steps(WITH_OWNER, F.PUBLISHED, "publish", "coordinator", label="Publish"),
    *steps([F.FIXED], F.PUBLISHED, "publish", "owner", label="Publish"),
    *steps(
        [F.FIXED],
        F.CLOSED_UNPUBLISHED,
        "close_unpublished",
        "coordinator",
        needs_reason=True,
        label="Close without publishing",
    ),
    *_stay(WITH_OWNER, "consent_publication", "owner", "Consent to publication"),
    *_stay(FOLLOWED, "set_embargo", "coordinator", "Set the embargo"),
    *_stay(FOLLOWED, "mark_exploited", "coordinator", "Record that it is exploited"),
    *_stay(CLOCK_RUNS, "extend_disclosure", "owner", "Extend the disclosure date"),
    *_stay(CLOCK_RUNS, "extend_disclosure", "coordinator", "Extend the disclosure date"),
    # Partners are told before everybody is, so that they harden what they operate first.
    *_stay(WITH_OWNER, "address", "coordinator", "Address to partners"),
    *_stay(FOLLOWED, "set_marking", "reporter", "Change the marking"),
    *_stay(WITH_OWNER, "set_marking", "owner", "Change the marking"),
    # An event with the id that the clearinghouse gave, and no state of its own.
    *_stay(FOLLOWED, "relay", "liaison", "Relay to the clearinghouse"),
)
FINDING = Machine(name="finding", transitions=TRANSITIONS, terminal=frozenset(OVER), derived={})
