"""What time does to a grant. State follows from dates by itself; this records that it did, and tells people."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from partners.actions import steps
from partners.models import Grant
from partners.states import State
from portal import clock

BATCH = 100


def record_clock(*, at: datetime | None = None) -> int:
    """Record grants that became active or expired since the last run. Twice, late or beside itself: once each."""
    at = at or clock.now()
    recorded = 0
    while True:
        with transaction.atomic():
            # Case and grant are locked together and nothing is waited for: what another holds is left to the next round.
            found = _unrecorded(at).select_for_update(skip_locked=True, of=("self", "submission"))
            grants = list(found.select_related("submission", "partner")[:BATCH])
            for grant in grants:
                _record(grant, at)
        recorded += len(grants)
        if len(grants) < BATCH:
            return recorded


def _unrecorded(at: datetime):
    started = Q(starts_at__lte=at, start_recorded_at=None)
    expired = Q(expires_at__lte=at, expiry_recorded_at=None)
    return Grant.objects.filter(started | expired, stored_state=State.AGREED).order_by("starts_at", "pk")


def _record(grant: Grant, at: datetime) -> None:
    case = grant.submission
    if grant.start_recorded_at is None:
        grant.start_recorded_at = at
        data = {"started_at": grant.starts_at}
        event = steps.finish(
            actor=None, case=case, grant=grant, verb="start", at=at, capacity="clock", data=data
        )
        if grant.state_at(at) == State.ACTIVE:
            # Those to whom the model is open: a partner that has lost its standing meanwhile is not told that access began.
            partner = steps.people_of_partner(grant, at=at, scope="model")
            steps.tell(event, grant, "active", at=at, lab=True, office=True, partner=partner)
    if grant.expires_at <= at:
        grant.expiry_recorded_at = at
        data = {"expired_at": grant.expires_at}
        # As the audience was just before: afterwards it no longer knows whom to tell.
        partner = steps.people_of_partner(grant, at=grant.expires_at - timedelta(microseconds=1))
        event = steps.finish(
            actor=None, case=case, grant=grant, verb="expire", at=at, capacity="clock", data=data
        )
        steps.tell(event, grant, "expired", at=at, lab=True, office=True, partner=partner)
