"""Asking another agency to a case, and ending that."""

from datetime import datetime

from portal import clock
from portal.accounts.models import Kind
from portal.errors import AlreadyDone, Invalid, NotAllowed, WrongState
from portal.scope import action
from portal.submissions.actions import case as cases
from portal.submissions.states import PENDING, State
from reviews import policies
from reviews.actions import common
from reviews.models import CaseAgency


@action
def invite_agency(*, actor, submission, agency, at: datetime | None = None) -> CaseAgency:
    """Let an agency's coordinators see a case; the lab is told that another agency was asked."""
    case = cases.lock(submission)
    at = at or clock.now()
    if not policies.is_programme_coordinator(actor, case, at=at):
        raise NotAllowed("Only the programme's coordinators invite an agency.")
    if case.state_at(at) not in (*PENDING, State.ENDED):
        raise WrongState("An agency is invited between submission and the closing of the case.")
    return add_invitation(actor=actor, case=case, agency=agency, at=at)


def add_invitation(*, actor, case, agency, at: datetime) -> CaseAgency:
    """The invitation itself, on a locked case; also part of proposing a seat to another agency's reviewer."""
    if agency.kind != Kind.AGENCY:
        raise Invalid("Choose an agency.", field="agency")
    if agency.left_at is not None:
        raise Invalid("This agency takes part no longer.", field="agency")
    if agency.is_programme_office:
        raise Invalid("The programme office needs no invitation.", field="agency")
    if CaseAgency.objects.live().filter(submission=case, agency=agency).exists():
        raise AlreadyDone("This agency is invited to the case already.")
    invitation = CaseAgency.objects.create(submission=case, agency=agency, invited_by=actor, invited_at=at)
    event = common.note(
        actor=actor, verb="invite_agency", subject=invitation, case=case, capacity="coordinator",
        data={"agency": agency.pk}, at=at,
    )  # fmt: skip
    # The agency's coordinators stand in the audience only since the row above was saved.
    people = cases.people(case, "lab", "coordinator", "agency_coordinator", at=at)
    common.tell(event=event, kind="agency_invited", people=people, case=case)
    return invitation


@action
def end_invitation(
    *, actor, invitation: CaseAgency, reason: str = "", at: datetime | None = None
) -> CaseAgency:
    """End an agency's view of a case at once. Seats of its reviewers are their own matter and are revoked one by one.

    Raises WrongState while a reviewer of the agency still has a seat.
    """
    case = cases.lock(invitation.submission)
    at = at or clock.now()
    if not policies.is_programme_coordinator(actor, case, at=at):
        raise NotAllowed("Only the programme's coordinators end an invitation.")
    invitation = CaseAgency.objects.select_for_update().get(pk=invitation.pk)
    if invitation.ended_at is not None:
        raise AlreadyDone("This invitation has ended already.")
    if case.assignments.live(at=at).filter(agency=invitation.agency_id).exists():
        raise WrongState("A reviewer of this agency has a seat on the case: end the seat first.")
    _end(actor, case, invitation, "coordinator", reason, at)
    return invitation


def end_all_invitations(*, actor, agency, at: datetime) -> None:
    """An agency leaves the programme: its invitations to cases end with it. Called within that step, which asked the policy."""
    rows = (
        CaseAgency.objects.live().filter(agency=agency).select_related("submission").order_by("submission_id")
    )
    for row in rows:
        case = cases.lock(row.submission)
        invitation = CaseAgency.objects.live().select_for_update().filter(pk=row.pk).first()
        if invitation is not None:
            _end(actor, case, invitation, "programme", "The agency takes part no longer.", at)


def _end(actor, case, invitation: CaseAgency, capacity: str, reason: str, at: datetime) -> None:
    concerned = cases.people(case, "lab", "coordinator", "agency_coordinator", at=at)
    invitation.ended_at = at
    invitation.save(update_fields=["ended_at"])
    event = common.note(
        actor=actor, verb="end_invitation", subject=invitation, case=case, capacity=capacity, reason=reason,
        data={"agency": invitation.agency_id}, at=at,
    )  # fmt: skip
    common.tell(event=event, kind="agency_invitation_ended", people=concerned, case=case)
