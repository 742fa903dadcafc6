from django.apps import AppConfig


class SubmissionsConfig(AppConfig):
    name = "portal.submissions"
    label = "submissions"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self):
        from portal import crypto
        from portal.accounts import hooks as account_hooks
        from portal.accounts.models import PERMISSION_POLICIES
        from portal.accounts.querysets import STANDING
        from portal.admin.panels import HOME_PANELS, NAMES, SEARCHES
        from portal.deadlines.querysets import BARRED, CASELESS, HIDDEN, OUTBOX
        from portal.deadlines.querysets import READERS as DEADLINE_READERS
        from portal.ledger import records, words
        from portal.ledger.querysets import LAB_SIDE
        from portal.ledger.querysets import READERS as EVENT_READERS
        from portal.submissions import (
            erasing,
            history,
            hooks,
            leaving,
            policies,
            readers,
            spill_kinds,
            targets,
            terms,
        )
        from portal.submissions.actions.scanning import told_of_version
        from portal.submissions.admin import searching
        from portal.submissions.admin.home import queues
        from portal.submissions.deadline_kinds import register_kinds
        from portal.submissions.models import DocumentVersion
        from portal.submissions.querysets import is_barred

        STANDING["is_barred"] = is_barred
        crypto.PLACES.append(("submissions.AccessInstructions", "sealed"))
        register_kinds()
        hooks.STORED[DocumentVersion] = told_of_version
        spill_kinds.register_kinds()
        targets.register()
        account_hooks.KEEPS.append(leaving.kept)
        account_hooks.AGAINST_ERASING.append(erasing.against)
        account_hooks.ERASING.append(erasing.erase)
        terms.register()
        words.tell_changes(
            {
                "accounts.user": history.STATEMENTS,
                "submissions.submission": history.CHANGES,
                "submissions.contact": history.CONTACTS,
                "submissions.conflict": history.CONFLICTS,
                "submissions.documentversion": history.SCANS,
                "submissions.upload": history.UPLOADS,
                "submissions.obligation": history.OBLIGATIONS,
                "submissions.informationrequest": history.QUESTIONS,
                "submissions.disclosurenotice": history.DISCLOSURES,
                "submissions.legalhold": history.LEGAL_HOLDS,
                "submissions.recordsrequest": history.RECORDS_REQUESTS,
                "submissions.requestnotice": history.LINKS,
                "submissions.spill": history.SPILLS,
                "submissions.breakglass": history.BREAK_GLASS,
                "submissions.unusualreading": history.READINGS,
            }
        )
        words.LOOKS.update(history.LOOKS)
        records.TOLD.add("submissions.submission")
        records.OPENED.update({"submissions.submission", "submissions.documentversion"})
        EVENT_READERS.append(readers.events)
        LAB_SIDE.append(readers.own_events)
        DEADLINE_READERS.append(readers.deadlines)
        DEADLINE_READERS.append(readers.records_deadlines)
        CASELESS.append(readers.records_messages)
        CASELESS.append(readers.renewal_messages)
        OUTBOX.append(readers.messages)
        HIDDEN.append(readers.hidden)
        BARRED.append(readers.barred)
        NAMES.append(readers.case_numbers)
        HOME_PANELS.append(queues)
        SEARCHES.append(searching.search)
        PERMISSION_POLICIES["submissions"] = policies.has_perm
