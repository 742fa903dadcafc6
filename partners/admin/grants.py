"""Grants on the workbench: proposals that wait for the programme office, and the course of what was agreed."""

from datetime import timedelta

from django.contrib import admin

from partners import actions, policies
from partners.admin.forms import DeclineForm, ExtendForm, ProposeForm, RevokeForm, WordsForm
from partners.models import Grant
from partners.querysets import oversees
from partners.reading import opened_to, reports_of
from partners.states import MACHINE, State
from portal import clock
from portal.admin import PortalAdmin, Question, Step, state_tag
from portal.formats import instant
from portal.submissions import looks

SOON = timedelta(days=14)


def agree_extension(*, actor, grant: Grant, expected_revision: int | None = None) -> Grant:
    """Ask for the very expiry that the lab asked for, which extends the grant."""
    asked = open_extension(grant)
    return actions.extend(
        actor=actor,
        grant=grant,
        expires_at=asked.expires_at if asked else None,
        expected_revision=expected_revision,
    )


def propose_wave(*, actor, **given) -> Grant:
    """Propose all that were chosen, or none. The page that follows is the first one's."""
    return actions.propose_wave(actor=actor, **given)[0]


def open_extension(grant: Grant):
    return grant.extensions.filter(completed_at=None, dropped_at=None).first()


def _lab_asks(user, grant: Grant, at) -> bool:
    asked = open_extension(grant)
    return (
        asked is not None
        and asked.asked_side == "lab"
        and "extend" in policies.open_verbs(user, grant, at=at)
    )


class Waits(Question):
    title = "what it waits for"
    parameter_name = "waits"
    questions = {
        "us": ("Our concurrence", lambda rows, user, at: rows.awaiting_concurrence()),
        "late": ("Our concurrence, past its target", lambda rows, user, at: rows.unanswered(at=at)),
        "lab": (
            "The lab's consent",
            lambda rows, user, at: rows.in_state(State.PROPOSED, at=at).filter(lab_consented_at=None),
        ),
        "partner": (
            "The partner's acceptance",
            lambda rows, user, at: rows.offered().filter(accepted_at=None),
        ),
        "extension": (
            "Our answer to an extension",
            lambda rows, user, at: rows.extension_asked_by("lab", at=at),
        ),
        "close_out": (
            "Closing out",
            lambda rows, user, at: rows.in_state(State.EXPIRED, State.REVOKED, State.SURRENDERED, at=at),
        ),
    }


class Course(Question):
    title = "its course"
    parameter_name = "course"
    questions = {
        "proposed": ("Proposed", lambda rows, user, at: rows.in_state(State.PROPOSED, at=at)),
        "agreed": ("Agreed, not started", lambda rows, user, at: rows.in_state(State.AGREED, at=at)),
        "active": ("Active", lambda rows, user, at: rows.in_state(State.ACTIVE, at=at)),
        "expiring": (
            "Expires within 14 days",
            lambda rows, user, at: rows.in_state(State.ACTIVE, at=at).filter(expires_at__lte=at + SOON),
        ),
        "suspended": ("Suspended", lambda rows, user, at: rows.in_state(State.SUSPENDED, at=at)),
        "ended": (
            "Ended",
            lambda rows, user, at: rows.in_state(
                State.DECLINED, State.EXPIRED, State.REVOKED, State.SURRENDERED, State.CLOSED_OUT, at=at
            ),
        ),
    }


