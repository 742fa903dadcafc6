"""A vetting beside its criteria, and a new version of the criteria beside the present one."""

from collections.abc import Sequence
from dataclasses import dataclass

from partners.models import Vetting, VettingAnswer, VettingCriteria, VettingCriterion
from portal.asking import Asked, Nouns, Prepared, compare, trimmed
from portal.errors import Invalid, Missing, Stale

NOUNS = Nouns(one="criterion", many="criteria", whole="A version")
MOVED_ON = (
    "Another version of the criteria was published since you opened the page. Look at what yours changes now."
)


@dataclass(frozen=True, slots=True)
class Checked:
    """One criterion of a vetting, with what was found of it so far."""

    criterion: VettingCriterion
    answer: VettingAnswer | None

    @property
    def is_given(self) -> bool:
        return bool(self.answer and self.answer.found)

    @property
    def found_shown(self) -> str:
        return self.answer.get_found_display() if self.answer and self.answer.found else "Not answered"


def checklist(vetting: Vetting) -> list[Checked]:
    """Every criterion of the vetting's version in its order; rows from ``with_answers`` cost no query here."""
    given = {answer.criterion_id: answer for answer in vetting.answers.all()}
    return [Checked(row, given.get(row.pk)) for row in vetting.criteria.criteria.all()]


def prepare(*, questions: Sequence[Asked], expected_number: int, introduction: str, note: str) -> Prepared:
    """What publishing would do, or its refusal: Stale when the current version is not ``expected_number`` (0 for none)."""
    if not note.strip():
        raise Missing("Say why there is this version.", field="note")
    current = VettingCriteria.objects.current()
    if (current.number if current else 0) != expected_number:
        raise Stale(MOVED_ON)
    known = set(VettingCriterion.objects.values_list("key", flat=True))
    asked = trimmed(questions, known, most=VettingCriterion.MOST, nouns=NOUNS)
    changes = compare(current.criteria.all() if current else (), asked)
    if current and changes.is_none and introduction.strip() == current.introduction:
        raise Invalid("This is the present version, word for word.")
    return Prepared(current, asked, changes)
