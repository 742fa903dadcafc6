"""A person's notices."""

from django.urls import path

from portal.deadlines import settings_views, views

app_name = "notices"
urlpatterns = [
    path("", views.notices, name="list"),
    path("read/", views.mark_read, name="read"),
    path("calendar/", views.calendar_address, name="calendar"),
    path("calendar/revoke/", views.revoke_calendar, name="calendar_revoke"),
    path("coming/", views.coming, name="coming"),
    path("settings/", settings_views.delivery, name="settings"),
    path("settings/quiet/", settings_views.quiet_hours, name="quiet"),
    path("settings/quiet/end/", settings_views.end_quiet_hours, name="quiet_end"),
    path("settings/away/", settings_views.away, name="away"),
    path("settings/away/<uuid:absence_id>/remove/", settings_views.remove_absence, name="absence_remove"),
    path("unsubscribe/<str:token>/", views.unsubscribe, name="unsubscribe"),
    path("<uuid:message_id>/", views.open_notice, name="open"),
]
