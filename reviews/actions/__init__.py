"""Every verb of the agency's side: the only code that writes there. Doors call these names.

The verbs of inquiries, designations and matching runs stand in their modules (``actions.inquiries.submit``), since a case has a
submit too.
"""

from reviews.actions import assessments, designations, inquiries, matching
from reviews.actions.agencies import end_invitation, invite_agency
from reviews.actions.answers import move_rubric
from reviews.actions.assessments import (
    ask_check,
    create_assessment,
    finalize,
    peer_check,
    respond,
    save_assessment,
    share,
)
from reviews.actions.clockwork import record_clock
from reviews.actions.designations import confirm, note_consultation, record_designation
from reviews.actions.independence import write_none
from reviews.actions.inquiries import create_inquiry, save_inquiry
from reviews.actions.logs import add_log, open_log, remove_log
from reviews.actions.profiles import change_profile, record_profile
from reviews.actions.retests import answer_retest, record_retest
from reviews.actions.rubrics import publish_rubric
from reviews.actions.seats import propose_assignment
from reviews.actions.sitting import attest, complete, decline, hand_over, recuse, revoke

__all__ = [
    "add_log",
    "answer_retest",
    "ask_check",
    "assessments",
    "attest",
    "change_profile",
    "complete",
    "confirm",
    "create_assessment",
    "create_inquiry",
    "decline",
    "designations",
    "end_invitation",
    "finalize",
    "hand_over",
    "inquiries",
    "invite_agency",
    "matching",
    "move_rubric",
    "note_consultation",
    "open_log",
    "peer_check",
    "propose_assignment",
    "publish_rubric",
    "record_clock",
    "record_designation",
    "record_profile",
    "record_retest",
    "recuse",
    "remove_log",
    "respond",
    "revoke",
    "save_assessment",
    "save_inquiry",
    "share",
    "write_none",
]
