"""The deadlines and notices of findings. Wording carries nothing of what was found."""

from datetime import datetime, timedelta

from portal import programme
from portal.accounts.models import Role
from portal.deadlines.registry import DeadlineKind, Group, NoticeKind, days, register

SILENT, SILENT_OFFICE = "finding_owner_silent", "finding_owner_silent_office"
DISCLOSURE, DISCLOSURE_OFFICE = "finding_disclosure", "finding_disclosure_office"
DISCLOSURE_REPORTER = "finding_disclosure_reporter"
DEADLINES = (SILENT, SILENT_OFFICE, DISCLOSURE, DISCLOSURE_OFFICE, DISCLOSURE_REPORTER)
FINDINGS = Group("findings", "Findings")
# What an owner must know at once, and what ends the embargo: mailed at once, whatever a person chose.
ESSENTIAL_OF_FINDINGS = frozenset(
    {"finding_notify_owner", "finding_moved", "finding_exploited", "finding_publish", "finding_addressed"}
)
_OFFSETS = days(-7, -1)
# What liaisons, who take findings up and relay them, are told beside the programme office; and partners that it was addressed to.
FOR_LIAISONS = frozenset(
    {
        "finding_report",
        "finding_validate",
        "finding_moved",
        "finding_exploited",
        "finding_set_marking",
        "finding_publish",
    }
)
FOR_ADDRESSEES = frozenset(
    {
        "finding_moved",
        "finding_exploited",
        "finding_fix",
        "finding_set_marking",
        "finding_publish",
        "finding_close_unpublished",
    }
)


def owner_silent_due(notified_at: datetime) -> datetime:
    return notified_at + timedelta(days=programme.target("finding_owner_silent_days"))


def disclosure_due(notified_at: datetime, *, exploited_at: datetime | None) -> datetime:
    """When the disclosure clock of a finding ends: from its owner's notice, or sooner once it is exploited."""
    due = notified_at + timedelta(days=programme.target("finding_disclosure_days"))
    if exploited_at is None:
        return due
    since = max(notified_at, exploited_at)
    return min(due, since + timedelta(days=programme.target("finding_exploited_days")))


def extension(*, exploited: bool) -> timedelta:
    """By how much the disclosure date moves, once, when it is asked for."""
    name = "finding_exploited_extension_days" if exploited else "finding_disclosure_extension_days"
    return timedelta(days=programme.target(name))


def register_kinds() -> None:
    lab, office = (Role.ADMIN, Role.CONTRIBUTOR), (Role.COORDINATOR,)
    register(
        DeadlineKind(SILENT, "Answer a finding", "Nothing was recorded yet about a finding that your lab owns.", lab, _OFFSETS),
        DeadlineKind(
            SILENT_OFFICE, "Owner silent", "The owner of a finding has recorded nothing yet.", office, _OFFSETS
        ),
        DeadlineKind(
            DISCLOSURE, "Disclosure date", "The disclosure date of a finding that your lab owns comes near.", lab, _OFFSETS
        ),
        DeadlineKind(
            DISCLOSURE_OFFICE, "Disclosure date", "The disclosure date of a finding comes near.", office, _OFFSETS
        ),
        DeadlineKind(
            DISCLOSURE_REPORTER,
            "Disclosure date",
            "The disclosure date of a finding that you reported comes near.",
            # Whoever reported it, whatever their side.
            (Role.ADMIN, Role.CONTRIBUTOR, Role.MEMBER, Role.REVIEWER, Role.LIAISON, Role.COORDINATOR),
            _OFFSETS,
        ),
    )  # fmt: skip
    register(*_notices(), group=FINDINGS, essential=ESSENTIAL_OF_FINDINGS)


def _notices() -> tuple[NoticeKind, ...]:
    return (
        NoticeKind("finding_report", "Finding reported", "A finding was reported."),
        NoticeKind("finding_triage", "Finding triaged", "A finding that you reported was triaged."),
        NoticeKind("finding_validate", "Finding validated", "A finding that you reported was validated."),
        NoticeKind(
            "finding_not_reproduce", "Not reproduced", "A finding that you reported could not be reproduced."
        ),
        NoticeKind("finding_mark_duplicate", "Duplicate", "A finding that you reported was known already."),
        NoticeKind("finding_notify_owner", "Owner notified", "The owner of a finding was notified of it."),
        NoticeKind("finding_remediate", "Being remedied", "The owner of a finding has begun to remedy it."),
        NoticeKind("finding_fix", "Finding fixed", "The owner of a finding recorded that it is fixed."),
        NoticeKind(
            "finding_consent_publication", "Owner consented", "The owner of a finding consented to its publication."
        ),
        NoticeKind("finding_moved", "Date moved", "The embargo or the disclosure date of a finding moved."),
        NoticeKind("finding_exploited", "Finding exploited", "A finding is on record as exploited."),
        NoticeKind("finding_publish", "Finding published", "A finding was published."),
        NoticeKind("finding_close_unpublished", "Finding closed", "A finding was closed without publication."),
        NoticeKind("finding_address", "Partners told", "A finding was addressed to partner organisations."),
        NoticeKind("finding_addressed", "Told of a finding", "A finding was addressed to your organisation."),
        NoticeKind("finding_set_marking", "Marking changed", "The marking of a finding changed."),
        NoticeKind("finding_relay", "Finding relayed", "A finding was handed to a clearinghouse."),
        NoticeKind("finding_file", "Evidence added", "An evidence file was added to a finding."),
        NoticeKind(
            "finding_malware",
            "Malware in an evidence file",
            "Malware was found in a file that your organisation put with a finding. It is given to nobody.",
        ),
    )  # fmt: skip


def of_findings() -> list[str]:
    """The kinds of all messages about findings."""
    return [*DEADLINES, *(kind.key for kind in _notices())]
