from django.apps import AppConfig


class LedgerConfig(AppConfig):
    name = "portal.ledger"
    label = "ledger"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self):
        from portal.ledger.words import tell_changes

        tell_changes(
            {
                "ledger.key": {
                    "began_log": "Began the sealed log",
                    "rotated_key": "Changed the key that signs the log",
                    "sealed_despite_faults": "Sealed what did not fit, by an operator's word",
                }
            }
        )
