"""A verb in the admin: a button, a small form, one action."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from django import forms

from portal.machine import Transition


class StepForm(forms.Form):
    """The form of a step. Subclasses add fields named like the action's keywords; ``reason`` is added by the state table.

    ``user``, ``subject`` (None on an add page) and ``at`` are there for choices that depend on them. ``narrowed_by`` names the
    values of the address that narrow what the form of an object offers; an add page takes any.
    """

    narrowed_by: ClassVar[tuple[str, ...]] = ()
    revision = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args, user, subject=None, at: datetime, needs_reason: bool = False, **kwargs):
        super().__init__(*args, **kwargs)
        self.user, self.subject, self.at = user, subject, at
        if needs_reason and "reason" not in self.fields:
            self.fields["reason"] = forms.CharField(
                label="Reason",
                widget=forms.Textarea(attrs={"rows": 4}),
                help_text="Everyone concerned will read it.",
            )
        if not hasattr(subject, "revision"):
            del self.fields["revision"]

    def arguments(self) -> dict:
        """The action's keywords."""
        values = dict(self.cleaned_data)
        if "revision" in values:
            values["expected_revision"] = values.pop("revision")
        return values


@dataclass(frozen=True, slots=True)
class Step:
    """One verb that this admin offers.

    ``call`` is the action, called with ``actor``, the admin's ``subject`` and the form's values. ``label`` is the state
    table's unless given. ``explain`` tells what will happen, ``done`` that it has. ``available(user, obj, at)`` narrows the
    state table's answer, and is the whole answer for verbs that stand outside the table. ``grave`` marks what ends something.
    """

    verb: str
    call: Callable
    form: type[StepForm] = StepForm
    label: str = ""
    explain: str = ""
    done: str = "Done."
    available: Callable[..., bool] | None = None
    grave: bool = False
    # The words on the page's own button, where the label names the step and not what the button does.
    submit: str = ""
    # Asked for and taken only after the second factor was used once more (``portal.stepup``).
    confirmed: bool = False

    def takes(self, keyword: str) -> bool:
        parameters = inspect.signature(self.call).parameters.values()
        return any(one.name == keyword or one.kind is one.VAR_KEYWORD for one in parameters)

    @property
    def asks_reason(self) -> bool:
        """Whether the action itself cannot do without a reason, whatever the state table says."""
        reason = inspect.signature(self.call).parameters.get("reason")
        return reason is not None and reason.default is inspect.Parameter.empty


@dataclass(frozen=True, slots=True)
class Offer:
    """A step that this person can take on this object now."""

    step: Step
    label: str
    url: str
    needs_reason: bool = False


def label_of(step: Step, transition: Transition | None) -> str:
    """A button's words: the step's own, or the state table's, or the verb itself."""
    return step.label or (transition.label if transition else "") or step.verb.replace("_", " ").capitalize()
