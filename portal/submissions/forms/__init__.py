"""The lab's forms: they read what was typed and say where it cannot be read. Every rule about a case is an action's."""

from portal.submissions.forms.disclosures import DisclosureAnswerForm
from portal.submissions.forms.documents import (
    DocumentForm,
    EarlierCaseForm,
    EvidenceForm,
    EvidenceInCaseForm,
    FileForm,
    MarkingForm,
)
from portal.submissions.forms.drafts import DatesForm, DraftForm, FactsForm, NewForm
from portal.submissions.forms.evaluations import EvaluationForm
from portal.submissions.forms.questions import AnswerForm
from portal.submissions.forms.steps import BareForm, ContactForm, InstructionsForm, LooksForm, TermsForm

__all__ = [
    "AnswerForm",
    "BareForm",
    "ContactForm",
    "DatesForm",
    "DisclosureAnswerForm",
    "DocumentForm",
    "DraftForm",
    "EarlierCaseForm",
    "EvaluationForm",
    "EvidenceForm",
    "EvidenceInCaseForm",
    "FactsForm",
    "FileForm",
    "InstructionsForm",
    "LooksForm",
    "MarkingForm",
    "NewForm",
    "TermsForm",
]
