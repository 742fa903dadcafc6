"""Questions about break-glass access: what opens it, to whom, and until when."""

from datetime import timedelta

from portal.accounts.models import Kind, Role
from portal.ledger.models import Event
from portal.submissions.models import BreakGlass, Submission
from portal.submissions.querysets import ASSESSMENTS, DOCUMENTS, FACTS, INSTRUCTIONS, RECORD
from tests.machine.invariants.sight import Sight

LIMIT = timedelta(hours=24)


def break_glass_opens_what_two_persons_gave(sight: Sight) -> list:
    """5, 15 and 20: a security officer sees of a case what they asked for, once another person concurred, under agreed terms and
    for its hours; never the access instructions. It is on the case's record, and no look names it that it did not open."""
    broken: list = []
    told = {event.data.get("break_glass") for event in sight.events if event.verb == "open_break_glass"}
    for access in sight.rows(BreakGlass):
        if access.opened_at is None:
            continue
        agreed = sight.case(access).agreed_at
        if access.opened_by_id == access.asked_by_id or agreed is None or agreed > access.opened_at:
            broken.append(("20 break-glass", access.pk))
        if access.expires_at - access.opened_at > LIMIT:
            broken.append(("5 break-glass hours", access.pk))
        if str(access.pk) not in told:
            broken.append(("15 break-glass", access.pk))
    for user in sight.people:
        seats = {(one.kind, role) for one, role in sight.seats(user.pk)}
        if seats != {(Kind.AGENCY, Role.SECURITY)}:
            continue
        for scope in (RECORD, FACTS, DOCUMENTS, INSTRUCTIONS, ASSESSMENTS):
            for pk in sight.sees(user, Submission, scope=scope):
                if not any(_opens(sight, row, user, pk, scope) for row in sight.rows(BreakGlass)):
                    broken.append(("5 break-glass", user.pk, scope, pk))
    for event in sight.having(Event, "capacity")["break_glass"]:
        accesses = sight.having(BreakGlass, "submission_id")[event.case_id]
        # Of a look and an end at one instant, the look may have been first.
        opened = [
            row for row in accesses if _runs(row, event.at) or (row.opened_at and row.ended_at == event.at)
        ]
        if not any(row.asked_by_id == event.actor_id for row in opened):
            broken.append(("15 capacity", event.pk))
    return broken


def _opens(sight: Sight, access: BreakGlass, user, case_id, scope: str) -> bool:
    case = sight.named(Submission)[case_id]
    over = [case.withdrawn_at, case.closed_at, case.closes_at if scope == DOCUMENTS else None]
    return (
        access.asked_by_id == user.pk
        and access.submission_id == case_id
        and (scope == RECORD or scope in access.scopes)
        and scope != INSTRUCTIONS
        and _runs(access, sight.at)
        and not any(end is not None and end <= sight.at for end in over)
        and access.agency_id in sight.of(user, Kind.AGENCY, Role.SECURITY)
        and not sight.is_hidden(user, case)
    )


def _runs(access: BreakGlass, at) -> bool:
    if access.opened_at is None or access.opened_at > at or access.expires_at <= at:
        return False
    return access.ended_at is None or access.ended_at > at
