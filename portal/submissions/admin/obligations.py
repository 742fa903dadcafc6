"""What agencies owe labs after access has ended, on the workbench: who attests sees it, also when the case is theirs no more."""

from django.contrib import admin

from portal.accounts.models import Kind
from portal.admin import PortalAdmin, Question, Step, state_tag
from portal.submissions import actions, policies
from portal.submissions.models import Obligation


class Standing(Question):
    title = "whether it is attested"
    parameter_name = "attested"
    questions = {
        "waiting": ("Waiting", lambda rows, user, at: rows.filter(attested_at=None)),
        "mine": (
            "Waiting for my agency",
            lambda rows, user, at: rows.filter(
                attested_at=None, agency_id__in=user.organisations_as(Kind.AGENCY)
            ),
        ),
        "overdue": ("Overdue", lambda rows, user, at: rows.filter(attested_at=None, due_at__lt=at)),
        "attested": ("Attested", lambda rows, user, at: rows.exclude(attested_at=None)),
    }


class ObligationAdmin(PortalAdmin):
    list_display = ("case", "agency", "kind", "state_shown", "ended_at", "due_at", "attested_at")
    list_filter = (Standing,)
    search_fields = ("submission__case_number__istartswith",)
    search_help_text = "A case number or how it begins."
    ordering = ("due_at", "id")
    fields = readonly_fields = (
        "case", "agency", "kind", "state_shown", "ended_at", "due_at", "attested_at", "attested_by", "recorded_as",
    )  # fmt: skip
    singular, plural = "obligation", "obligations after access"
    subject = "obligation"
    steps = (
        Step(
            "attest",
            actions.attest_obligation,
            label="Attest",
            explain="You attest for your agency that this was done; or, as the programme office, for an agency that has neither a"
            " coordinator nor a security officer, and the record says so. The lab is told, and reads who attested and when. An"
            " attestation is not taken back.",
            done="Attested. The lab has been told.",
            available=lambda user, obligation, at: (
                obligation.attested_at is None and policies.may_attest(user, obligation)
            ),
        ),
    )

    def for_page(self, rows):
        return rows.select_related("submission", "agency", "attested_by")

    def may_open(self, user) -> bool:
        return user.has_seat(Kind.AGENCY)

    @admin.display(description="Case", ordering="submission__case_number")
    def case(self, obligation: Obligation) -> str:
        return obligation.submission.case_number

    @admin.display(description="Recorded as")
    def recorded_as(self, obligation: Obligation) -> str:
        own = f"Attested by {obligation.agency.name}" if obligation.attested_at else ""
        return obligation.attested_told or own

    @admin.display(description="State")
    def state_shown(self, obligation: Obligation):
        return state_tag(obligation.state)
