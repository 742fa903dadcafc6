"""What the pages of notices ask for. Forms check shape only; the actions decide."""

from django import forms
from django.utils.html import format_html

from portal.deadlines.preferences import Choice, Delivery


class DeliveryForm(forms.Form):
    """How each group that can be chosen comes by mail; a field a group."""

    def __init__(self, *args, choices: list[Choice], **kwargs):
        super().__init__(*args, **kwargs)
        for choice in choices:
            self.fields[choice.key] = forms.ChoiceField(
                label=choice.group.label,
                choices=Delivery.choices,
                initial=choice.delivery,
                widget=forms.RadioSelect,
                help_text=_kinds(choice),
                error_messages={
                    "required": "Choose how these come.",
                    "invalid_choice": "Choose one of the three.",
                },
            )


class MakeForm(forms.Form):
    """A button."""


def _kinds(choice: Choice) -> str:
    follow = f"{', '.join(choice.follow)}."
    if not choice.essential:
        return follow
    return format_html("{}<br>Always at once: {}.", follow, ", ".join(choice.essential))
