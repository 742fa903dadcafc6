"""Refusing a form made from an older revision of its subject, with what the ledger says happened since."""

from datetime import datetime

from portal import scope
from portal.errors import Stale
from portal.formats import instant
from portal.ledger.models import Event

SHOWN = 20


# That something changed, and not what: whoever holds the list learns no more.
@scope.lifted("ledger")
def refuse_changed_since(subject, shown_at: datetime | None) -> None:
    """Raise Stale when ``subject`` changed after the list with it was shown; None expects nothing."""
    if shown_at is None:
        return
    later = Event.objects.filter(subject_id=subject.pk, kind=Event.Kind.CHANGE, at__gt=shown_at)
    if later.exists():
        raise Stale("It changed since the list was shown. Nothing was done; look at it first.")


def refuse_stale(subject, expected_revision: int | None, *, called: str, key: str = "revision") -> None:
    """Raise Stale when ``subject`` has another revision than a form expects; None expects nothing.

    Only the subject's own changes are told: whoever holds a form of it may read those, and no others of its case. ``key``
    names the revision in their events' data.
    """
    if expected_revision is None or expected_revision == subject.revision:
        return
    later = Event.objects.filter(
        subject_id=subject.pk, kind=Event.Kind.CHANGE, **{f"data__{key}__gt": expected_revision}
    ).order_by("seq")
    raise Stale(
        f"{called} changed since you opened the page. Nothing was saved; look at what changed first.",
        changes=[f"{instant(event.at)}: {event.what}" for event in later[:SHOWN]],
    )
