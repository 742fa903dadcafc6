"""Views of a list that a person keeps: its filters and search, under a name of theirs."""

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.admin.views.main import SEARCH_VAR
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, QueryDict

from portal.admin.panels import REMOVE_VIEW, SAVE_VIEW
from portal.doors import see_other
from portal.errors import Refused


class KeepsViews:
    """The part of PortalAdmin that keeps a person's views of its list."""

    def chosen(self: Any, request: HttpRequest, address: QueryDict | None = None) -> str:
        """The filters and the search of an address, this one's unless given; pages and what the list does not offer left out."""
        kept = [
            (name, value)
            for name, value in sorted((request.GET if address is None else address).items())
            if value and (name == SEARCH_VAR or self.lookup_allowed(name, value, request))
        ]
        return urlencode(kept)

    def views_of(self: Any, request: HttpRequest) -> dict[str, Any]:
        """What the list's page needs: the person's views, and what could be kept now."""
        chosen = self.chosen(request)
        # A filter that a list had once is left out, or the view would lead to a page that refuses it.
        views = [
            view | {"query": self.chosen(request, QueryDict(view["query"]))}
            for view in request.user.views_of(self.opts.label_lower)
        ]
        return {
            "saved_views": views,
            "chosen": chosen,
            "is_saved": any(view["query"] == chosen for view in views),
        }

    def save_view(self: Any, request: HttpRequest) -> HttpResponse:
        """Keep the filters of this address; back to the list under them, whatever came of it."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not self.has_view_permission(request):
            raise PermissionDenied
        chosen = self.chosen(request)
        try:
            view = SAVE_VIEW[0](
                actor=request.user,
                page=self.opts.label_lower,
                name=request.POST.get("name", "").replace("\x00", ""),
                query=chosen,
            )
        except Refused as refusal:
            messages.error(request, refusal.message)
        else:
            messages.success(request, f"“{view.name}” is among your views of this list.")
        return see_other(f"{self.url_of('changelist')}?{chosen}")

    def remove_view(self: Any, request: HttpRequest, view_id) -> HttpResponse:
        """Drop one of the person's own."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        view = REMOVE_VIEW[0](actor=request.user, page=self.opts.label_lower, view_id=view_id)
        if view is None:
            raise Http404
        messages.success(request, f"“{view.name}” was removed from your views.")
        return see_other(self.url_of("changelist"))
