"""What conflicts follow from, in the admin: work, other addresses, mail domains, and the list of all that ties a person.

Each person of an agency writes down their own; the programme office's coordinators and the sysadmin everybody's.
"""

from django import forms
from django.contrib import admin

from portal.accounts import actions, policies, querysets
from portal.accounts.admin_forms import PersonField
from portal.accounts.models import Affiliation, Kind, MailDomain, Organisation, OtherAddress, Tie
from portal.admin import PortalAdmin, Question, Step, StepForm
from portal.ledger.models import Event

OTHERS = "A name, an organisation, or how an address begins."


def _looks_after(user, obj, at) -> bool:
    return policies.may_look_after_conflicts(user) and obj.ended_at is None


class OfAPerson(StepForm):
    """Whose it is, asked of those only who write down everybody's."""

    user = PersonField(label="Address of the person's account")

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.actor = self.user
        self.looks_after_all = policies.may_look_after_conflicts(self.actor)
        if self.looks_after_all:
            self.initial.setdefault("user", self.actor.email)
        else:
            del self.fields["user"]

    def arguments(self) -> dict:
        return {"user": self.actor} | super().arguments()


class RecordAffiliation(OfAPerson):
    organisation = forms.ModelChoiceField(
        Organisation.objects.exclude(kind=Kind.AGENCY), label="Lab or partner organisation"
    )
    since = forms.DateField(label="From", required=False, widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(
        label="Until",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text="Empty while the work goes on.",
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if not self.looks_after_all:
            # Which partners take part is not everybody's to read.
            self.fields["organisation"].queryset = Organisation.objects.filter(kind=Kind.LAB)
            self.fields["organisation"].label = "Lab"


class RecordAddress(OfAPerson):
    email = forms.EmailField(
        label="Other address",
        max_length=254,
        help_text="It need not be verified. Nobody signs in by it and no mail goes there.",
    )


class RecordDomain(StepForm):
    organisation = forms.ModelChoiceField(
        Organisation.objects.exclude(kind=Kind.AGENCY), label="Lab or partner organisation"
    )
    domain = forms.CharField(
        label="Mail domain", max_length=253, help_text="What stands behind the @, such as lab.example."
    )


class TiesAdmin(PortalAdmin):
    """Rows about people: ``visible_to`` gives each their own."""

    search_fields: tuple[str, ...] = (
        "user__email__istartswith",
        "user__name__icontains",
        "organisation__name__icontains",
    )
    search_help_text = OTHERS

    def may_open(self, user) -> bool:
        return querysets.sees_all_accounts(user) or super().may_open(user)

    def for_page(self, rows):
        return rows.select_related(*self.list_select_related)


class Standing(Question):
    title = "whether it stands"
    parameter_name = "stands"
    questions = {
        "now": ("Stands now", lambda rows, user, at: rows.filter(ended_at=None)),
        "ended": ("Taken off", lambda rows, user, at: rows.exclude(ended_at=None)),
    }


class AffiliationAdmin(TiesAdmin):
    list_display = ("user", "organisation", "since", "until", "recorded_at")
    list_select_related = ("user", "organisation")
    ordering = ("-recorded_at", "pk")
    fields = ("user", "organisation", "since", "until", "recorded_at")
    readonly_fields = fields
    subject = "affiliation"
    add_step = Step(
        "record_affiliation",
        actions.record_affiliation,
        form=RecordAffiliation,
        label="Record where a person works or worked",
        explain="Every case of a lab named here is hidden from the person, whatever the dates say.",
        done="Recorded.",
    )


class OtherAddressAdmin(TiesAdmin):
    list_display = ("user", "email", "recorded_by", "recorded_at", "ended_at")
    list_filter = (Standing,)
    list_select_related = ("user", "recorded_by")
    search_fields = ("user__email__istartswith", "user__name__icontains", "email__istartswith")
    search_help_text = "A name, or how an address begins."
    ordering = ("-recorded_at", "pk")
    fields = ("user", "email", "recorded_by", "recorded_at", "ended_at")
    readonly_fields = fields
    subject = "address"
    add_step = Step(
        "record_address",
        actions.record_address,
        form=RecordAddress,
        label="Record another address",
        explain="An address at a lab's mail domain hides every case of that lab from the person, at once.",
        done="Recorded.",
    )
    steps = (
        Step(
            "end_address",
            actions.end_address,
            label="Take off",
            explain="What followed from the address ends. Somebody else than the person takes it off.",
            done="The address was taken off.",
            available=lambda user, address, at: (
                _looks_after(user, address, at) and address.user_id != user.pk
            ),
        ),
    )


class MailDomainAdmin(TiesAdmin):
    """For those alone who look after conflicts."""

    list_display = ("domain", "organisation", "recorded_by", "recorded_at", "ended_at")
    list_filter = (Standing,)
    list_select_related = ("organisation", "recorded_by")
    search_fields = ("domain__icontains", "organisation__name__icontains")
    search_help_text = "A part of the domain or of the organisation's name."
    ordering = ("domain", "pk")
    fields = ("domain", "organisation", "recorded_by", "recorded_at", "ended_at")
    readonly_fields = fields
    subject = "domain"
    add_step = Step(
        "record_domain",
        actions.record_domain,
        form=RecordDomain,
        label="Record a mail domain",
        explain="Whoever of an agency has an address there, or below it, sees none of the organisation's cases from now on.",
        done="The domain is on record. Ties to labs and partners lists whom it concerns.",
    )
    steps = (
        Step(
            "end_domain",
            actions.end_domain,
            label="Take off",
            explain="What followed from the domain ends for everyone.",
            done="The domain was taken off.",
            available=_looks_after,
        ),
    )

    def may_open(self, user) -> bool:
        return policies.may_look_after_conflicts(user)


class HowTied(Question):
    title = "how"
    parameter_name = "how"
    questions = {
        value: (label, lambda rows, user, at, value=value: rows.filter(how=value)) for value, label in Tie.How.choices
    }  # fmt: skip


class TieAdmin(TiesAdmin):
    list_display = ("user", "organisation", "how_tied", "since", "until")
    list_filter = (HowTied,)
    list_display_links = None
    list_select_related = ("user", "organisation")
    ordering = ("user__name", "organisation__name", "key")
    fields = ("user", "organisation", "how_tied", "since", "until")
    readonly_fields = fields

    def history(self, request, obj):
        # It is a row of a view: its seat, work, address or domain has a history.
        return Event.objects.none()

    @admin.display(description="How")
    def how_tied(self, tie):
        return f"Address at {tie.domain}" if tie.domain else tie.get_how_display()


TIES = [
    (Tie, TieAdmin),
    (Affiliation, AffiliationAdmin),
    (OtherAddress, OtherAddressAdmin),
    (MailDomain, MailDomainAdmin),
]
