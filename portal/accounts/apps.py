from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "portal.accounts"
    label = "accounts"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self):
        from portal.ledger.words import tell_changes

        tell_changes(
            {
                "accounts.user": {
                    "made_service": "Made a service token",
                    "rotated_service": "Rotated a service token",
                    "revoked_service": "Revoked a service token",
                }
            }
        )
