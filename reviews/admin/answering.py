"""The rubric's questions in the forms of an assessment: answered with the draft, counted before its check."""

from typing import Any

from django import forms

from portal.admin import StepForm
from reviews.models import Assessment, AssessmentAnswer, RubricVersion
from reviews.rubrics import answers_of, effect, unanswered_words

COVERED, TEXT = "covered-", "text-"
_CHOICES = [("", "Not answered yet"), *AssessmentAnswer.Covered.choices]


def fields_of(assessment: Assessment) -> tuple[dict[str, forms.Field], dict[str, str]]:
    """Two fields a question, and what they hold: how far it was studied, and the words."""
    fields: dict[str, forms.Field] = {}
    initial: dict[str, str] = {}
    for number, row in enumerate(answers_of(assessment), start=1):
        key, title = row.question.key, f"Question {number}. {row.question.title}"
        fields[COVERED + key] = forms.ChoiceField(
            label=title, help_text=row.question.guidance, choices=_CHOICES, required=False
        )
        fields[TEXT + key] = AssessmentAnswer._meta.get_field("text").formfield(
            label=f"Question {number}, in words",
            help_text="For what was not studied, the reason.",
            widget=forms.Textarea(attrs={"rows": 4}),
        )
        initial |= {COVERED + key: row.covered, TEXT + key: row.text}
    return fields, initial


def taken(values: dict[str, Any]) -> dict[str, dict[str, str]]:
    """The answers among a form's values, which lose them."""
    answers: dict[str, dict[str, str]] = {}
    for prefix, name in ((COVERED, "covered"), (TEXT, "text")):
        for field in [field for field in values if field.startswith(prefix)]:
            answers.setdefault(field.removeprefix(prefix), {})[name] = values.pop(field)
    return answers


class AskForm(StepForm):
    """Asks for a word more where questions of the rubric are not answered."""

    despite_unanswered = forms.BooleanField(
        error_messages={"required": "Answer the questions, or tick this."},
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        words = unanswered_words(answers_of(self.subject))
        if words:
            self.fields["despite_unanswered"].label = f"{words}. Ask for the check all the same."
        else:
            del self.fields["despite_unanswered"]

    def arguments(self):
        values = super().arguments()
        values.pop("despite_unanswered", None)
        return values


class MoveForm(StepForm):
    """What the newest version asks otherwise; the number makes sure that it is the one that was looked at."""

    number = forms.IntegerField(widget=forms.HiddenInput)
    preface = "reviews/admin/rubric_effect.html"

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        newest = RubricVersion.objects.current(self.subject.domain)
        self.initial["number"] = newest.number if newest else None
        asked = newest.questions.all() if newest else []
        self.terms = {"version": newest, "effect": effect(self.subject.rubric, asked)}


def has_newer_rubric(draft: Assessment) -> bool:
    newest = RubricVersion.objects.current(draft.domain)
    return newest is not None and newest.pk != draft.rubric_id


def panel(assessment: Assessment) -> tuple[str, str, dict] | None:
    """The answers beside their questions, and how many are missing; None without a rubric."""
    answers = answers_of(assessment)
    if not answers:
        return None
    context = {"rubric": assessment.rubric, "answers": answers, "unanswered": unanswered_words(answers)}
    return str(assessment.rubric), "reviews/_answers.html", context
