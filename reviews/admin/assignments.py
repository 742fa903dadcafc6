"""Reviewers' seats: the reviewer's own queue, and the coordinator's board."""

from datetime import timedelta

from django import forms
from django.contrib import admin
from django.urls import reverse

from portal import clock
from portal.accounts.models import Kind, Role
from portal.admin import PortalAdmin, Question, Step, StepForm, state_tag
from portal.submissions import policies as case_policies
from portal.submissions.admin.fields import CaseStepForm
from reviews import actions, policies
from reviews.admin.choices import ReviewerField, reviewers
from reviews.admin.columns import case, moment, shown
from reviews.deadline_kinds import attest_due
from reviews.models import Assignment, Domain
from reviews.states import ASSIGNMENT, LIVE, AssignmentState

SOON = timedelta(days=14)


class ProposeForm(CaseStepForm):
    reviewer = ReviewerField(help_text="The reviewer's agency is invited to the case where it is not yet.")
    domain = forms.ChoiceField(choices=Domain.choices)
    role = forms.ChoiceField(choices=Assignment.Role.choices, initial=Assignment.Role.REVIEWER)
    note = Assignment._meta.get_field("note").formfield(widget=forms.Textarea(attrs={"rows": 3}))
    expires_at = forms.SplitDateTimeField(
        label="Ends at",
        required=False,
        help_text="Left empty, the seat ends some time after the window, and moves with it.",
        widget=forms.SplitDateTimeWidget(
            date_attrs={"type": "date", "aria-label": "Ends at, date"},
            time_attrs={"type": "time", "aria-label": "Ends at, time"},
        ),
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["reviewer"].queryset = reviewers()

    def arguments(self):
        values = super().arguments()
        membership = values.pop("reviewer")
        return values | {"reviewer": membership.user, "agency": membership.organisation}


class AttestForm(StepForm):
    no_conflict = forms.BooleanField(
        required=False,
        label="I have no conflict of interest with this lab or this case.",
    )
    nondisclosure = forms.BooleanField(
        required=False, label="My nondisclosure agreement for this programme is in force."
    )
    training = forms.BooleanField(
        required=False, label="I have done the training for handling what labs entrust to us."
    )


class HandOverForm(StepForm):
    to = ReviewerField(
        label="New reviewer", help_text="The seat is proposed to this person, who attests anew."
    )
    reason = forms.CharField(required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 3}))

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        found = reviewers().exclude(user=self.subject.reviewer_id)
        if "coordinator" not in policies.capacities(self.user, self.subject, at=self.at):
            found = found.filter(organisation=self.subject.agency_id)
        self.fields["to"].queryset = found

    def arguments(self):
        values = super().arguments()
        membership = values.pop("to")
        return values | {"to": membership.user, "agency": membership.organisation}


class ReasonForm(StepForm):
    reason = forms.CharField(
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="The coordinators read it.",
    )


class Waits(Question):
    title = "what it waits for"
    parameter_name = "waits"
    questions = {
        "me": (
            "My attestation",
            lambda rows, user, at: rows.in_state(AssignmentState.PROPOSED, at=at).filter(reviewer=user),
        ),
        "mine": (
            "Nothing, being active: mine",
            lambda rows, user, at: rows.in_state(AssignmentState.ACTIVE, at=at).filter(reviewer=user),
        ),
        "attestation": (
            "An attestation",
            lambda rows, user, at: rows.in_state(AssignmentState.PROPOSED, at=at),
        ),
        "late": ("An attestation that is late", lambda rows, user, at: rows.attestation_late(at=at)),
        "conflict": (
            "Somebody else: its reviewer has a conflict",
            lambda rows, user, at: rows.in_conflict(at=at),
        ),
        "expiry": (
            "Its end within 14 days",
            lambda rows, user, at: rows.live(at=at).filter(expires_at__lte=at + SOON),
        ),
    }


class Standing(Question):
    title = "state"
    parameter_name = "state"
    questions = {
        state.value: (state.label, lambda rows, user, at, state=state: rows.in_state(state, at=at))
        for state in AssignmentState
    }


