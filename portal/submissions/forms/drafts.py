"""What a lab says about its model, and when it plans to release it."""

from datetime import datetime

from django import forms
from django.forms.models import fields_for_model

from portal.submissions.actions.drafts import DATES, ask_for, value_of
from portal.submissions.instants import InstantField, ZonedForm
from portal.submissions.models import Facts, Submission
from portal.submissions.wizard import BY_KEY, PARTNER, PUBLIC, Step

_HINTS = {
    "model_name": "As you call it in your documents. Others see it only where this case's terms let them.",
    "checkpoint": "A hash or name that tells this trained state from every other. The 30 days count per checkpoint.",
    "access_mode": "How the government would reach the model, if you provide access.",
    "summary": "A few sentences: size and kind of model, what it was trained for, how it will be released.",
    "capabilities": "What is new or strong, in particular cyber, biological, chemical and autonomy.",
    "evaluations": "What you ran, with which method, and what you found. Logs can be added as documents.",
    "safeguards": "What stands between the model and misuse, and what of it the access offered leaves out.",
}
_ROWS = {"summary": 6, "capabilities": 4, "evaluations": 4, "safeguards": 4}


def _instant(label: str, help_text: str, *, required: bool) -> InstantField:
    return InstantField(label=label, help_text=help_text, required=required)


_PUBLIC_HELP = "When you plan to release the model to everyone."
_PARTNER_HELP = (
    "When you plan to release it to trusted partners before that. Leave empty for no partner stage."
)


class FactsForm(forms.Form):
    """What a lab says about the model. ``needed`` fields are those a submission cannot do without."""

    use_required_attribute = False

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        own = fields_for_model(Facts, fields=Facts.TEXTS)
        for name in Facts.TEXTS:
            field = own[name]
            field.required = name in Facts.REQUIRED
            field.help_text = _HINTS[name]
            field.error_messages["required"] = ask_for(name)
            if name in _ROWS:
                field.widget.attrs["rows"] = _ROWS[name]
            self.fields[name] = field
        self.order_fields([*Facts.TEXTS, *self.fields])

    @property
    def facts(self) -> dict[str, str]:
        return {name: self.cleaned_data[name] for name in Facts.TEXTS if name in self.fields}

    @property
    def fact_fields(self) -> list:
        return [self[name] for name in Facts.TEXTS if name in self.fields]

    def saved(self, case: Submission) -> list[tuple[str, object]]:
        """What the case holds now where it differs from what was typed: shown when somebody saved meanwhile."""
        now = {name: getattr(case.facts, name) for name in Facts.TEXTS}
        return [
            (self.fields[name].label, value or "nothing")
            for name, value in now.items()
            if value != self.cleaned_data.get(name, value)
        ]


class DraftForm(ZonedForm, FactsForm):
    """A draft: facts and release plan, or those of one step. What is missing is no error here; what cannot be read is."""

    instants = (PUBLIC, PARTNER)
    planned_public_release = _instant("Planned public release", _PUBLIC_HELP, required=True)
    planned_partner_release = _instant("Planned partner release", _PARTNER_HELP, required=False)

    def __init__(self, *args, step: Step | None = None, **kwargs):
        super().__init__(*args, **kwargs)
        if step is not None:
            asked = {*step.fields, *(("zone",) if set(step.fields) & set(self.instants) else ())}
            for name in set(self.fields) - asked:
                del self.fields[name]

    @classmethod
    def of(cls, case: Submission, *args, typed: dict | None = None, **kwargs) -> "DraftForm":
        """The form of a case's draft as it is now, but for what was ``typed``."""
        now = {name: value_of(case, name) for name in (*Facts.TEXTS, *DATES)}
        return cls(*args, initial=now | (typed or {}), **kwargs)

    def clean(self):
        for name in [name for name, errors in self.errors.items() if _only_missing(errors)]:
            del self._errors[name]
            self.cleaned_data[name] = None if name in self.instants else ""
        return super().clean()

    @property
    def dates(self) -> dict[str, datetime | None]:
        return {name: self.cleaned_data.get(name) for name in self.instants if name in self.fields}


def _only_missing(errors) -> bool:
    return all(error.code == "required" for error in errors.as_data())


class NewForm(DraftForm):
    """A new draft, begun with its first step; the lab is asked only of a person who writes for several."""

    def __init__(self, *args, labs, **kwargs):
        super().__init__(*args, step=BY_KEY["model"], **kwargs)
        if len(labs) > 1:
            self.fields["lab"] = forms.ModelChoiceField(
                labs, label="Lab", empty_label=None, help_text="The lab whose model this is."
            )


class DatesForm(ZonedForm):
    """New planned dates of a case."""

    instants = (PUBLIC, PARTNER)
    planned_public_release = _instant("Planned public release", _PUBLIC_HELP, required=True)
    planned_partner_release = _instant("Planned partner release", _PARTNER_HELP, required=False)
