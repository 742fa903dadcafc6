from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "portal.accounts"
    label = "accounts"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self):
        from allauth.account.signals import authentication_step_completed

        from portal.accounts import checks  # noqa: F401 - registers itself
        from portal.accounts.actions import remove_view, save_view
        from portal.accounts.adapter import renew_after_asking_again
        from portal.admin.panels import REMOVE_VIEW, SAVE_VIEW
        from portal.ledger.words import tell_changes

        authentication_step_completed.connect(
            renew_after_asking_again, dispatch_uid="portal.accounts.renew_session"
        )
        SAVE_VIEW.append(save_view)
        REMOVE_VIEW.append(remove_view)

        tell_changes(
            {
                "accounts.user": {
                    "made_service": "Made a service token",
                    "rotated_service": "Rotated a service token",
                    "revoked_service": "Revoked a service token",
                    "ended_sessions_of": "Ended the person's sessions",
                    "asked_to_erase": "Asked that the person be erased",
                    "stopped_erasure": "Said that the person is not erased",
                    "erased_person": "Erased the person's particulars",
                },
                "accounts.organisation": {
                    "left_programme": "An agency takes part no longer",
                    "rejoined_programme": "An agency takes part again",
                },
            }
        )
