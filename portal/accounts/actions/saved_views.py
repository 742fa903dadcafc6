"""Keeping the filters of a list under a name, and dropping them."""

from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction

from portal import clock
from portal.accounts.models import Kind, SavedView
from portal.checking import check_fields
from portal.errors import AlreadyDone, Invalid, Missing, NotAllowed
from portal.ledger import actions as ledger
from portal.scope import action


@action
def save_view(*, actor, page: str, name: str, query: str, at: datetime | None = None) -> SavedView:
    """Keep the filters of a list for oneself. The record says of which list, not which words were looked for."""
    if not (actor.is_superuser or actor.has_seat(Kind.AGENCY)):
        raise NotAllowed("Only people of the workbench keep views of its lists.")
    at = at or clock.now()
    view = SavedView(user=actor, page=page, name=" ".join(name.split()), query=query, created_at=at)
    if not view.name:
        raise Missing("Give the view a name.", field="name")
    if not query:
        raise Invalid("Choose a filter, or search, before you keep the view.", field="name")
    check_fields(view, ["name", "query"])
    if SavedView.objects.filter(user=actor, page=page).count() >= SavedView.MOST:
        raise Invalid(f"A list has {SavedView.MOST} views at most. Remove one first.", field="name")
    try:
        with transaction.atomic():
            view.save(force_insert=True)
    except IntegrityError as error:
        raise AlreadyDone("You have a view of this name.") from error
    ledger.record(actor=actor, verb="saved_view", subject=view, data={"page": page}, at=at)
    return view


@action
def remove_view(*, actor, page: str, view_id: UUID, at: datetime | None = None) -> SavedView | None:
    """Drop a view of one's own; None where the person has none of this id of this list."""
    own = SavedView.objects.visible_to(actor).select_for_update()
    view = own.filter(pk=view_id, page=page).first()
    if view is None:
        return None
    at = at or clock.now()
    ledger.record(actor=actor, verb="removed_view", subject=view, data={"page": page}, at=at)
    SavedView.objects.filter(pk=view.pk).delete()
    return view
