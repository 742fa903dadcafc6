"""A lab's answer to a disclosure notice."""

from django import forms

from portal.submissions.models import DisclosureNotice
from portal.submissions.states import DISCLOSURE


class DisclosureAnswerForm(forms.Form):
    """Whether the lab objects, and what it says to that. Which of the two needs words is the state table's to say."""

    use_required_attribute = False
    answer = forms.ChoiceField(
        label="Your lab's answer",
        widget=forms.RadioSelect,
        choices=[
            ("object", "We object"),
            ("not_object", "We do not object"),
        ],
        error_messages={"required": "Say whether your lab objects."},
    )
    reason = forms.CharField(
        label="What you say to it",
        required=False,
        max_length=DisclosureNotice.TEXT_LIMIT,
        widget=forms.Textarea(attrs={"rows": 10, "dir": "auto"}),
        help_text="Where you object, your grounds are needed: which portions must not be disclosed, and what harm that would do"
        " to your lab's competitive position. At most 10,000 characters. The agency that gave the notice and the programme's"
        " coordinators and auditors read it.",
    )

    def clean(self):
        values = super().clean()
        needs = any(t.needs_reason for t in DISCLOSURE.transitions if t.verb == values.get("answer"))
        if needs and "reason" not in self.errors and not values.get("reason", "").strip():
            self.add_error("reason", "Say why your lab objects.")
        return values
