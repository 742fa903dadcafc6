"""Recording that lab material was seen. Every door that shows any calls one of these in the same transaction."""

from collections.abc import Iterable

from portal import clock
from portal.accounts.models import Kind, Role
from portal.ledger import actions as ledger_actions
from portal.submissions.models import Submission
from portal.submissions.querysets import agency_wide, lab_capacity
from portal.submissions.querysets_break_glass import opened_for

# The looks at a file's content: who took one has read that version.
OPENED = ("downloaded_document", "compared_versions")


def standing(actor, submission: Submission, *, broken: set | None = None) -> str:
    """The capacity in which a person looks, told from their memberships alone, so that a list costs no query a row.

    A lead is recorded as the reviewer they are; who reviews and coordinates for an invited agency, as a reviewer. Of a security
    officer it is asked whether break-glass access opens the case to them, whatever else does; ``broken`` are the ids of such
    cases, where the caller has asked for several at once.
    """
    if broken is None:
        broken = under_break_glass(actor, [submission])
    if submission.pk in broken:
        return "break_glass"
    of_lab = {lab_capacity(s.role) for s in actor.seats if s.organisation_id == submission.lab_id}
    if of_lab:
        return min(of_lab)
    everywhere = agency_wide(actor)
    if everywhere:
        return str(everywhere[0])
    if actor.has_seat(Kind.AGENCY, Role.REVIEWER):
        return "reviewer"
    return "agency_coordinator" if actor.has_seat(Kind.AGENCY) else "partner"


def under_break_glass(actor, submissions: Iterable[Submission]) -> set:
    """The ids of those of these cases that break-glass access opens to a person now."""
    return opened_for(actor, [one.pk for one in submissions], at=clock.now())


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
    shown = list(submissions)
    broken = under_break_glass(actor, shown)
    rows = [(submission, submission.pk, standing(actor, submission, broken=broken)) for submission in shown]
    if rows:
        ledger_actions.look(actor=actor, verb=verb, subjects=rows, data=data)


def taken_along(*, actor, submissions: Iterable[Submission], sha256: str) -> None:
    """A list that shows facts of these cases left the portal as a file with this hash."""
    listed(actor=actor, submissions=submissions, verb="took_list", data={"sha256": sha256})
