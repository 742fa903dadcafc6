from django.apps import AppConfig


class ProgrammeConfig(AppConfig):
    name = "portal.programme"
    label = "programme"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self):
        from portal.ledger.words import tell_changes

        tell_changes({"programme.version": {"changed_settings": "Changed the programme's settings"}})
