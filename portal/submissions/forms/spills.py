"""A report of a spill."""

from django import forms

from portal.submissions.models import Spill


class SpillForm(forms.Form):
    """What is feared, as one of a few words: a note would repeat the spill."""

    use_required_attribute = False
    feared = forms.ChoiceField(
        label="What you fear it holds",
        choices=Spill.Feared.choices,
        widget=forms.RadioSelect,
        error_messages={"required": "Choose what is feared."},
    )
