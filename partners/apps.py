from django.apps import AppConfig


class PartnersConfig(AppConfig):
    name = "partners"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self):
        from partners.actions import following
        from partners.deadline_kinds import register_kinds
        from portal.submissions import hooks

        register_kinds()
        hooks.DATES_MOVED.append(following.dates_moved)
        hooks.ACCESS_ENDED.append(following.access_ended)
        hooks.REPLANNED.append(following.replanned)
        hooks.PARTNERS_OF.append(following.partners_of)
