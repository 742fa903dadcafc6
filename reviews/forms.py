"""The lab's forms: they read what was typed. Every rule is an action's."""

from django import forms

from portal.accounts.models import Organisation
from reviews.models import Assessment, Inquiry, RetestAnswer


class ResponseForm(forms.Form):
    """The lab's answer to an assessment."""

    use_required_attribute = False
    response = Assessment._meta.get_field("response").formfield(
        label="Your response",
        required=True,
        help_text="What you would correct, what you did about it, what you plan. It stands beside the findings from then on.",
        error_messages={"required": "Write your response."},
        widget=forms.Textarea(attrs={"rows": 10}),
    )

    asks_retest = forms.BooleanField(
        required=False,
        label="We ask for a retest.",
        help_text="The author and the lead are told. What they see is yours to read at once. Nothing waits for it.",
    )


class RetestAnswerForm(forms.Form):
    """The lab's answer to a retest."""

    use_required_attribute = False
    text = RetestAnswer._meta.get_field("text").formfield(
        label="Your answer",
        required=True,
        help_text="It stands beside the retest from then on.",
        error_messages={"required": "Write your answer."},
        widget=forms.Textarea(attrs={"rows": 8}),
    )


class InquiryForm(forms.Form):
    """An inquiry's texts; nothing is required to save a draft."""

    use_required_attribute = False
    model_name = Inquiry._meta.get_field("model_name").formfield(
        help_text="As you call it in your documents.",
    )
    question = Inquiry._meta.get_field("question").formfield(
        help_text="What the model is, how far its training has come, and what makes you ask.",
        widget=forms.Textarea(attrs={"rows": 10}),
    )

    @property
    def values(self) -> dict[str, str]:
        return {name: self.cleaned_data[name] for name in Inquiry.TEXTS}


class NewInquiryForm(InquiryForm):
    """A new inquiry; who writes for several labs says for which."""

    def __init__(self, *args, labs, **kwargs):
        super().__init__(*args, **kwargs)
        self.labs: list[Organisation] = list(labs)
        if len(self.labs) > 1:
            choices = [(str(lab.pk), lab.name) for lab in self.labs]
            self.fields["lab"] = forms.ChoiceField(label="Lab", choices=choices)
            self.order_fields(["lab"])

    @property
    def lab(self) -> Organisation:
        chosen = self.cleaned_data.get("lab")
        return next(lab for lab in self.labs if chosen is None or str(lab.pk) == chosen)
