"""The base of every ModelAdmin of the portal."""

from copy import copy
from datetime import datetime
from functools import partial, update_wrapper
from typing import Any

from django.apps import apps
from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import Http404, HttpRequest
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.functional import SimpleLazyObject
from django.utils.html import format_html

from portal.admin.exporting import LIMIT, TakesLists
from portal.admin.lists import PortalChangeList
from portal.admin.taking import TakesSteps
from portal.admin.views import KeepsViews
from portal.doors import CappedPaginator
from portal.searching import saying

HISTORY_LENGTH = 200


class PortalAdmin(TakesSteps, TakesLists, KeepsViews, admin.ModelAdmin):
    """Read-only rows a person may see, and buttons for the verbs that person may take. The package's docstring shows how.

    Nothing is added, changed or deleted by the stock forms, no LogEntry is written (the ledger is the record), and what is
    not visible answers 404 like what is not there.
    """

    # What a row and the rows are called on pages; the model's own names unless given.
    singular = plural = ""
    list_per_page = 50
    # A first page that holds all rows needs no count; where a page is short, counting always keeps its cost the same.
    always_count = False
    # Where what narrows a list costs more than its rows: the keys of all that is counted first, then the page's rows by them.
    keys_first = False
    list_max_show_all = 0
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    paginator = CappedPaginator
    sortable_by: Any = ()
    actions_on_top = True
    empty_value_display = "—"

    def __init__(self, model, admin_site):
        super().__init__(model, admin_site)
        self.singular = self.singular or str(self.opts.verbose_name)
        self.plural = self.plural or str(self.opts.verbose_name_plural)

    # --- what an app says ---------------------------------------------------------------------------------------------------
    def may_open(self, user) -> bool:
        """Whether this person has this part of the admin at all; which rows is ``visible_to``'s answer."""
        return user.has_seat("agency")

    def may_add(self, user) -> bool:
        """Whether the add button is there; the action decides."""
        return self.add_step is not None

    def capacities(self, user, obj, *, at: datetime):
        """In what capacities a person stands to an object: what the state table is asked with."""
        return ()

    def visible(self, request):
        """The rows this person may see here; what is not among them answers 404."""
        rows = self.model._default_manager.visible_to(request.user)
        # What a person sees as a lab's is no part of the workbench, where agency people stand by name.
        return rows.beyond(request.user) if hasattr(rows, "beyond") else rows

    def for_page(self, rows):
        """Rows with the joins and annotations that the page of one needs; nothing of who sees what."""
        return rows

    def for_list(self, rows):
        """Rows with the joins and annotations that the list's columns and filters need; nothing of who sees what."""
        return self.for_page(rows)

    def listed(self, request, objects: list) -> None:
        """Called with the rows a list shows: write the looks here, in one statement."""

    def opened(self, request, obj) -> None:
        """Called when an object's page is shown: write the look here."""

    def panels(self, request, obj) -> list[tuple[str, str, dict]]:
        """Sections below the fields: (title, template, context)."""
        return []

    def history(self, request, obj):
        """The ledger's events of an object, newest first: what was done to it, not who looked."""
        events = apps.get_model("ledger", "Event").objects
        return events.filter(subject_id=obj.pk, kind="change").select_related("actor").order_by("-seq")

    # --- reads --------------------------------------------------------------------------------------------------------------
    def get_queryset(self, request):
        return self.for_page(self.visible(request))

    def get_changelist(self, request, **kwargs):
        return PortalChangeList

    def get_changelist_instance(self, request):
        # A list asks ``get_queryset`` of its admin: it is given one whose rows are a list's, and those of a page are never made.
        lister = copy(self)
        vars(lister)["get_queryset"] = lambda request: SimpleLazyObject(
            lambda: self.for_list(self.visible(request))
        )
        return admin.ModelAdmin.get_changelist_instance(lister, request)

    def lookup_allowed(self, lookup, value, request=None):
        """Only the filters this list offers: any other lookup could ask about columns it does not show."""
        names = {getattr(spec, "parameter_name", None) for spec in self.list_filter}
        fields = [
            spec if isinstance(spec, str) else spec[0]
            for spec in self.list_filter
            if isinstance(spec, str | tuple)
        ]
        return lookup in names or any(lookup == name or lookup.startswith(f"{name}__") for name in fields)

    def rows_to_read(self, request):
        """The rows whose ``WORDS`` this person may read: what a search in words looks into."""
        return self.visible(request)

    def get_search_results(self, request, queryset, search_term):
        """By ``search_fields``, and by words where the model says which of its columns are read so."""
        found, doubled = super().get_search_results(request, queryset, search_term)
        words = getattr(self.model, "WORDS", ())
        if not words or not search_term.strip():
            return found, doubled
        said = saying(self.rows_to_read(request).order_by(), search_term)
        by_fields, by_words = found.order_by().values("pk"), said.values("pk")
        return queryset.filter(Q(pk__in=by_fields) | Q(pk__in=by_words)), False

    @admin.display(description="Choose")
    def action_checkbox(self, obj):
        """The box that chooses a row. Written out: the stock one renders a widget's template for every row."""
        return format_html(
            '<input type="checkbox" name="{}" value="{}" class="action-select" aria-label="Choose {}">',
            ACTION_CHECKBOX_NAME,
            obj.pk,
            obj,
        )

    # --- permissions --------------------------------------------------------------------------------------------------------
    def has_module_permission(self, request):
        return self.may_open(request.user)

    def has_view_permission(self, request, obj=None):
        return self.may_open(request.user)

    def has_add_permission(self, request):
        return self.may_open(request.user) and self.may_add(request.user)

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False

    # --- pages --------------------------------------------------------------------------------------------------------------
    def get_urls(self):
        name = f"{self.opts.app_label}_{self.opts.model_name}"
        own = [
            path(
                f"<uuid:object_id>/{step.verb}/",
                self.wrap(partial(self.step_view, step=step)),
                name=f"{name}_{step.verb}",
            )
            for step in self.steps
        ]
        export = path("export/", self.wrap(self.export_view), name=f"{name}_export")
        views = [
            path("views/save/", self.wrap(self.save_view), name=f"{name}_save_view"),
            path("views/<uuid:view_id>/remove/", self.wrap(self.remove_view), name=f"{name}_remove_view"),
        ]
        return [*own, export, *views, *super().get_urls()]

    def wrap(self, view):
        """A view of this admin behind the site's door, as Django wraps its own."""

        def wrapper(request: HttpRequest, *args, **kwargs):
            return self.admin_site.admin_view(view)(request, *args, **kwargs)

        wrapper.model_admin = self
        return update_wrapper(wrapper, getattr(view, "func", view))

    def changelist_view(self, request, extra_context=None):
        titled = {"title": self.plural.capitalize(), "export_limit": LIMIT} | (extra_context or {})
        if self.has_view_permission(request):
            titled |= self.views_of(request)
        response = super().changelist_view(request, titled)
        context = getattr(response, "context_data", None) or {}
        if "cl" in context:
            self.listed(request, list(context["cl"].result_list))
        return response

    def change_view(self, request, object_id, form_url="", extra_context=None):
        obj = self.visible_or_404(request, unquote(object_id))
        extra = {
            "title": str(obj),
            "subtitle": None,
            "plural": self.plural,
            "offers": self.offers(request, obj),
            "panels": self.panels(request, obj),
        } | (extra_context or {})
        response = super().change_view(request, object_id, form_url, extra)
        if request.method == "GET":
            self.opened(request, obj)
        return response

    def delete_view(self, request, object_id, extra_context=None):
        self.visible_or_404(request, unquote(object_id))
        return super().delete_view(request, object_id, extra_context)

    def add_view(self, request, form_url="", extra_context=None):
        if self.add_step is None:
            return super().add_view(request, form_url, extra_context)
        if not self.has_add_permission(request):
            raise PermissionDenied
        return self._step_page(request, self.add_step, None)

    def history_view(self, request, object_id, extra_context=None):
        obj = self.visible_or_404(request, unquote(object_id))
        context = {
            **self.admin_site.each_context(request),
            "title": f"History of {obj}",
            "plural": self.plural,
            "events": self.history(request, obj)[:HISTORY_LENGTH],
            "history_length": HISTORY_LENGTH,
            "object": obj,
            "opts": self.opts,
            **(extra_context or {}),
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "admin/object_history.html", context)

    def visible_or_404(self, request, object_id):
        """The object, fetched once a request however many ask; 404 for what this person does not see."""
        if not self.has_view_permission(request):
            raise Http404
        kept = request.__dict__.setdefault("_admin_objects", {})
        key = (self.model, str(object_id))
        if key not in kept:
            kept[key] = super().get_object(request, object_id)
        if kept[key] is None:
            raise Http404
        return kept[key]

    def get_object(self, request, object_id, from_field=None):
        if from_field is not None:
            return super().get_object(request, object_id, from_field)
        return self.visible_or_404(request, object_id)

    def _get_obj_does_not_exist_redirect(self, request, opts, object_id):
        # The stock answer repeats the id and tells absent from forbidden.
        raise Http404

    def url_of(self, page: str, obj=None) -> str:
        """The address of one of this admin's pages: ``changelist``, ``change``, a verb."""
        args = [obj.pk] if obj is not None else []
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_{page}", args=args)

    # --- the ledger is the record -------------------------------------------------------------------------------------------
    def log_addition(self, request, obj, message):
        return None

    def log_change(self, request, obj, message):
        return None

    def log_deletions(self, request, queryset):
        return None
