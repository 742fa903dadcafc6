from django.apps import AppConfig


class PartnersConfig(AppConfig):
    name = "partners"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self):
        from partners import archive, panels, readers, targets
        from partners.actions import following
        from partners.actions.evidence import told_of_evidence
        from partners.admin import home, searching
        from partners.deadline_kinds import register_kinds
        from partners.models import PartnerEvidence
        from partners.words import CHANGES, LOOKS
        from portal import crypto
        from portal.accounts import hooks as account_hooks
        from portal.accounts.models import PERMISSION_POLICIES
        from portal.admin import CASE_PANELS, HOME_PANELS
        from portal.admin.panels import SEARCHES
        from portal.deadlines.querysets import CASELESS
        from portal.ledger import words
        from portal.ledger.querysets import READERS
        from portal.ledger.words import tell_changes
        from portal.submissions import endings, hooks, next_steps
        from portal.submissions.exports import archive as exports
        from portal.submissions.exports import record
        from portal.submissions.panels import AREAS, CONSEQUENCES, MOMENTS, PANELS

        crypto.PLACES.append(("partners.Grant", "instructions_sealed"))
        register_kinds()
        targets.register()
        account_hooks.AGAINST_ERASING.append(readers.against_erasing)
        tell_changes(CHANGES)
        hooks.STORED[PartnerEvidence] = told_of_evidence
        words.LOOKS.update(LOOKS)
        hooks.DATES_MOVED.append(following.dates_moved)
        hooks.ACCESS_ENDED.append(following.access_ended)
        hooks.REPLANNED.append(following.replanned)
        hooks.PARTNERS_OF.append(following.partners_of)
        hooks.OWED.append(readers.owed)
        hooks.FIRST_GRANT_IF.append(readers.first_grant_if)
        READERS.append(readers.events)
        CASELESS.append(readers.messages)
        PERMISSION_POLICIES["partners"] = readers.has_perm
        next_steps.UPPER.append(readers.next_steps)
        CONSEQUENCES.append(readers.consequences)
        PANELS.append(panels.of_case)
        AREAS.append(("Partners put forward", "lab_partners:nominate"))
        MOMENTS.append(panels.moments)
        exports.PARTS.append(archive.of_case)
        record.PURPOSES.append(archive.purposes)
        endings.PARTIES.append(archive.attested)
        CASE_PANELS.append(home.panel_of_case)
        HOME_PANELS.append(home.queues)
        SEARCHES.append(searching.search)
        self.findings()

    def findings(self):
        """What findings tell the floors below; they belong to no case until their owner was notified."""
        from partners import findings_archive, findings_kinds, findings_readers
        from partners.actions.findings import told_of_file
        from partners.models import FindingFile
        from portal.deadlines.querysets import BARRED, BARRED_DATES, CASELESS, HIDDEN
        from portal.ledger.querysets import READERS
        from portal.submissions import hooks
        from portal.submissions.exports import archive as exports
        from portal.submissions.panels import AREAS

        hooks.STORED[FindingFile] = told_of_file
        findings_kinds.register_kinds()
        READERS.append(findings_readers.events)
        CASELESS.append(findings_readers.messages)
        HIDDEN.append(findings_readers.hidden)
        BARRED.append(findings_readers.barred)
        BARRED_DATES.append(findings_readers.barred)
        exports.PARTS.append(findings_archive.of_case)
        AREAS.append(("Findings", "lab_partners:findings"))
