from django.apps import AppConfig


class SiteConfig(AppConfig):
    name = "portal.site"
    label = "portal_site"
    default_auto_field = "django.db.models.BigAutoField"
