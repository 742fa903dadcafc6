"""A person's notices."""

from django.urls import path

from portal.deadlines import views

app_name = "notices"
urlpatterns = [
    path("", views.notices, name="list"),
    path("read/", views.mark_read, name="read"),
    path("calendar/", views.calendar_address, name="calendar"),
    path("calendar/revoke/", views.revoke_calendar, name="calendar_revoke"),
    path("settings/", views.delivery, name="settings"),
    path("unsubscribe/<str:token>/", views.unsubscribe, name="unsubscribe"),
    path("<uuid:message_id>/", views.open_notice, name="open"),
]
