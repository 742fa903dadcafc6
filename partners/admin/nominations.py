"""Nominations on the workbench: an agency puts an organisation forward, the programme office answers."""

from django import forms
from django.contrib import admin

from partners import countries, policies
from partners.actions import nominations as actions
from partners.duplicates import likely
from partners.models import PartnerNomination, Sector
from partners.nominations_looks import read_nominations
from partners.querysets import oversees
from portal.accounts.models import Kind, Organisation, Role
from portal.admin import PortalAdmin, Question, Step, StepForm


class PutForwardForm(StepForm):
    side = forms.ModelChoiceField(Organisation.objects.none(), label="Agency", empty_label=None)
    name = forms.CharField(label="Name of the organisation", max_length=200)
    country = forms.ChoiceField()
    sectors = forms.MultipleChoiceField(choices=Sector, widget=forms.CheckboxSelectMultiple)
    why = forms.CharField(
        label="Why this organisation",
        widget=forms.Textarea(attrs={"rows": 5}),
        max_length=actions.WHY_AT_MOST,
        help_text="The programme office reads it. The organisation does not.",
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        own = self.user.organisations_as(Kind.AGENCY, Role.COORDINATOR)
        self.fields["side"].queryset = Organisation.objects.filter(pk__in=own).order_by("name")
        self.fields["country"].choices = [("", "Choose"), *countries.names().items()]


class TakeUpForm(StepForm):
    organisation = forms.ModelChoiceField(
        Organisation.objects.none(),
        help_text="A new one is made on the page of organisations first.",
    )
    operates = forms.CharField(
        label="What it operates or protects",
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        max_length=20000,
        help_text="The organisation reads this. Not needed for one that is in the programme already.",
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["organisation"].queryset = Organisation.objects.filter(kind=Kind.PARTNER).order_by("name")


def _waits(user, row: PartnerNomination, at) -> bool:
    return policies.keeps_partners(user) and not row.outcome


class Answered(Question):
    title = "whether it is answered"
    parameter_name = "waits"
    questions = {"us": ("Waits for the programme office", lambda rows, user, at: rows.waiting())}


class PartnerNominationAdmin(PortalAdmin):
    singular, plural = "nomination", "nominations"
    list_display = ("name", "state_shown", "nominated_for", "country", "nominated_at")
    list_filter = (Answered,)
    list_select_related = ("nominated_for", "nominated_by")
    ordering = ("-nominated_at", "pk")
    fields = readonly_fields = (
        "state_shown", "nominated_for", "nominated_by", "nominated_at", "country_shown", "sectors_shown", "why", "organisation",
        "reason", "answered_at",
    )  # fmt: skip
    subject = "nomination"
    add_step = Step(
        "put_forward",
        actions.put_forward,
        form=PutForwardForm,
        label="Put an organisation forward",
        explain="The programme office takes it up or sets it aside. Labs, partners and other agencies read nothing of it.",
        done="The programme office was told.",
    )
    steps = (
        Step(
            "take_up",
            actions.take_up,
            form=TakeUpForm,
            label="Take it up",
            explain="The organisation is nominated and its administrators are told, without a word of who put it forward.",
            done="Taken up.",
            available=_waits,
        ),
        Step(
            "set_aside",
            actions.set_aside,
            label="Set it aside",
            explain="Whoever put it forward reads the reason. It counts for nothing else.",
            done="Set aside.",
            available=_waits,
        ),
    )

    def may_open(self, user) -> bool:
        return oversees(user) or user.has_seat(Kind.AGENCY, Role.COORDINATOR)

    def may_add(self, user) -> bool:
        return user.has_seat(Kind.AGENCY, Role.COORDINATOR)

    def for_page(self, rows):
        return rows.select_related("nominated_for", "nominated_by", "organisation")

    def listed(self, request, objects):
        read_nominations(actor=request.user, rows=objects, verb="listed_nominations")

    def opened(self, request, obj):
        read_nominations(actor=request.user, rows=[obj], verb="viewed_nomination")

    def panels(self, request, row):
        if not oversees(request.user) or row.outcome:
            return []
        found = likely(Organisation(kind=Kind.PARTNER, name=row.name))
        return (
            [("It may be here already", "partners/admin/duplicates.html", {"likely": found})] if found else []
        )

    @admin.display(description="State")
    def state_shown(self, row):
        return row.state_told

    @admin.display(description="Country")
    def country_shown(self, row):
        return countries.names().get(row.country, row.country)

    @admin.display(description="Sectors")
    def sectors_shown(self, row):
        return ", ".join(row.sector_names)
