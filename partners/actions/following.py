"""How grants follow the case's own steps, called through the hooks of the floor below, inside its transaction."""

from datetime import datetime
from uuid import UUID

from partners.actions import steps
from partners.models import Grant
from partners.states import MACHINE, State
from portal.ledger.models import Event
from portal.machine import Transition
from portal.submissions.models import Submission


def dates_moved(*, submission: Submission, old: datetime | None, actor, at: datetime) -> None:
    """Grants that start with the partner release and have not started move with it, their expiry by the same span.

    The caller recomputes and saves the case; here only its first grant's start is set.
    """
    new = submission.planned_partner_release
    if new is None or new == old:
        return
    following = Grant.objects.select_for_update(of=("self",)).filter(
        submission=submission, follows_partner_release=True, stored_state__in=[State.PROPOSED, State.AGREED]
    )
    for grant in following.select_related("partner").order_by("pk"):
        if grant.agreed_at is not None and grant.starts_at <= at:
            continue
        grant.submission = submission
        was = {"starts_at": grant.starts_at, "expires_at": grant.expires_at}
        grant.starts_at, grant.expires_at = new, grant.expires_at + (new - grant.starts_at)
        now = {"starts_at": grant.starts_at, "expires_at": grant.expires_at}
        event = steps.finish(
            actor=actor,
            case=submission,
            grant=grant,
            verb="move",
            at=at,
            capacity="lab",
            data={"old": was, "new": now},
        )
        steps.tell(event, grant, "moved", at=at, office=True, partner=steps.people_of_partner(grant, at=at))
    submission.first_grant_starts_at = steps.first_start(submission)


def access_ended(*, submission: Submission, actor, at: datetime, verb: str) -> None:
    """The lab withdrew or released: its grants end at this instant, proposals with them. The caller tells those concerned."""
    code = "case_withdrawn" if verb == "withdraw" else "case_released"
    open_grants = Grant.objects.select_for_update(of=("self",)).filter(submission=submission).not_ended(at=at)
    for grant in open_grants.select_related("partner").order_by("pk"):
        grant.submission = submission
        ending = "decline" if grant.stored_state == State.PROPOSED else "revoke"
        step = MACHINE.require(grant.state_at(at), ending, {"lab"})
        end_for_case(grant, step, actor=actor, case=submission, code=code, at=at)
    submission.first_grant_starts_at = steps.first_start(submission)


def end_for_case(
    grant: Grant, step: Transition, *, actor, case: Submission, code: str, at: datetime, window: bool = False
) -> Event:
    """End a grant for a reason that lies outside it, with its event."""
    steps.write_end(grant, step, actor=actor, at=at, code=code)
    return steps.finish(
        actor=actor,
        case=case,
        grant=grant,
        verb=step.verb,
        at=at,
        step=step,
        data={"reason_code": code},
        window=window,
    )


def replanned(*, submission: Submission, at: datetime) -> None:
    """The case planned its own deadlines anew, and may have cancelled all of the case: say again what the grants owe."""
    owing = Grant.objects.filter(
        submission=submission, stored_state__in=["proposed", "agreed", "revoked", "surrendered"]
    )
    for grant in owing.order_by("pk"):
        grant.submission = submission
        steps.plan_deadlines(grant, at)


def partners_of(submission: Submission) -> set[UUID]:
    """The organisations with a grant proposed or not yet wound up on a case: none of their people may review it."""
    open_grants = Grant.objects.filter(submission=submission, stored_state__in=[State.PROPOSED, State.AGREED])
    return set(open_grants.order_by().values_list("partner_id", flat=True))
