"""What is on record of reviewers: kept by themselves and by the coordinators of their agency."""

from django import forms
from django.contrib import admin

from portal.accounts.models import Kind, Role
from portal.admin import PortalAdmin, Question, Step, StepForm
from reviews import actions, policies
from reviews.admin.choices import ReviewerField, reviewers
from reviews.admin.columns import shown
from reviews.models import Domain, ReviewerProfile


class ProfileForm(StepForm):
    domains = forms.MultipleChoiceField(
        choices=Domain,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose at least one domain."},
    )
    cap = forms.IntegerField(
        label="Seats at most",
        min_value=0,
        max_value=ReviewerProfile.MOST,
        help_text="How many proposed and active seats at once. With 0 nobody is suggested.",
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if self.subject is not None:
            self.initial.setdefault("domains", self.subject.domains)
            self.initial.setdefault("cap", self.subject.cap)


class RecordForm(ProfileForm):
    membership = ReviewerField(label="Reviewer")
    field_order = ("membership", "domains", "cap")

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        agencies = self.user.organisations_as(Kind.AGENCY, Role.COORDINATOR)
        found = reviewers().filter(reviewer_profile=None)
        own = found.filter(user=self.user)
        self.fields["membership"].queryset = own | found.filter(organisation__in=agencies)


class Knows(Question):
    title = "domain"
    parameter_name = "domain"
    questions = {
        value: (label, lambda rows, user, at, value=value: rows.filter(domains__contains=[value]))
        for value, label in Domain.choices
    }


class ReviewerProfileAdmin(PortalAdmin):
    list_display = ("reviewer", "agency", "domains_named", "cap", "updated_at")
    list_filter = (Knows,)
    search_fields = ("membership__user__name__istartswith",)
    search_help_text = "The beginning of a reviewer's name."
    ordering = ("-updated_at", "id")
    fields = readonly_fields = (
        shown("membership.user", "Reviewer"), shown("membership.organisation", "Agency"), "domains_named", "cap",
        "updated_at", shown("updated_by", "Updated by"),
    )  # fmt: skip
    subject = "profile"
    add_step = Step(
        "record_profile",
        actions.record_profile,
        form=RecordForm,
        label="Record domains and cap",
        submit="Record",
        explain="Runs of matching consider a reviewer once this is on record.",
        done="Recorded.",
    )
    steps = (
        Step(
            "change_profile",
            actions.change_profile,
            form=ProfileForm,
            label="Change domains and cap",
            submit="Save",
            explain="Seats that stand already stay, also above the cap.",
            done="Saved.",
            available=lambda user, profile, at: policies.keeps_profile_of(user, profile.membership),
        ),
    )

    def may_open(self, user):
        return user.has_seat(Kind.AGENCY, Role.REVIEWER, Role.COORDINATOR, Role.AUDITOR)

    def may_add(self, user):
        return policies.keeps_profiles(user)

    def for_page(self, rows):
        return rows.for_workbench()

    @admin.display(description="Reviewer")
    def reviewer(self, profile):
        return profile.membership.user.name

    @admin.display(description="Agency")
    def agency(self, profile):
        return profile.membership.organisation.name

    @admin.display(description="Domains")
    def domains_named(self, profile):
        return profile.domains_shown