class GrantAdmin(PortalAdmin):
    list_display = ("case", "partner", "state_shown", "starts_at", "expires_at", "waits_for")
    list_display_links = ("case",)
    list_filter = (Waits, Course)
    search_fields = ("submission__case_number__istartswith", "partner__name__icontains")
    search_help_text = "A case number or how it begins, or part of a partner's name."
    keys_first = True
    # A wave's are of one instant: by name, as a person looks for them.
    ordering = ("-proposed_at", "partner__name", "id")
    singular, plural = "grant", "grants"
    fields = (
        "case",
        "partner",
        "purpose_shown",
        "access_shown",
        "starts_at",
        "expires_at",
        "follows_partner_release",
        "proposed_at",
        "proposed_side",
        "lab_consented_at",
        "concurred_at",
        "accepted_at",
        "agreed_at",
        "documents_shown",
        "people_shown",
        "extension_shown",
        "suspended_shown",
        "ended_shown",
        "closed_out_at",
    )
    readonly_fields = fields
    machine = MACHINE
    subject = "grant"
    add_step = Step(
        "propose",
        propose_wave,
        form=ProposeForm,
        label="Propose partners",
        explain="Proposing is the programme office's concurrence with each. The lab is asked to consent to each; a partner learns"
        " of nothing before it does. Whatever comes of it, the lab may share its model outside the programme.",
        done="Proposed. The lab is asked to consent.",
    )
    steps = (
        Step(
            "concur",
            actions.concur,
            explain="With the lab's consent this offers the grant to the partner.",
            done="The programme office has concurred.",
            available=lambda user, grant, at: grant.concurred_at is None,
        ),
        Step(
            "decline",
            actions.decline,
            form=DeclineForm,
            explain="The proposal ends here. It bars the lab from nothing: it may share its model outside the programme.",
            done="The proposal is declined.",
            grave=True,
        ),
        Step(
            "agree_extension",
            agree_extension,
            label="Extend as the lab asks",
            explain="The grant is extended to the very date and time that the lab asked for.",
            done="The grant is extended.",
            available=_lab_asks,
        ),
        Step(
            "extend",
            actions.extend,
            form=ExtendForm,
            explain="A grant is extended only by lab and programme office together.",
            done="Noted. The grant is extended once both sides have asked for the same.",
        ),
        Step(
            "suspend",
            actions.suspend,
            form=WordsForm,
            explain="Access stops at once, until the programme office resumes it. The expiry does not move.",
            done="Suspended. Access has stopped.",
            available=lambda user, grant, at: grant.government_suspended_at is None,
            grave=True,
        ),
        Step(
            "resume",
            actions.resume,
            form=WordsForm,
            explain="The programme office takes its own suspension back; the lab's, if there is one, stays.",
            done="Our suspension is taken back.",
            available=lambda user, grant, at: grant.government_suspended_at is not None,
        ),
        Step(
            "revoke",
            actions.revoke,
            form=RevokeForm,
            explain="Access ends at once, and lab and partner are told. It cannot be taken back.",
            done="Revoked. Access has ended.",
            grave=True,
        ),
    )
    bulk_steps = ("concur",)
    # A step on a grant locks its case first.
    locked_in_order = ("submission_id", "pk")

    def may_open(self, user) -> bool:
        return oversees(user)

    def may_add(self, user) -> bool:
        return policies.keeps_partners(user)

    def capacities(self, user, obj, *, at):
        return policies.capacities(user, obj, at=at)

    def for_page(self, rows):
        return rows.for_list().select_related("submission__lab")

    def listed(self, request, objects):
        cases = {grant.submission_id: grant.submission for grant in objects}
        looks.listed(actor=request.user, submissions=cases.values(), verb="listed_grants")

    def opened(self, request, obj):
        looks.looked(actor=request.user, submission=obj.submission, verb="viewed_grant", subject=obj)

    def panels(self, request, grant):
        at = clock.now()
        found = reports_of(request.user, grant, at=at)
        if not found.written and found.owed is None:
            return []
        context = {"reports": found.written, "owed": found.owed, "now": at}
        return [("The partner's reports", "partners/admin/reports.html", context)]

    def get_object(self, request, object_id, from_field=None):
        found = super().get_object(request, object_id, from_field)
        # What of it is open to this person, for the fields below.
        found.opened = opened_to(request.user, [found], at=clock.now())
        return found

    @admin.display(description="Case", ordering="submission__case_number")
    def case(self, grant):
        return grant.submission.case_number

    @admin.display(description="State")
    def state_shown(self, grant):
        return state_tag(grant.state)

    @admin.display(description="Waits for")
    def waits_for(self, grant):
        state = grant.state
        if state == State.PROPOSED:
            missing = [
                name
                for name, signed in (
                    ("the lab", grant.lab_consented_at),
                    ("us", grant.concurred_at),
                    ("the partner", grant.accepted_at or not grant.offered_at),
                )
                if not signed
            ]
            return ", ".join(missing)
        return "closing out" if state in (State.EXPIRED, State.REVOKED, State.SURRENDERED) else None

    @admin.display(description="Purpose")
    def purpose_shown(self, grant):
        return grant.purpose if grant.opened.as_side(grant) else self.empty_value_display

    @admin.display(description="Kind of access")
    def access_shown(self, grant):
        return grant.get_access_mode_display() if grant.opened.as_side(grant) else self.empty_value_display

    @admin.display(description="Documents in scope")
    def documents_shown(self, grant):
        return grant.scope.filter(ended_at=None).count()

    @admin.display(description="People the partner named")
    def people_shown(self, grant):
        rows = grant.named.filter(ended_at=None).select_related("user")
        return ", ".join(str(row.user) for row in rows) or self.empty_value_display

    @admin.display(description="Extension asked for")
    def extension_shown(self, grant):
        asked = open_extension(grant)
        if asked is None:
            return self.empty_value_display
        return f"{asked.get_asked_side_display()}, for {instant(asked.expires_at)}"

    @admin.display(description="Suspended")
    def suspended_shown(self, grant):
        sides = {
            "by the lab": grant.lab_suspended_at,
            "by the programme office": grant.government_suspended_at,
        }
        said = [f"{side}, {instant(since)}" for side, since in sides.items() if since]
        return "; ".join(said) or self.empty_value_display

    @admin.display(description="Ended")
    def ended_shown(self, grant):
        if grant.ended_at is None:
            return self.empty_value_display
        side = f", by {grant.get_end_side_display().lower()}" if grant.end_side else ""
        words = f": {grant.reason_words.lower()}" if grant.reason_words else ""
        return f"{instant(grant.ended_at)}{side}{words}"
