"""The record, to be read by those who audit it. Nothing here is ever changed: the database refuses it too."""

from django.apps import apps
from django.contrib import admin

from portal.admin import PortalAdmin, Question, names
from portal.ledger.models import Event
from portal.ledger.words import LOOKS


class What(Question):
    """Changes, or looks; and the looks that went deepest."""

    title = "what happened"
    parameter_name = "what"
    questions = {
        "changes": ("Changes", lambda rows, user, at: rows.changes()),
        "looks": ("Looks", lambda rows, user, at: rows.looks()),
        "files": (
            "Files downloaded or compared",
            lambda rows, user, at: rows.filter(verb__in=["downloaded_document", "compared_versions"]),
        ),
        "instructions": (
            "Access instructions revealed",
            # Every app's instructions, the grants' among them.
            lambda rows, user, at: rows.filter(
                verb__in=[verb for verb in LOOKS if verb.startswith("revealed_")]
            ),
        ),
        "clock": ("By the clock", lambda rows, user, at: rows.filter(actor=None)),
    }


class EventAdmin(PortalAdmin):
    list_display = ("at", "what", "who", "capacity_words", "case", "about")
    keys_first = True
    list_filter = (What,)
    list_select_related = ("actor",)
    search_fields = ("actor__email__istartswith", "actor__name__istartswith")
    search_help_text = "The beginning of a person's name or address. A case's events are on its own page."
    ordering = ("-seq",)
    fields = ("at", "what", "who", "capacity_words", "case", "about", "reason", "values")
    readonly_fields = fields

    def may_open(self, user) -> bool:
        return user.has_seat("agency", "auditor", "coordinator")

    def for_page(self, rows):
        return rows.select_related("actor")

    def listed(self, request, objects):
        found = names({event.case_id for event in objects if event.case_id})
        for event in objects:
            event.case_name = found.get(event.case_id, "")

    @admin.display(description="What")
    def what(self, event):
        return event.what

    @admin.display(description="Who")
    def who(self, event):
        return event.actor or "the clock"

    @admin.display(description="As")
    def capacity_words(self, event):
        return event.capacity.replace("_", " ")

    @admin.display(description="Case")
    def case(self, event):
        if not hasattr(event, "case_name"):
            event.case_name = names({event.case_id}).get(event.case_id, "") if event.case_id else ""
        return event.case_name

    @admin.display(description="About")
    def about(self, event):
        return apps.get_model(event.subject_type)._meta.verbose_name

    @admin.display(description="Recorded values")
    def values(self, event):
        return ", ".join(f"{name}: {value}" for name, value in event.data.items())


ADMINS = [(Event, EventAdmin)]
