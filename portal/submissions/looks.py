"""Recording that lab material was seen. Every door that shows any calls one of these in the same transaction."""

from collections.abc import Iterable

from portal.accounts.models import Kind, Role
from portal.ledger import actions as ledger_actions
from portal.submissions.models import Submission
from portal.submissions.querysets import agency_wide, lab_capacity

# The looks at a file's content: who took one has read that version.
OPENED = ("downloaded_document", "compared_versions")


def standing(actor, submission: Submission) -> str:
    """The capacity in which a person looks, told from their memberships alone, so that a list costs no query a row.

    A lead is recorded as the reviewer they are; who reviews and coordinates for an invited agency, as a reviewer.
    """
    of_lab = {lab_capacity(s.role) for s in actor.seats if s.organisation_id == submission.lab_id}
    if of_lab:
        return min(of_lab)
    everywhere = agency_wide(actor)
    if everywhere:
        return str(everywhere[0])
    if actor.has_seat(Kind.AGENCY, Role.REVIEWER):
        return "reviewer"
    return "agency_coordinator" if actor.has_seat(Kind.AGENCY) else "partner"


def looked(*, actor, submission: Submission, verb: str, subject=None, data: dict | None = None) -> None:
    """One look at one case: ``verb`` such as ``viewed_facts``, ``downloaded_document``; ``data`` holds ids, no text."""
    ledger_actions.look(
        actor=actor,
        verb=verb,
        subjects=[(subject or submission, submission.pk, standing(actor, submission))],
        data=data,
    )


def listed(
    *, actor, submissions: Iterable[Submission], verb: str = "listed", data: dict | None = None
) -> None:
    """A page of a list that showed facts of several cases: one event a case, in one statement."""
    rows = [(submission, submission.pk, standing(actor, submission)) for submission in submissions]
    if rows:
        ledger_actions.look(actor=actor, verb=verb, subjects=rows, data=data)


def taken_along(*, actor, submissions: Iterable[Submission], sha256: str) -> None:
    """A list that shows facts of these cases left the portal as a file with this hash."""
    listed(actor=actor, submissions=submissions, verb="took_list", data={"sha256": sha256})
