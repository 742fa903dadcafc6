"""Disclosure notices on the workbench: given to a lab, decided when it was heard, and recorded when their date has come."""

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.html import format_html

from portal.accounts.models import Kind, Role
from portal.admin import PortalAdmin, Question, Step, StepForm, state_tag
from portal.formats import beginning, instant
from portal.submissions import looks, policies
from portal.submissions.actions import disclosures as actions
from portal.submissions.admin.fields import AgencyStepForm, instant_field
from portal.submissions.models import DisclosureNotice, Document, Submission
from portal.submissions.querysets import OVERSEERS
from portal.submissions.statements import statements
from portal.submissions.states import DISCLOSURE, DisclosureState

LABEL_LENGTH = 90
D = DisclosureState


class NoticeForm(AgencyStepForm):
    """A case, the request, and the documents concerned, which are offered where the form is opened from the case's page."""

    roles = (Role.COORDINATOR,)
    reference = forms.CharField(
        label="Request",
        max_length=80,
        error_messages={"required": "Write the request's number."},
        help_text="The number under which your agency keeps the request.",
    )
    text = forms.CharField(
        label="What is asked for",
        max_length=DisclosureNotice.TEXT_LIMIT,
        widget=forms.Textarea(attrs={"rows": 8, "dir": "auto"}),
        error_messages={"required": "Write what is asked for."},
        help_text="Which records or portions of them, so exactly that the lab can say what would harm it. The lab reads this.",
    )
    documents = forms.MultipleChoiceField(
        label="Documents concerned",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="Only of documents named here can the commercial mark be taken off once they were disclosed.",
    )
    field_order = ("submission", "reference", "text", "documents", "agency")

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        case = self.case_named(str(self.data.get("submission") or self.initial.get("submission") or ""))
        found = Document.objects.visible_to(self.user, at=self.at).filter(submission=case) if case else []
        self.case = case
        self.known = {str(document.pk): document for document in found}
        if self.known:
            self.fields["documents"].choices = [
                (key, f"{document.title} ({document.marking})") for key, document in self.known.items()
            ]
        else:
            del self.fields["documents"]

    def arguments(self):
        values = super().arguments()
        return values | {"documents": [self.known[key] for key in values.get("documents", [])]}


class OptionalReason(StepForm):
    """Words that the lab reads, where there is something to say."""

    reason = forms.CharField(
        label="In your words",
        required=False,
        max_length=DisclosureNotice.TEXT_LIMIT,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text="The lab reads this.",
    )


class DiscloseForm(StepForm):
    """The reasons, and from when on."""

    reason = forms.CharField(
        label="Reasons",
        max_length=DisclosureNotice.TEXT_LIMIT,
        widget=forms.Textarea(attrs={"rows": 8}),
        error_messages={"required": "Give the reasons."},
        help_text="What will be disclosed, and why the lab's objection does not stand against it. The lab reads this.",
    )
    disclose_at = instant_field(
        "Not before",
        "In your time zone. Empty: at once where the lab did not object, else after the days it is told beforehand.",
    )
    field_order = ("revision", "reason", "disclose_at")


class DisclosedForm(OptionalReason):
    """What of the notice is public as a whole now."""

    unmarked = forms.MultipleChoiceField(
        label="Disclosed as a whole",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="The mark of confidential commercial information is taken off these, and the lab is told.",
    )
    field_order = ("revision", "unmarked", "reason")

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        named = list(self.subject.documents.order_by("created_at", "id"))
        seen = Document.objects.visible_to(self.user, at=self.at).filter(pk__in=[one.pk for one in named])
        titles = dict(seen.order_by().values_list("pk", "title"))
        self.known = {str(document.pk): document for document in named if document.confidential_commercial}
        if self.known:
            # A title is the lab's: it is shown while the document is open to the person.
            self.fields["unmarked"].choices = [
                (str(document.pk), titles.get(document.pk, f"Document {number} of the notice"))
                for number, document in enumerate(named, start=1)
                if str(document.pk) in self.known
            ]
        else:
            del self.fields["unmarked"]

    def arguments(self):
        values = super().arguments()
        return values | {"unmarked": [self.known[key] for key in values.get("unmarked", [])]}


class Waits(Question):
    title = "what it waits for"
    parameter_name = "waits"
    questions = {
        "lab": ("The lab's answer", lambda rows, user, at: rows.in_state(D.NOTIFIED, at=at)),
        "decide": (
            "My agency's decision",
            lambda rows, user, at: rows.to_decide_by(user).in_state(
                D.SILENT, D.OBJECTED, D.NOT_OBJECTED, at=at
            ),
        ),
        "date": ("Its date", lambda rows, user, at: rows.in_state(D.TO_DISCLOSE, at=at)),
        "nothing": ("Nothing", lambda rows, user, at: rows.in_state(*DISCLOSURE.terminal, at=at)),
    }


