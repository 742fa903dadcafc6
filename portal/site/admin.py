"""The one admin site: the agencies' workbench, and for superusers the accounts. Apps say what is on it by their ``ADMINS``."""

from functools import cache, partial, update_wrapper
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from django.contrib import admin
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import SimpleTemplateResponse, TemplateResponse
from django.urls import path, reverse
from django.utils.decorators import method_decorator
from django.views.decorators.http import require_safe

from portal import clock
from portal.accounts.models import Kind
from portal.accounts.policies import may_look_after_all
from portal.admin.panels import HOME_SECTIONS, SEARCHES, queues_of
from portal.deadlines import operations
from portal.programme.policies import may_read as may_read_settings
from portal.searching import LONGEST
from portal.site import secrets_page, today
from portal.site.figures import views as figures
from portal.site.programme import views as settings_pages

# The order of the navigation, and what each app's part of it is called.
ROOMS = {
    "submissions": "Cases",
    "reviews": "Reviews",
    "partners": "Partners",
    "deadlines": "Dates and messages",
    "ledger": "Record",
    "accounts": "People",
}
# Where each app keeps its list of (model, ModelAdmin).
MODULES = (
    "portal.submissions.admin",
    "reviews.admin",
    "partners.admin",
    "portal.deadlines.admin",
    "portal.ledger.admin",
    "portal.accounts.admin",
)
# Stock pages that have no use here: signing in and passwords are the front door's, and objects have no public page.
DROPPED = {"view_on_site", "password_change_done"}


@cache
def _address_of(site_name: str, label: str, model_name: str) -> str:
    return reverse(f"admin:{label}_{model_name}_changelist", current_app=site_name)


class Workbench(admin.AdminSite):
    """Stock Django admin behind the portal's own door: one sign-in for everyone, and 404 for who has no business here."""

    site_title = "Workbench"
    site_header = "Workbench"
    index_title = "Workbench"
    enable_nav_sidebar = False

    def has_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_authenticated and request.user.is_staff)

    def admin_view(self, view, cacheable=False):
        """Django's guard, and before it: a person who is signed in and not of an agency finds nothing here."""
        guarded = super().admin_view(view, cacheable)

        def inner(request: HttpRequest, *args, **kwargs):
            if request.user.is_authenticated and not self.has_permission(request):
                raise Http404
            # Written within the view's transaction: what a page reads while it is written would need a second one, and a look
            # at a page that could not be written was none.
            response = guarded(request, *args, **kwargs)
            return response.render() if isinstance(response, SimpleTemplateResponse) else response

        return update_wrapper(inner, guarded)

    def get_urls(self):
        own = [
            path("search/", self.admin_view(self.search), name="search"),
            path("operations/", self.admin_view(partial(self._framed, operations.page)), name="operations"),
            path(
                "operations/secrets/",
                self.admin_view(partial(self._framed, secrets_page.page)),
                name="secrets",
            ),
            path("figures/", self.admin_view(self.figures), name="figures"),
            path("figures/<slug:form>/", self.admin_view(figures.file), name="figures_file"),
            *(
                path(f"programme/{route}", self.admin_view(partial(self._framed, view)), name=name)
                for route, view, name in settings_pages.PAGES
            ),
        ]
        return own + [
            pattern for pattern in super().get_urls() if getattr(pattern, "name", None) not in DROPPED
        ]

    def _framed(self, view, request: HttpRequest, **kwargs) -> HttpResponse:
        request.current_app = self.name
        return view(request, self.each_context(request), **kwargs)

    def figures(self, request: HttpRequest) -> HttpResponse:
        """Counts and median times of the programme."""
        request.current_app = self.name
        return figures.page(request, self.each_context(request))

    @method_decorator(require_safe)
    def search(self, request: HttpRequest) -> HttpResponse:
        """Words looked for in everything of the workbench that this person may read."""
        if not request.user.has_seat(Kind.AGENCY):
            # Superusers come for accounts and settings, and find those in their lists.
            raise Http404
        text = " ".join(request.GET.get("q", "").replace("\x00", "").split())[:LONGEST]
        groups = [found for search in SEARCHES for found in search(request, text)] if text else []
        context = {
            **self.each_context(request),
            "title": "Search",
            "text": text,
            "groups": [found for found in groups if found.hits],
            "longest": LONGEST,
        }
        request.current_app = self.name
        return TemplateResponse(request, "admin/search.html", context)

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        reads = request.user.is_authenticated and figures.may_read(request.user)
        searches = request.user.is_authenticated and request.user.has_seat(Kind.AGENCY)
        sets = request.user.is_authenticated and may_read_settings(request.user)
        runs = request.user.is_authenticated and operations.may_read(request.user)
        offered = {
            "reads_figures": reads,
            "searches": searches,
            "reads_settings": sets,
            "runs_mail": runs,
            "runs_portal": may_look_after_all(request.user),
        }
        return super().each_context(request) | offered

    # --- the front door's pages ---------------------------------------------------------------------------------------------
    def login(self, request: HttpRequest, extra_context=None) -> HttpResponse:
        if self.has_permission(request):
            return redirect("admin:index")
        if request.user.is_authenticated:
            raise Http404
        return redirect_to_login(request.GET.get("next") or reverse("admin:index"), reverse("account_login"))

    def logout(self, request: HttpRequest, extra_context=None) -> HttpResponse:
        return redirect("account_logout")

    def password_change(self, request: HttpRequest, extra_context=None) -> HttpResponse:
        return redirect("account_change_password")

    # --- pages --------------------------------------------------------------------------------------------------------------
    def index(self, request: HttpRequest, extra_context=None) -> HttpResponse:
        """What waits on this person, what is late on the government's side, and which windows close within seven days."""
        context = {
            **self.each_context(request),
            "title": self.index_title,
            "subtitle": None,
            **today.dates(request.user),
            "waiting": queues_of(request.user, at=clock.now()),
            "sections": [found for found in (make(request) for make in HOME_SECTIONS) if found],
            "at_work": request.user.has_seat(Kind.AGENCY),
            **(extra_context or {}),
        }
        request.current_app = self.name
        return TemplateResponse(request, "admin/index.html", context)

    def get_app_list(self, request: HttpRequest, app_label=None) -> list[dict[str, Any]]:
        """The navigation: rooms in their order, models in the order in which their app lists them.

        What Django gathers beside these, four permissions and two addresses a model, costs a page more than its query.
        """
        rooms: dict[str, dict[str, Any]] = {}
        for model, registered in self._registry.items():
            label = model._meta.app_label
            if label != (app_label or label) or not registered.has_view_permission(request):
                continue
            room = rooms.setdefault(label, {"app_label": label, "name": ROOMS[label], "models": []})
            address = _address_of(self.name, label, model._meta.model_name)
            here = "page" if request.path == address else "true" if address in request.path else ""
            name = registered.plural.capitalize()
            room["models"].append({"name": name, "admin_url": address, "current": here})
        return [rooms[name] for name in ROOMS if name in rooms]

    def get_log_entries(self, request: HttpRequest):
        # The ledger is the record.
        return ()


site = Workbench(name="admin")

for _module in MODULES:
    if find_spec(_module):
        for _model, _admin in import_module(_module).ADMINS:
            site.register(_model, _admin)
