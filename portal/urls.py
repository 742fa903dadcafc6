"""Every address of the portal."""

from importlib.util import find_spec

from django.urls import include, path

from portal import health
from portal.site import views as site_views


def _when_written(route: str, module: str) -> list:
    return [path(route, include(module))] if find_spec(module) else []


urlpatterns = [
    path("", site_views.home, name="home"),
    path("health/live", health.live),
    path("health/ready", health.ready),
    path("account/", include("portal.accounts.urls")),
    *_when_written("notices/", "portal.deadlines.urls"),
    path("case/<str:case_number>/", site_views.case, name="case"),
    *_when_written("lab/", "portal.submissions.urls"),
    *_when_written("lab/", "reviews.urls"),
    *_when_written("lab/", "partners.lab_urls"),
    *_when_written("partner/", "partners.urls"),
    *_when_written("api/", "portal.site.api_urls"),
]
if find_spec("portal.site.admin"):
    from portal.site import admin

    urlpatterns.append(path("admin/", admin.site.urls))
