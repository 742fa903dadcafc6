"""Cases with questions of several agencies, made through the actions."""

from portal.submissions.actions import questions
from portal.submissions.models import InformationRequest
from tests import factories as make
from tests.factories_reviews import Reviewed

WORDS = "Which share of the training data is caramel?"
ANSWER = "Four percent, all of it fudge-answer-1."


def asked(case: make.Case, actor=None, *, text: str = WORDS, at=make.NOW, **options) -> InformationRequest:
    return questions.ask(
        actor=actor or case.coordinator, submission=case.submission, text=text, at=at, **options
    )


def answered(case: make.Case, actor=None, *, at=make.NOW, text: str = WORDS, **options) -> InformationRequest:
    made = asked(case, actor, text=text, at=at)
    options = {"text": ANSWER} | options
    return questions.answer(actor=case.contributor, question=made, at=at, **options)


class Asked(Reviewed):
    """A case with a question of each of two agencies: ``first`` of the programme office, ``second`` of the invited one."""

    def __init__(self, *args, at=make.NOW, **options):
        super().__init__(*args, at=at, **options)
        self.first = asked(self, at=at)
        self.second = asked(self, self.reviewer, text=f"{WORDS} And which of the other?", at=at)
