"""Refusing a form made from an older revision of its subject, with what the ledger says happened since."""

from portal.errors import Stale
from portal.formats import instant
from portal.ledger.models import Event

SHOWN = 20


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
