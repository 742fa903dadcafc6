"""Everything under /api/: the collections of all apps, the schema, its page, and a problem for whatever else is asked."""

from django.urls import include, path, re_path
from rest_framework.routers import DefaultRouter

from partners import api as partners
from portal.accounts import api as accounts
from portal.api.problem import not_found
from portal.deadlines import api as deadlines
from portal.site.api_docs import docs, schema
from portal.site.programme.api import ProgrammeView
from portal.submissions import api as submissions
from reviews import api as reviews

router = DefaultRouter()
router.include_format_suffixes = False
COLLECTIONS = (submissions, reviews, partners, deadlines, accounts)
for prefix, viewset, *name in (route for rooms in COLLECTIONS for route in rooms.ROUTES):
    # What takes files beside a collection stands under its address, and has a name of its own.
    router.register(prefix, viewset, basename=name[0] if name else prefix)

urlpatterns = [
    path("v1/programme/", ProgrammeView.as_view(), name="api-programme"),
    path("v1/", include(router.urls)),
    path("schema/", schema, name="api-schema"),
    path("docs/", docs, name="api-docs"),
    # Also where only the last slash is missing: a redirect would turn a POST into a GET.
    re_path("", not_found),
]
