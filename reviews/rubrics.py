"""An assessment beside its rubric, and a new version beside the present one."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from portal.asking import Asked, Effect, Nouns, Prepared, compare, trimmed
from portal.errors import Invalid, Missing, Stale
from reviews.models import Assessment, AssessmentAnswer, RubricQuestion, RubricVersion

NOUNS = Nouns(one="question", many="questions", whole="A rubric")
MOVED_ON = (
    "Another version of this rubric was published since you opened the page. Look at what yours changes now."
)


@dataclass(frozen=True, slots=True)
class Answered:
    """One question of an assessment's rubric, with what the author wrote to it so far."""

    question: RubricQuestion
    covered: str = ""
    text: str = ""
    is_given: bool = False

    @property
    def covered_shown(self) -> str:
        return str(AssessmentAnswer.Covered(self.covered).label) if self.is_given else "Not answered"


def answers_of(assessment: Assessment) -> list[Answered]:
    """Every question of the rubric in its order; rows from ``with_answers`` cost no query here. Empty without a rubric."""
    if assessment.rubric is None:
        return []
    given = {row.question_id: row for row in assessment.answers.all()}
    rows = []
    for question in assessment.rubric.questions.all():
        found = given.get(question.pk)
        rows.append(
            Answered(question, found.covered, found.text, found.is_given) if found else Answered(question)
        )
    return rows


def unanswered_words(answers: Sequence[Answered]) -> str:
    """Such as "3 of 7 questions not answered"; empty where all are, or where nothing is asked."""
    missing = sum(not row.is_given for row in answers)
    return (
        f"{missing} of {len(answers)} question{'s' if len(answers) > 1 else ''} not answered"
        if missing
        else ""
    )


def effect(before: RubricVersion | None, asked: Sequence[Any]) -> Effect:
    """What questions, of a form or of a later version, change against those of a version."""
    return compare(before.questions.all() if before else (), asked)


def prepare(
    *, domain: str, questions: Sequence[Asked], expected_number: int, introduction: str, note: str
) -> Prepared:
    """What publishing would do, or its refusal: Stale when the current version is not ``expected_number`` (0 for none)."""
    if not note.strip():
        raise Missing("Say why there is this version.", field="note")
    current = RubricVersion.objects.current(domain)
    if (current.number if current else 0) != expected_number:
        raise Stale(MOVED_ON)
    earlier = RubricQuestion.objects.filter(version__domain=domain)
    known = set(earlier.values_list("key", flat=True))
    asked = trimmed(questions, known, most=RubricQuestion.MOST, nouns=NOUNS)
    changes = effect(current, asked)
    if current and changes.is_none and introduction.strip() == current.introduction:
        raise Invalid("This is the present version, word for word.")
    return Prepared(current, asked, changes)
