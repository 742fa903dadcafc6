"""The access terms on the workbench: read, accept, propose another version."""

from django import forms

from portal.admin import Step, StepForm
from portal.submissions import actions, policies
from portal.submissions.models import Terms
from portal.submissions.next_steps import newest_terms

TEXTS = ("purpose", *Terms.HEADS)


class AcceptTermsForm(StepForm):
    """Names the version that the person has read, so that a newer one is never accepted unread."""

    preface = "admin/case/terms_text.html"
    version = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.terms = newest_terms(self.subject)
        self.initial["version"] = self.terms.number if self.terms else None


class ProposeTermsForm(StepForm):
    """A new version, begun from the newest one."""

    names_shown = forms.BooleanField(
        required=False,
        label=Terms._meta.get_field("names_shown").verbose_name.capitalize(),
        help_text=Terms._meta.get_field("names_shown").help_text,
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        newest = newest_terms(self.subject)
        for name in TEXTS:
            label = Terms._meta.get_field(name).verbose_name.capitalize()
            self.fields[name] = forms.CharField(label=label, widget=forms.Textarea(attrs={"rows": 5}))
            self.initial.setdefault(name, getattr(newest, name, ""))
        self.initial.setdefault("names_shown", getattr(newest, "names_shown", False))
        self.order_fields([*TEXTS, "names_shown"])

    def arguments(self) -> dict:
        values = super().arguments()
        return values | {"texts": {name: values.pop(name) for name in TEXTS}}


def _ours_is_missing(user, case, at) -> bool:
    terms = newest_terms(case)
    return terms is not None and terms.government_accepted_at is None


def _may_propose(user, case, at) -> bool:
    return "propose_terms" in policies.open_edits(user, case, at=at)


STEPS = (
    Step(
        "accept_terms",
        actions.accept_terms,
        form=AcceptTermsForm,
        explain="You accept this version for the government. Once the lab has accepted the same version, the terms are agreed.",
        done="Accepted for the government.",
        available=_ours_is_missing,
    ),
    Step(
        "propose_terms",
        actions.propose_terms,
        form=ProposeTermsForm,
        label="Propose other terms",
        explain="A new version is laid before both sides. What was accepted so far stays with the version that was accepted.",
        done="The new version waits for both sides.",
        available=_may_propose,
    ),
)
