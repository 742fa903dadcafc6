from django.apps import AppConfig


class DeadlinesConfig(AppConfig):
    name = "portal.deadlines"
    label = "deadlines"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self):
        from portal.deadlines import account_notices

        account_notices.register_kinds()
