from django.apps import AppConfig


class SiteConfig(AppConfig):
    name = "portal.site"
    label = "portal_site"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self):
        from portal import crypto
        from portal.operating import fitness

        fitness.register()
        # Secrets of authenticator apps and recovery codes, as MFAAdapter seals them.
        crypto.PLACES += [("mfa.Authenticator", "data.secret"), ("mfa.Authenticator", "data.seed")]