class DisclosureAdmin(PortalAdmin):
    list_display = ("notice", "case_number", "words", "agency_shown", "state_shown", "date")
    list_filter = (Waits,)
    search_fields = ("submission__case_number__istartswith", "reference__istartswith")
    search_help_text = "A case number or a request's number, or how it begins; or words of the notice."
    ordering = ("-given_at", "id")
    singular, plural = "disclosure notice", "disclosure notices"
    machine = DISCLOSURE
    subject = "notice"
    add_step = Step(
        "give_notice",
        actions.give_notice,
        form=NoticeForm,
        label="Give notice to the lab",
        submit="Give notice",
        explain="Your agency was asked to disclose something of this case. The lab is told at once and has the programme's days"
        " to object; until it was heard nothing is decided, and its silence is no consent.",
        done="The lab has been told, and its days to object have begun.",
    )
    steps = (
        Step(
            "decide_to_disclose",
            actions.decide_to_disclose,
            form=DiscloseForm,
            explain="The lab reads your reasons and the date. Against its objection nothing is disclosed before the programme's"
            " days have passed from now.",
            done="Decided. The lab has been told.",
            grave=True,
        ),
        Step(
            "decide_not_to_disclose",
            actions.decide_not_to_disclose,
            form=OptionalReason,
            explain="What was asked for is not disclosed. The lab is told.",
            done="Decided. The lab has been told.",
        ),
        Step(
            "record_disclosure",
            actions.record_disclosure,
            form=DisclosedForm,
            explain="You record that your agency disclosed it, no earlier than the lab was told.",
            done="Recorded. The lab has been told.",
            available=lambda user, notice, at: (
                "record_disclosure" in policies.open_notice_verbs(user, notice, at=at)
            ),
        ),
        Step(
            "report_suit",
            actions.report_suit,
            explain="Somebody has gone to court over what was asked for. Say which court, when, and under what number: the lab is"
            " told at once.",
            done="The lab has been told.",
        ),
        Step(
            "drop",
            actions.drop,
            form=OptionalReason,
            explain="The request was taken back, or is no longer about this case. The lab is told.",
            done="Recorded. The lab has been told.",
        ),
    )

    def may_open(self, user) -> bool:
        return user.has_seat(Kind.AGENCY, *OVERSEERS)

    def may_add(self, user) -> bool:
        return policies.gives_notices(user)

    def capacities(self, user, obj, *, at):
        return policies.notice_capacities(user, obj, at=at)

    # --- the list -----------------------------------------------------------------------------------------------------------
    def for_list(self, rows: QuerySet) -> QuerySet:
        return rows.in_short()

    def listed(self, request, objects):
        cases = {row.submission_id: row.submission for row in objects}
        looks.listed(actor=request.user, submissions=cases.values(), verb="listed_disclosures")

    def exported(self, request, rows, sha256):
        cases = {row.submission_id: row.submission for row in rows}
        looks.taken_along(actor=request.user, submissions=cases.values(), sha256=sha256)

    @admin.display(description="Notice")
    def notice(self, notice):
        return str(notice)

    @admin.display(description="What is asked for")
    def words(self, notice):
        words = beginning(notice.excerpt, LABEL_LENGTH)
        return format_html('<bdi>{}</bdi>: <span dir="auto">{}</span>', notice.reference, words)

    @admin.display(description="Case")
    def case_number(self, notice):
        return format_html('<span class="portal-number">{}</span>', notice.submission.case_number)

    @admin.display(description="Given by")
    def agency_shown(self, notice):
        return notice.agency.name

    @admin.display(description="State")
    def state_shown(self, notice):
        return state_tag(notice.state)

    @admin.display(description="Date")
    def date(self, notice):
        if notice.state == D.NOTIFIED:
            words, at = "lab answers by", notice.due_at
        elif notice.state == D.TO_DISCLOSE:
            words, at = "not before", notice.disclose_at
        else:
            return None
        return format_html('{} <span class="workbench-instant">{}</span>', words, instant(at))

    # --- one notice ---------------------------------------------------------------------------------------------------------
    def for_page(self, rows):
        return rows.whole()

    def get_fieldsets(self, request, obj=None):
        # The page is made of panels: nothing on it is a field.
        return []

    def panels(self, request, notice):
        named = [document.pk for document in notice.documents.all()]
        context = {
            "notice": notice,
            "state": notice.state,
            "statements": statements(notice, for_lab=False),
            "documents": list(Document.objects.visible_to(request.user).filter(pk__in=named)),
            "named": len(named),
        }
        return [("What was asked for and said", "admin/case/disclosure.html", context)]

    def opened(self, request, notice):
        looks.looked(
            actor=request.user, submission=notice.submission, verb="viewed_disclosures", subject=notice
        )

    def asked_to_add(self, request, form):
        if form.known:
            looks.looked(actor=request.user, submission=form.case, verb="viewed_documents")

    def asked(self, request, step, notice):
        if step.verb == "record_disclosure":
            # Its form names documents.
            self.opened(request, notice)


def panel(request, case: Submission, *, at) -> tuple[str, str, dict] | None:
    """The disclosure notices of a case on its page, and a way to give one for whom it is open."""
    adds = bool(policies.notifying_for(request.user, case, at=at))
    found = list(
        DisclosureNotice.objects.visible_to(request.user, at=at)
        .filter(submission=case)
        .in_short()
        .order_by("-number")
    )
    if not found and not adds:
        return None
    add = f"{reverse('admin:submissions_disclosurenotice_add')}?submission={case.case_number}"
    return (
        "Disclosure notices to the lab",
        "admin/case/disclosures.html",
        {"notices": found, "give": add if adds else ""},
    )
