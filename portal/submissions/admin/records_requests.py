"""The agencies' logs of requests for records (FOIA) on the workbench: entered, extended once, answered."""

from django import forms
from django.contrib import admin
from django.db.models import QuerySet

from portal import clock
from portal.accounts.models import Kind, Organisation
from portal.admin import PortalAdmin, Question, Step, StepForm, state_tag
from portal.formats import day
from portal.submissions import looks
from portal.submissions import policies_records as policies
from portal.submissions.actions import records_requests as actions
from portal.submissions.models import DisclosureNotice, RecordsRequest
from portal.submissions.querysets import OVERSEERS
from portal.submissions.querysets_records import notices_seen
from portal.submissions.states import RECORDS_REQUEST, RecordsRequestState

S = RecordsRequestState
NOTICES_OFFERED = 200
NOTHING_OF_A_LAB = "Write nothing of a lab's here: everybody who reads the log reads this."


def _day_field(label: str, help_text: str = "") -> forms.DateField:
    return forms.DateField(label=label, widget=forms.DateInput(attrs={"type": "date"}), help_text=help_text)


class LogForm(StepForm):
    """What the agency's own system says of the request."""

    tracking_number = forms.CharField(
        label="Tracking number",
        max_length=actions.NUMBER_LIMIT,
        error_messages={"required": "Write the request's number."},
        help_text="The number under which your agency keeps the request.",
    )
    received_on = _day_field("Received on", "From this day the 20 business days count.")
    category = forms.ChoiceField(label="Requester", choices=RecordsRequest.Category)
    description = forms.CharField(
        label="What is asked for",
        max_length=actions.TEXT_LIMIT,
        widget=forms.Textarea(attrs={"rows": 4}),
        error_messages={"required": "Write what is asked for."},
        help_text=NOTHING_OF_A_LAB,
    )
    agency = forms.ModelChoiceField(
        Organisation.objects.none(), required=False, help_text="The agency that got the request."
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        own = policies.logs_for(self.user)
        if len(own) > 1:
            self.fields["agency"].queryset = Organisation.objects.filter(pk__in=own).order_by("name")
        else:
            del self.fields["agency"]


class ExtendForm(StepForm):
    """The unusual circumstances."""

    reason = forms.CharField(
        label="Unusual circumstances",
        max_length=actions.TEXT_LIMIT,
        widget=forms.Textarea(attrs={"rows": 4}),
        error_messages={"required": "Give a reason."},
        help_text=NOTHING_OF_A_LAB,
    )


def _offered(user, request: RecordsRequest) -> QuerySet[DisclosureNotice]:
    """The notices that a person may link to a request, the newest first."""
    seen = DisclosureNotice.objects.visible_to(user).beyond(user).exclude(records_requests=request)
    return seen.select_related("submission", "agency").order_by("-given_at", "id")


class LinkForm(StepForm):
    """One of the notices that the person may see."""

    notice = forms.ModelChoiceField(DisclosureNotice.objects.none(), label="Disclosure notice")

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        field = self.fields["notice"]
        field.queryset = _offered(self.user, self.subject)
        field.label_from_instance = lambda notice: (
            f"{notice} on case {notice.submission.case_number}, request {notice.reference}, {notice.agency}"
        )
        newest = [
            (str(notice.pk), field.label_from_instance(notice)) for notice in field.queryset[:NOTICES_OFFERED]
        ]
        field.choices = [("", "Choose a notice"), *newest]


class AnswerForm(StepForm):
    """What was answered, when, and what was kept back under which exemptions."""

    outcome = forms.ChoiceField(label="Answer", choices=RecordsRequest.Outcome)
    answered_on = _day_field("Answered on")
    exemptions = forms.MultipleChoiceField(
        label="Exemptions cited",
        required=False,
        choices=RecordsRequest.Exemption,
        widget=forms.CheckboxSelectMultiple,
        help_text="5 U.S.C. 552(b). Where something is disclosed in part or withheld.",
    )


def _late(rows, user, at):
    return rows.waiting().filter(due_at__lt=at)


class Waits(Question):
    title = "where it stands"
    parameter_name = "stands"
    questions = {
        "waiting": ("To answer", lambda rows, user, at: rows.waiting()),
        "mine": ("To answer by my agency", lambda rows, user, at: rows.waiting().kept_by(user)),
        "overdue": ("Overdue", _late),
        "extended": ("Extended", lambda rows, user, at: rows.exclude(extended_at=None)),
        "answered": ("Answered", lambda rows, user, at: rows.filter(stored_state=S.ANSWERED)),
        "disclosed": (
            "Disclosed, in full or in part",
            lambda rows, user, at: rows.filter(outcome__in=RecordsRequest.DISCLOSED),
        ),
    }


class RecordsRequestAdmin(PortalAdmin):
    list_display = (
        "tracking_number", "agency", "received_on", "category", "state_shown", "due", "outcome", "answered_on", "cited",
    )  # fmt: skip
    list_filter = (Waits,)
    list_select_related = ("agency",)
    search_fields = ("tracking_number__istartswith",)
    search_help_text = "A request's number, or how it begins."
    ordering = ("-received_on", "id")
    fields = readonly_fields = (
        "tracking_number", "agency", "received_on", "category", "description", "due", "extension_reason", "outcome",
        "answered_on", "cited", "logged_by", "logged_at",
    )  # fmt: skip
    machine = RECORDS_REQUEST
    subject = "request"
    add_step = Step(
        "log",
        actions.log,
        form=LogForm,
        label="Enter a records request",
        submit="Enter the request",
        explain="A request under the Freedom of Information Act that your agency got. Its date is 20 business days from the day"
        " it was received; your agency's coordinators are reminded.",
        done="Entered, and the coordinators of your agency are reminded in time.",
    )
    steps = (
        Step(
            "link_notice",
            actions.link_notice,
            form=LinkForm,
            explain="While a linked notice is open, the request is not answered as disclosed. A link is not taken back.",
            done="Linked.",
        ),
        Step(
            "extend",
            actions.extend,
            form=ExtendForm,
            explain="The date moves by 10 business days, once, for unusual circumstances.",
            done="Extended.",
        ),
        Step(
            "answer",
            actions.answer,
            form=AnswerForm,
            explain="You record what your agency answered. An answer is not taken back.",
            done="Recorded.",
        ),
    )

    def may_open(self, user) -> bool:
        return user.has_seat(Kind.AGENCY, *OVERSEERS)

    def may_add(self, user) -> bool:
        return bool(policies.logs_for(user))

    def capacities(self, user, obj, *, at):
        return policies.records_request_capacities(user, obj)

    def for_page(self, rows):
        return rows.select_related("agency", "logged_by")

    @admin.display(description="State")
    def state_shown(self, request: RecordsRequest):
        late = request.stored_state != S.ANSWERED and request.due_at < clock.now()
        return state_tag("overdue") if late else state_tag(request.state)

    @admin.display(description="Due", ordering="due_at")
    def due(self, request: RecordsRequest) -> str:
        return day(request.due_at)

    @admin.display(description="Exemptions")
    def cited(self, request: RecordsRequest) -> str:
        return request.exemptions_told

    # --- what it has to do with labs ----------------------------------------------------------------------------------------
    def panels(self, request, obj):
        seen = notices_seen(obj, request.user).in_short().order_by("given_at", "id")
        obj.notices_shown = list(seen)
        return [
            ("Disclosure notices to labs", "admin/case/linked_notices.html", {"notices": obj.notices_shown})
        ]

    def opened(self, request, obj):
        self._looked(request, obj.notices_shown)

    def asked(self, request, step, obj):
        if step.verb == "link_notice" and step in [offer.step for offer in self.offers(request, obj)]:
            # Its form names notices; where the step is not offered it is not shown.
            self._looked(request, _offered(request.user, obj)[:NOTICES_OFFERED])

    def _looked(self, request, notices) -> None:
        cases = {notice.submission_id: notice.submission for notice in notices}
        looks.listed(actor=request.user, submissions=cases.values(), verb="listed_disclosures")