class AssignmentAdmin(PortalAdmin):
    singular, plural = "seat", "seats"
    list_display = (case, "reviewer", "agency", "domain", "role", "state_shown", "proposed_at", "ends")
    list_filter = (Waits, Standing)
    search_fields = ("submission__case_number__istartswith", "reviewer__name__istartswith")
    search_help_text = "The beginning of a case number or of a reviewer's name."
    ordering = ("-proposed_at", "id")
    keys_first = True
    fields = readonly_fields = (
        case, shown("reviewer", "Reviewer"), shown("agency", "Agency"), "domain", "role", "note",
        shown("proposed_by", "Proposed by"), "proposed_at", "attest_by", "attested_at", "writes_none_at", "expires_at",
        "ended_at", "reason", shown("handed_over_to.reviewer", "Handed over to"),
    )  # fmt: skip
    machine = ASSIGNMENT
    subject = "assignment"
    add_step = Step(
        "propose_assignment",
        actions.propose_assignment,
        form=ProposeForm,
        label="Propose a seat",
        explain="The reviewer is asked to attest. Until then, and until the access terms are agreed, the seat opens nothing of"
        " the lab's.",
        done="The seat is proposed, and the reviewer has been told.",
    )
    steps = (
        Step(
            "attest",
            actions.attest,
            form=AttestForm,
            explain="You declare each of these for this case. The seat becomes active, and the lab's material opens to you as far"
            " as the access terms and the window allow. Each look is recorded and shown to the lab.",
            done="Attested. Your seat is active.",
        ),
        Step(
            "complete",
            actions.complete,
            explain="Your access to the case ends now. What was shared with the lab stays.",
            done="The seat is complete.",
            grave=True,
        ),
        Step(
            "decline",
            actions.decline,
            form=ReasonForm,
            explain="No reason is asked.",
            done="Declined.",
        ),
        Step(
            "recuse",
            actions.recuse,
            form=ReasonForm,
            explain="For a conflict of interest. The case and this seat are hidden from you from now on.",
            done="You are recused, and the case is hidden from you.",
            grave=True,
        ),
        Step(
            "revoke",
            actions.revoke,
            explain="The reviewer's access ends now. The reviewer reads the reason.",
            done="Revoked. The reviewer has been told.",
            grave=True,
        ),
        Step(
            "hand_over",
            actions.hand_over,
            form=HandOverForm,
            explain="This seat ends now. The new reviewer takes over its drafts with the attestation.",
            done="Handed over. The new reviewer has been told.",
        ),
        Step(
            "write_none",
            actions.write_none,
            label="State that you write no assessment",
            explain="Others' assessments of this case that are not shared yet are withheld from you until your own is in, so that"
            " each reviewer looks first for themselves. Once you state that you write none, they open to you, and you may check"
            " them. You cannot take this back: no assessment is written from this seat afterwards.",
            done="Recorded. The other reviewers' assessments are open to you.",
            available=lambda user, seat, at: policies.may_write_none(user, seat, at=at),
        ),
    )

    def may_open(self, user):
        return user.has_seat(Kind.AGENCY, Role.REVIEWER, Role.COORDINATOR, Role.AUDITOR)

    def may_add(self, user):
        return policies.proposes_seats(user)

    def capacities(self, user, obj, *, at):
        return policies.capacities(user, obj, at=at)

    def for_page(self, rows):
        return rows.for_workbench().select_related("proposed_by", "handed_over_to__reviewer")

    def panels(self, request, seat):
        at = clock.now()
        case = seat.submission
        open_to_me = case_policies.may_see(request.user, case, "record", at=at)
        context = {
            "seat": seat,
            "active": seat.state_at(at) == AssignmentState.ACTIVE,
            "live": seat.state_at(at) in LIVE,
            "case_url": reverse("admin:submissions_submission_change", args=[case.pk]) if open_to_me else "",
        }
        return [("What this seat opens", "reviews/admin/opens.html", context)]

    @admin.display(description="State")
    def state_shown(self, seat):
        return state_tag(seat.state)

    @admin.display(description="Attestation asked by")
    def attest_by(self, seat):
        return moment(attest_due(seat.proposed_at))

    @admin.display(description="Ends")
    def ends(self, seat):
        return moment(seat.ends_at)
