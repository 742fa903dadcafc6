"""An assessment beside its rubric, and a new version beside the present one."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from portal.errors import Invalid, Missing, Stale
from reviews.models import Assessment, AssessmentAnswer, RubricQuestion, RubricVersion

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


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as a new version would ask it; without a key it is a new one."""

    title: str
    guidance: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True)
class Effect:
    """What a version changes against an earlier one: (title) each, and for changed ones (before, after)."""

    new: list[Asked]
    changed: list[tuple[RubricQuestion, Asked]]
    gone: list[RubricQuestion]
    kept: list[Asked]
    moved: bool

    @property
    def is_none(self) -> bool:
        return not (self.new or self.changed or self.gone or self.moved)


def effect(before: RubricVersion | None, asked: Sequence[Any]) -> Effect:
    """Compare questions, of a form or of a later version, with those of a version. Keys say which is which."""
    old = {row.key: row for row in before.questions.all()} if before else {}
    now = {row.key: row for row in asked if row.key in old}
    same = {
        key for key, row in now.items() if (row.title, row.guidance) == (old[key].title, old[key].guidance)
    }
    return Effect(
        new=[row for row in asked if row.key not in old],
        changed=[(old[key], row) for key, row in now.items() if key not in same],
        gone=[row for key, row in old.items() if key not in now],
        kept=[row for key, row in now.items() if key in same],
        moved=[key for key in old if key in now] != list(now),
    )


@dataclass(frozen=True, slots=True)
class Prepared:
    """A version that can be published: what is current now, the questions trimmed, and what they change."""

    current: RubricVersion | None
    asked: list[Asked]
    effect: Effect

    @property
    def number(self) -> int:
        return self.current.number + 1 if self.current else 1


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
    asked = _checked(questions, set(earlier.values_list("key", flat=True)))
    changes = effect(current, asked)
    if current and changes.is_none and introduction.strip() == current.introduction:
        raise Invalid("This is the present version, word for word.")
    return Prepared(current, asked, changes)


def _checked(questions: Sequence[Asked], known: set[str]) -> list[Asked]:
    """The questions, trimmed, if each has words and none stands twice."""
    asked = [Asked(one.title.strip(), one.guidance.strip(), one.key) for one in questions]
    if not asked:
        raise Missing("Write at least one question.")
    if len(asked) > RubricQuestion.MOST:
        raise Invalid(f"A rubric has at most {RubricQuestion.MOST} questions.")
    titles: set[str] = set()
    for one in asked:
        if not one.title:
            raise Missing("A question has guidance and no words of its own.")
        if one.title.lower() in titles:
            raise Invalid(f"This question stands twice: {one.title}")
        titles.add(one.title.lower())
    keys = [one.key for one in asked if one.key]
    if len(keys) != len(set(keys)) or set(keys) - known:
        raise Invalid("A question of an earlier version stands twice, or there is none of its key.")
    return asked
