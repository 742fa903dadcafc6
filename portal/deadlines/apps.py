from django.apps import AppConfig


class DeadlinesConfig(AppConfig):
    name = "portal.deadlines"
    label = "deadlines"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self):
        from portal.deadlines import account_notices, bouncing, digests, following
        from portal.ledger.words import tell_changes
        from portal.programme.effects import FOLLOWERS

        account_notices.register_kinds()
        digests.register_kind()
        bouncing.register_kind()
        FOLLOWERS.append(following.follow)
        tell_changes(
            {
                "accounts.user": {
                    "cleared_bounce": "Said that the mailbox takes mail again",
                    "chose_delivery": "Chose how notices come by mail",
                    "chose_quiet_hours": "Chose quiet hours",
                    "ended_quiet_hours": "Switched quiet hours off",
                    "made_feed": "Made a calendar address",
                    "replaced_feed": "Replaced the calendar address",
                    "revoked_feed": "Revoked the calendar address",
                    "unsubscribed": "Ended the daily mail by the link in it",
                },
                "deadlines.absence": {
                    "added_absence": "Said when they are away",
                    "ended_absence": "Came back before the end of an absence",
                    "removed_absence": "Took out an absence to come",
                },
            }
        )
