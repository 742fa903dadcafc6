"""Every verb on a case: the only code that writes one. Doors call these names."""

from portal.submissions.actions import break_glass, disclosures, holds, questions, records_requests
from portal.submissions.actions.access import provide_access, reveal_instructions
from portal.submissions.actions.clockwork import record_clock, set_first_grant
from portal.submissions.actions.comparing import compare_versions
from portal.submissions.actions.conflicts import declare_conflict, end_conflict
from portal.submissions.actions.contacts import add_contact, take_off_contact
from portal.submissions.actions.disposing import dispose, remove_disposed
from portal.submissions.actions.documents import (
    Given,
    add_document,
    add_version,
    mark_document,
    open_version,
    read_version,
    remove_document,
)
from portal.submissions.actions.drafts import correct_facts, create_draft, merge_draft, save_draft
from portal.submissions.actions.evaluations import add_evaluations, take_back_evaluation, take_evidence
from portal.submissions.actions.leaving import release, withdraw
from portal.submissions.actions.obligations import attest as attest_obligation
from portal.submissions.actions.orphans import remove_orphans
from portal.submissions.actions.readings import look_into, note_readings
from portal.submissions.actions.renewing import begin_renewal, confirm_conflicts, end_renewals
from portal.submissions.actions.scanning import scan_waiting
from portal.submissions.actions.spills import finish_removals, lift_spill, remove_content, report_spill
from portal.submissions.actions.terms import accept_terms, propose_terms
from portal.submissions.actions.uploads import begin_upload, end_upload, receive, remove_expired
from portal.submissions.actions.workflow import acknowledge, close, move_dates, request_correction, submit

__all__ = [
    "Given",
    "accept_terms",
    "acknowledge",
    "add_contact",
    "add_document",
    "add_evaluations",
    "add_version",
    "attest_obligation",
    "begin_renewal",
    "begin_upload",
    "break_glass",
    "close",
    "compare_versions",
    "confirm_conflicts",
    "correct_facts",
    "create_draft",
    "declare_conflict",
    "disclosures",
    "dispose",
    "end_conflict",
    "end_renewals",
    "end_upload",
    "finish_removals",
    "holds",
    "lift_spill",
    "look_into",
    "mark_document",
    "merge_draft",
    "move_dates",
    "note_readings",
    "open_version",
    "propose_terms",
    "provide_access",
    "questions",
    "read_version",
    "receive",
    "record_clock",
    "records_requests",
    "release",
    "remove_content",
    "remove_disposed",
    "remove_document",
    "remove_expired",
    "remove_orphans",
    "report_spill",
    "request_correction",
    "reveal_instructions",
    "save_draft",
    "scan_waiting",
    "set_first_grant",
    "submit",
    "take_back_evaluation",
    "take_evidence",
    "take_off_contact",
    "withdraw",
]
