"""Every verb on a finding: the only code that writes one."""

from partners.actions.findings.addressing import address, set_marking
from partners.actions.findings.dates import extend_disclosure, mark_exploited, set_embargo
from partners.actions.findings.drafting import create_finding, report, save_finding
from partners.actions.findings.files import add_file, open_file, remove_file, told_of_file
from partners.actions.findings.importing import import_advisory
from partners.actions.findings.relaying import relay
from partners.actions.findings.remedy import (
    close_unpublished,
    consent_publication,
    fix,
    publish,
    remediate,
)
from partners.actions.findings.steps import follow_staff
from partners.actions.findings.triage import (
    mark_duplicate,
    not_reproduce,
    notify_owner,
    triage,
    validate,
)

__all__ = [
    "add_file",
    "address",
    "close_unpublished",
    "consent_publication",
    "create_finding",
    "extend_disclosure",
    "fix",
    "follow_staff",
    "import_advisory",
    "mark_duplicate",
    "mark_exploited",
    "not_reproduce",
    "notify_owner",
    "open_file",
    "publish",
    "relay",
    "remediate",
    "remove_file",
    "report",
    "save_finding",
    "set_embargo",
    "set_marking",
    "told_of_file",
    "triage",
    "validate",
]
