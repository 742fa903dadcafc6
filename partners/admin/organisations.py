"""Partner organisations on the workbench: who asks, who is being vetted, who is eligible and until when."""

from datetime import timedelta

from django.contrib import admin

from partners import countries, policies
from partners.actions import organisations as actions
from partners.admin.application import OpensEvidence, panels_of
from partners.admin.forms import NominateForm, NotSelectForm
from partners.admin.vetting import ANSWER
from partners.models import PartnerProfile
from partners.querysets import oversees
from partners.states import PARTNERS, PartnerState
from portal.admin import PortalAdmin, Question, Step, state_tag

P = PartnerState
SOON = timedelta(days=60)


def _lapsing(rows, user, at):
    return rows.in_state(P.ELIGIBLE, at=at).filter(revet_due_at__lte=at + SOON)


class Waits(Question):
    title = "what it waits for"
    parameter_name = "waits"
    questions = {
        "vetting": (
            "Vetting to begin",
            lambda rows, user, at: rows.in_state(P.APPLIED, P.NOMINATED, P.LAPSED, at=at),
        ),
        "outcome": ("An outcome of vetting", lambda rows, user, at: rows.in_state(P.VETTING, at=at)),
        "again": ("Vetting again within 60 days", _lapsing),
    }


class Standing(Question):
    title = "its standing"
    parameter_name = "standing"
    questions = {
        str(state): (str(state.label), lambda rows, user, at, state=state: rows.in_state(state, at=at))
        for state in P
    }


class PartnerProfileAdmin(OpensEvidence, PortalAdmin):
    list_display = ("organisation", "state_shown", "sectors_shown", "country", "vetted_at", "vetted_again_by")
    list_filter = (Waits, Standing)
    list_select_related = ("organisation",)
    search_fields = ("organisation__name__icontains",)
    search_help_text = "Part of an organisation's name."
    ordering = ("organisation__name", "pk")
    singular, plural = "partner organisation", "partner organisations"
    fields = (
        "sectors_shown",
        "country_shown",
        "operates",
        "vetted_at",
        "vetted_by",
        "vetted_again_by",
        "reason_shown",
        "applies_from",
        "created_at",
        "created_by",
    )
    readonly_fields = fields
    machine = PARTNERS
    subject = "profile"
    add_step = Step(
        "nominate",
        actions.nominate,
        form=NominateForm,
        label="Nominate an organisation",
        explain="The organisation's administrators are told that it was put forward. Vetting decides.",
        done="Nominated. Begin the vetting when you are ready.",
    )
    steps = (
        Step(
            "begin_vetting",
            actions.begin_vetting,
            explain="The organisation is told that its vetting has begun.",
            done="Vetting has begun.",
        ),
        ANSWER,
        Step(
            "find_eligible",
            actions.find_eligible,
            explain="It takes an answer to every criterion. Labs and the programme office can then offer it early access, until"
            " the next vetting is due.",
            done="The organisation is eligible.",
        ),
        Step(
            "not_select",
            actions.not_select,
            form=NotSelectForm,
            explain="The organisation is told the reason, and when it may apply again. It counts for nothing else.",
            done="The organisation is told that it was not selected.",
        ),
        Step(
            "suspend",
            actions.suspend,
            explain="Access under all its grants stops at once, until it is reinstated. The grants stand.",
            done="Suspended. Access has stopped.",
            grave=True,
        ),
        Step(
            "reinstate",
            actions.reinstate,
            explain="Access under its grants opens again. The date of the next vetting stays.",
            done="Reinstated.",
        ),
        Step(
            "remove",
            actions.remove,
            explain="Every grant and proposal of the organisation ends at once, and labs and partner are told. It cannot be"
            " taken back.",
            done="Removed. Its grants have ended.",
            grave=True,
        ),
    )
    bulk_steps = ("begin_vetting",)

    def may_open(self, user) -> bool:
        return oversees(user)

    def may_add(self, user) -> bool:
        return policies.keeps_partners(user)

    def capacities(self, user, obj, *, at):
        return policies.partner_capacities(user, obj)

    def panels(self, request, profile):
        return panels_of(request, profile)

    def visible(self, request):
        return PartnerProfile.objects.visible_to(request.user)

    def for_page(self, rows):
        return rows.select_related("organisation", "vetted_by", "created_by")

    @admin.display(description="Standing")
    def state_shown(self, profile):
        return state_tag(profile.state)

    @admin.display(description="Sectors")
    def sectors_shown(self, profile):
        return ", ".join(profile.sector_names)

    @admin.display(description="Country")
    def country_shown(self, profile):
        return countries.names().get(profile.country, profile.country)

    @admin.display(description="To be vetted again by", ordering="revet_due_at")
    def vetted_again_by(self, profile):
        return profile.revet_due_at

    @admin.display(description="May apply again from")
    def applies_from(self, profile):
        return profile.reapply_on

    @admin.display(description="Reason it was not selected")
    def reason_shown(self, profile):
        return profile.get_reason_code_display() or self.empty_value_display
