from django.apps import AppConfig


class ReviewsConfig(AppConfig):
    name = "reviews"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self):
        from portal.accounts import hooks as account_hooks
        from portal.accounts.models import PERMISSION_POLICIES
        from portal.admin.panels import CASE_PANELS, HOME_PANELS, HOME_SECTIONS, SEARCHES
        from portal.deadlines.querysets import BARRED, CASELESS, HIDDEN
        from portal.ledger.querysets import READERS
        from portal.ledger.words import tell_changes
        from portal.submissions import hooks, measuring, next_steps, panels
        from portal.submissions.exports import archive as exports
        from reviews import archive, deadline_kinds, domains, leaving, policies, readers, spill_kinds, targets
        from reviews import next_steps as own_steps
        from reviews.actions.clockwork import follow_window
        from reviews.actions.logs import told_of_log
        from reviews.admin import load, searching
        from reviews.admin.panels import assessments_panel, queues, seats_panel
        from reviews.models import AgencyLog
        from reviews.panels import lab_panel
        from reviews.words import CHANGES

        tell_changes(CHANGES)
        hooks.STORED[AgencyLog] = told_of_log
        deadline_kinds.register_kinds()
        account_hooks.KEEPS.append(leaving.kept)
        account_hooks.AGAINST_ERASING.append(leaving.against_erasing)
        account_hooks.LEFT.append(leaving.left)
        targets.register()
        spill_kinds.register_kinds()
        hooks.REPLANNED.append(follow_window)
        hooks.REVIEWERS_OF.append(readers.reviewers_of)
        next_steps.UPPER.append(own_steps.retests)
        hooks.LEADS.append((readers.leads, "reviewer__name"))
        measuring.OUTSIDE.append(domains.outside)
        READERS.append(readers.events)
        CASELESS.append(readers.messages)
        HIDDEN.append(readers.hidden)
        BARRED.append(readers.barred)
        panels.PANELS.append(lab_panel)
        exports.PARTS.append(archive.of_case)
        panels.DUE_BY_CLOSING.update(deadline_kinds.BY_CLOSING)
        panels.LINKS.append(("Assessments", "lab_reviews:assessments"))
        panels.AREAS += [("Inquiries", "lab_reviews:inquiries"), ("Designations", "lab_reviews:designations")]
        PERMISSION_POLICIES["reviews"] = policies.has_perm
        CASE_PANELS.extend([seats_panel, assessments_panel])
        HOME_PANELS.append(queues)
        SEARCHES.append(searching.search)
        HOME_SECTIONS.append(load.panel)
