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


class QuietHoursForm(forms.Form):
    """From when until when, as times of a day in the person's own zone."""

    use_required_attribute = False

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        for name, label in (("begins", "From"), ("ends", "Until")):
            self.fields[name] = forms.TimeField(
                label=label,
                input_formats=["%H:%M"],
                widget=forms.TimeInput(format="%H:%M", attrs={"type": "time"}),
                error_messages={
                    "required": "Give the time.",
                    "invalid": "Write the time as hours and minutes, such as 22:00.",
                },
            )


class AwayForm(forms.Form):
    """From which day to which, both included."""

    use_required_attribute = False

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        for name, label in (("first", "First day"), ("last", "Last day")):
            self.fields[name] = forms.DateField(
                label=label,
                widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
                error_messages={
                    "required": "Give the day.",
                    "invalid": "Write a date that exists, such as 2026-12-30.",
                },
            )


class MakeForm(forms.Form):
    """A button."""


def _kinds(choice: Choice) -> str:
    follow = f"{', '.join(choice.follow)}."
    if not choice.essential:
        return follow
    return format_html("{}<br>Always at once: {}.", follow, ", ".join(choice.essential))
