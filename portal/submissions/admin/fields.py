"""What forms of the workbench ask with about cases: the case by its number, the agency for which a person acts, instants."""

from django import forms

from portal.accounts.models import Kind, Organisation
from portal.admin import StepForm
from portal.submissions.models import Submission


class CaseStepForm(StepForm):
    """A step on a case that is named by its number; the value is the case, if the person sees it."""

    submission = forms.CharField(max_length=20, label="Case number")

    def clean_submission(self) -> Submission:
        found = self.case_named(self.cleaned_data["submission"])
        if found is None:
            raise forms.ValidationError("No case that you see has this number.")
        return found

    def case_named(self, text: str) -> Submission | None:
        return Submission.objects.visible_to(self.user).filter(case_number=text.strip().upper()).first()


class AgencyStepForm(CaseStepForm):
    """Such a step that a person takes for an agency: they are asked which, where they hold one of ``roles`` in several."""

    roles: tuple[str, ...] = ()
    agency = forms.ModelChoiceField(
        Organisation.objects.none(), required=False, help_text="The agency for which you act."
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        own = self.user.organisations_as(Kind.AGENCY, *self.roles)
        if len(own) > 1:
            self.fields["agency"].queryset = Organisation.objects.filter(pk__in=own).order_by("name")
        else:
            del self.fields["agency"]


def instant_field(label: str, help_text: str, *, required: bool = False) -> forms.DateTimeField:
    """A date and time in the person's own zone, as one input."""
    widget = forms.DateTimeInput(format="%Y-%m-%dT%H:%M", attrs={"type": "datetime-local"})
    return forms.DateTimeField(label=label, required=required, widget=widget, help_text=help_text)
