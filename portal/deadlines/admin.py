"""Dates somebody should act by, and the messages about them: to be read, and a failed message to be sent again."""

from datetime import timedelta

from django.contrib import admin

from portal import clock
from portal.admin import PortalAdmin, Question, Step
from portal.admin.words import state_tag
from portal.deadlines import actions, registry
from portal.deadlines.models import Deadline, Message


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


class MessageAdmin(PortalAdmin):
    """The outbox, for superusers and programme coordinators: who was told of what, and what could not be delivered."""

    list_display = ("created_at", "recipient", "what", "case_number", "delivery", "attempts", "failure")
    keys_first = True
    list_filter = (Delivery,)
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


ADMINS = [(Deadline, DeadlineAdmin), (Message, MessageAdmin)]
