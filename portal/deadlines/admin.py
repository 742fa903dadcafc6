"""Dates somebody should act by, the messages about them, and mailboxes that take none: to be read, and to be set right."""

from datetime import timedelta

from django.contrib import admin
from django.db.models import Q

from portal import clock
from portal.admin import PortalAdmin, Question, Step
from portal.admin.words import state_tag
from portal.deadlines import actions, bouncing, registry
from portal.deadlines.models import Bounce, Deadline, Message
from portal.deadlines.status import UNKNOWN
from portal.formats import instant


class Due(Question):
    title = "when it is due"
    parameter_name = "due"
    questions = {
        "late": (
            "Late on the government's side",
            lambda rows, user, at: rows.overdue(at=at).filter(kind__in=registry.government_kinds()),
        ),
        "week": (
            "Within 7 days",
            lambda rows, user, at: rows.still_open().filter(
                due_at__gte=at, due_at__lte=at + timedelta(days=7)
            ),
        ),
        "open": ("All that are open", lambda rows, user, at: rows.still_open()),
        "mine": ("Mine", lambda rows, user, at: rows.still_open().filter(person=user)),
    }


class DeadlineAdmin(PortalAdmin):
    list_display = ("what", "case_number", "due_at", "status", "person")
    keys_first = True
    list_filter = (Due,)
    list_select_related = ("person",)
    search_fields = ("case_number__istartswith",)
    search_help_text = "A case number, or how it begins."
    ordering = ("due_at", "id")
    fields = (
        "what",
        "case_number",
        "due_at",
        "status",
        "person",
        "reminded",
        "met_at",
        "cancelled_at",
        "next_at",
    )
    readonly_fields = fields

    @admin.display(description="What")
    def what(self, deadline):
        return registry.label(deadline.kind)

    @admin.display(description="Status")
    def status(self, deadline):
        return state_tag(deadline.state)

    @admin.display(description="Who is reminded")
    def reminded(self, deadline):
        kind = registry.DEADLINES.get(deadline.kind)
        capacities = kind.capacities if kind else ()
        return ", ".join(capacity.replace("_", " ") for capacity in capacities) or deadline.person


class Delivery(Question):
    title = "delivery"
    parameter_name = "delivery"
    questions = {
        "failed": ("Failed", lambda rows, user, at: rows.filter(state=Message.State.FAILED)),
        "trying": (
            "Failing, will be tried again",
            lambda rows, user, at: rows.filter(state="waiting").exclude(failure=""),
        ),
        "waiting": ("Waiting", lambda rows, user, at: rows.filter(state=Message.State.WAITING)),
        "held": ("For the daily mail", lambda rows, user, at: rows.filter(state=Message.State.HELD)),
        "sent": ("Sent", lambda rows, user, at: rows.filter(state=Message.State.SENT)),
    }


def _failed_for(reason: str):
    return lambda rows, user, at: rows.filter(reason=reason).filter(
        Q(state=Message.State.FAILED) | Q(state=Message.State.WAITING)
    )


class Why(Question):
    title = "why it failed"
    parameter_name = "reason"
    questions = {
        reason.value: (str(reason.label), _failed_for(reason.value)) for reason in Message.Reason
    } | {
        UNKNOWN: ("Not told apart", lambda rows, user, at: rows.filter(reason="", state=Message.State.FAILED))
    }


class MessageAdmin(PortalAdmin):
    """The outbox, for superusers and programme coordinators: who was told of what, and what could not be delivered."""

    list_display = ("created_at", "recipient", "what", "case_number", "delivery", "attempts", "failure")
    keys_first = True
    list_filter = (Delivery, Why)
    list_select_related = ("recipient",)
    search_fields = ("case_number__istartswith", "recipient__email__istartswith")
    search_help_text = "A case number or an address, or how it begins."
    ordering = ("-created_at", "id")
    fields = (
        "recipient",
        "what",
        "case_number",
        "delivery",
        "created_at",
        "try_at",
        "attempts",
        "failure",
        "sent_at",
        "read_at",
    )
    readonly_fields = fields
    subject = "message"
    steps = (
        Step(
            "requeue",
            actions.requeue,
            label="Send again",
            explain="The message goes back into the outbox and is tried at once. It is sent once, however often this is pressed.",
            done="The message waits to be sent.",
            available=lambda user, message, at: (
                actions.may_requeue(user) and message.state == Message.State.FAILED
            ),
        ),
    )
    bulk_steps = ("requeue",)

    def may_open(self, user) -> bool:
        return actions.may_requeue(user) or user.has_seat("agency", "auditor")

    def may_take_several(self, user) -> bool:
        return actions.may_requeue(user)

    def visible(self, request):
        return Message.objects.in_outbox_of(request.user)

    @admin.display(description="About")
    def what(self, message):
        return message.label

    @admin.display(description="Delivery")
    def delivery(self, message):
        if message.state == Message.State.WAITING and message.failure:
            return state_tag("late", f"Trying again ({message.try_at - clock.now()})")
        return state_tag(
            {"failed": "overdue", "sent": "met", "kept": "met"}.get(message.state, message.state),
            message.get_state_display(),
        )


class Mailbox(Question):
    title = "mailbox"
    parameter_name = "mailbox"
    questions = {
        "holds": ("Takes no mail", lambda rows, user, at: rows.holding()),
        "cleared": ("Takes mail again", lambda rows, user, at: rows.filter(cleared_at__isnull=False)),
    }


class BounceAdmin(PortalAdmin):
    """Mailboxes of which a mail server said that they take no mail, for those who look after the outbox."""

    singular, plural = "mailbox that takes no mail", "mailboxes that take no mail"
    list_display = ("address", "person", "since", "server_said", "status")
    keys_first = True
    list_filter = (Mailbox,)
    list_select_related = ("person",)
    search_fields = ("address__istartswith",)
    search_help_text = "An address, or how it begins."
    ordering = ("-at", "id")
    fields = ("person", "address", "since", "server_said", "status", "again_since")
    readonly_fields = fields
    subject = "bounce"
    steps = (
        Step(
            "write_again",
            bouncing.clear_bounce,
            label="Mailbox takes mail again",
            explain="What this person is told from now on is mailed to this address again. What was given up "
            "stays in the outbox: send it again from there.",
            done="The mailbox is written to again.",
            available=lambda user, bounce, at: actions.may_requeue(user) and bounce.cleared_at is None,
        ),
    )
    bulk_steps = ("write_again",)
    locked_in_order = ("person", "pk")

    def may_open(self, user) -> bool:
        return actions.may_requeue(user)

    def may_take_several(self, user) -> bool:
        return actions.may_requeue(user)

    def visible(self, request):
        return bouncing.looked_after_by(request.user)

    def history(self, request, obj):
        return super().history(request, obj.person).filter(verb="cleared_bounce")

    @admin.display(description="Since")
    def since(self, bounce):
        return instant(bounce.at)

    @admin.display(description="The mail server said")
    def server_said(self, bounce):
        return bounce.said

    @admin.display(description="Takes mail again since")
    def again_since(self, bounce):
        return instant(bounce.cleared_at) if bounce.cleared_at else self.empty_value_display

    @admin.display(description="Mailbox")
    def status(self, bounce):
        if bounce.cleared_at is not None:
            return state_tag("met", "Takes mail again")
        if bounce.address != bounce.person.email:
            return state_tag("met", "Address no longer used")
        return state_tag("overdue", "Takes no mail")


ADMINS = [(Deadline, DeadlineAdmin), (Message, MessageAdmin), (Bounce, BounceAdmin)]
