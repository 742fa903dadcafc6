"""Every address of the portal."""

from django.urls import include, path

from portal import health
from portal.deadlines import metrics
from portal.deadlines import views as deadlines
from portal.site import views as site_views
from portal.site.admin import site as admin_site

urlpatterns = [
    path("", site_views.home, name="home"),
    path("health/live", health.live),
    path("health/ready", health.ready),
    path("metrics", metrics.page),
    path("ledger/", include("portal.ledger.urls")),
    path("account/", include("portal.accounts.urls")),
    path("notices/", include("portal.deadlines.urls")),
    path("calendar/<str:secret>.ics", deadlines.calendar, name="calendar"),
    path("case/<str:case_number>/", site_views.case, name="case"),
    path("lab/", include("portal.submissions.urls")),
    path("lab/", include("reviews.urls")),
    path("lab/", include("partners.lab_urls")),
    path("partner/", include("partners.urls")),
    path("admin/", admin_site.urls),
    path("api/", include("portal.site.api_urls")),
]

# allauth's own limits answer by it too.
handler429 = "portal.accounts.middleware.too_many"
handler500 = "portal.site.views.server_error"
