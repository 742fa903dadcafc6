"""Mailboxes that take no mail, for those who look after the outbox: reading them, and saying that one takes mail again."""

from datetime import datetime

from django.db import transaction

from portal import clock
from portal.accounts.models import User
from portal.deadlines.actions import may_requeue
from portal.deadlines.models import Bounce
from portal.errors import AlreadyDone, NotAllowed
from portal.ledger import actions as ledger


def looked_after_by(user):
    """The mailboxes whose trouble a person sees to: all, or none."""
    return Bounce.objects.all() if may_requeue(user) else Bounce.objects.none()


@transaction.atomic
def clear_bounce(*, actor, bounce: Bounce, at: datetime | None = None) -> Bounce:
    """A mailbox takes mail again: what is told from now on is mailed to it. What was given up stays so, for ``requeue``."""
    at = at or clock.now()
    if not may_requeue(actor):
        raise NotAllowed(
            "Only a programme coordinator or an administrator says that a mailbox takes mail again."
        )
    # The person first, as whoever notes that a mailbox takes no mail does.
    person = User.objects.select_for_update(no_key=True).get(pk=bounce.person_id)
    found = Bounce.objects.select_for_update().get(pk=bounce.pk)
    if found.cleared_at is not None:
        raise AlreadyDone("Somebody has said so already.")
    found.cleared_at = at
    found.save(update_fields=["cleared_at"])
    ledger.record(actor=actor, verb="cleared_bounce", subject=person, at=at)
    return found
