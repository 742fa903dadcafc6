"""Answers to what agencies ask."""

from django import forms

from portal.submissions.forms.documents import DocumentForm
from portal.submissions.models import Document, InformationRequest


class AnswerForm(DocumentForm):
    """An answer to a question: words, documents that are in the case, and one file more. The file is judged by the action."""

    text = forms.CharField(
        label="Your answer",
        max_length=InformationRequest.TEXT_LIMIT,
        widget=forms.Textarea(attrs={"rows": 10, "dir": "auto"}),
        error_messages={"required": "Write the answer."},
        help_text="At most 10,000 characters. Whoever reads the facts of this case for the government reads it.",
    )
    documents = forms.MultipleChoiceField(
        label="Documents of this case that belong to the answer",
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    field_order = ("text", "documents", "file", "tlp", "confidential_commercial")

    def __init__(self, *args, documents, takes_file: bool, **kwargs):
        super().__init__(*args, **kwargs)
        del self.fields["kind"], self.fields["title"]
        self.known = {str(document.pk): document for document in documents}
        self.fields["documents"].choices = [(key, document.title) for key, document in self.known.items()]
        self.fields["file"].required = False
        self.fields["file"].label = "A further file"
        if not takes_file:
            del self.fields["file"], self.fields["tlp"], self.fields["confidential_commercial"]

    @property
    def named(self) -> list[Document]:
        """The documents that were ticked."""
        return [self.known[key] for key in self.cleaned_data["documents"]]

    @property
    def marking(self) -> dict:
        """How the file is marked; nothing where the case takes no file any more."""
        names = ("tlp", "confidential_commercial")
        return {name: self.cleaned_data[name] for name in names if name in self.cleaned_data}
