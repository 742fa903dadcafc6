"""Everything under /api/: the collections of all apps, the schema, its page, and a problem for whatever else is asked."""

from importlib import import_module
from importlib.util import find_spec

from django.urls import include, path, re_path
from rest_framework.routers import DefaultRouter

from portal.api.problem import not_found
from portal.site.api_docs import docs, schema
from portal.submissions import api as submissions

router = DefaultRouter(use_regex_path=True)
router.include_format_suffixes = False
for name in ("reviews.api", "partners.api"):
    if find_spec(name):
        for prefix, viewset in import_module(name).ROUTES:
            router.register(prefix, viewset, basename=prefix)
for prefix, viewset in submissions.ROUTES:
    router.register(prefix, viewset, basename=prefix)

urlpatterns = [
    path("v1/", include(router.urls)),
    path("schema/", schema, name="api-schema"),
    path("docs/", docs, name="api-docs"),
    # Also where only the last slash is missing: a redirect would turn a POST into a GET.
    re_path("", not_found),
]
