"""Other agencies on a case: invited, and the invitation ended, by the programme's coordinators."""

from django import forms

from portal.accounts.models import Kind, Organisation, Role
from portal.admin import PortalAdmin, Question, Step
from portal.submissions.admin.fields import CaseStepForm
from reviews import actions, policies
from reviews.admin.columns import case, shown


class InviteForm(CaseStepForm):
    agency = forms.ModelChoiceField(
        Organisation.objects.none(), error_messages={"required": "Choose an agency."}
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        others = Organisation.objects.agencies().filter(is_programme_office=False)
        self.fields["agency"].queryset = others.order_by("name")


class Standing(Question):
    title = "whether it stands"
    parameter_name = "stands"
    questions = {
        "now": ("Stands now", lambda rows, user, at: rows.live()),
        "ended": ("Ended", lambda rows, user, at: rows.exclude(ended_at=None)),
    }


class CaseAgencyAdmin(PortalAdmin):
    list_display = (case, "agency", "invited_by", "invited_at", "ended_at")
    list_filter = (Standing,)
    search_fields = ("submission__case_number__istartswith",)
    search_help_text = "A case number or how it begins."
    ordering = ("-invited_at", "id")
    fields = readonly_fields = (
        case, shown("agency", "Agency"), shown("invited_by", "Invited by"), "invited_at", "ended_at",
    )  # fmt: skip
    subject = "invitation"
    add_step = Step(
        "invite_agency",
        actions.invite_agency,
        form=InviteForm,
        label="Invite an agency",
        explain="The agency's coordinators see the case from now on. The lab is told that this agency was invited.",
        done="The agency is invited. Its coordinators and the lab have been told.",
    )
    steps = (
        Step(
            "end_invitation",
            actions.end_invitation,
            label="End the invitation",
            explain="The agency's coordinators no longer see the case. End the seats of its reviewers first.",
            done="The invitation has ended.",
            available=lambda user, invitation, at: (
                invitation.ended_at is None and policies.proposes_seats(user)
            ),
            grave=True,
        ),
    )

    def for_page(self, rows):
        return rows.select_related("submission", "agency", "invited_by")

    def may_open(self, user):
        return user.has_seat(Kind.AGENCY, Role.COORDINATOR, Role.DESIGNATOR, Role.AUDITOR)

    def may_add(self, user):
        return policies.proposes_seats(user)
