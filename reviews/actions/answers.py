"""The answers of an assessment to its rubric: written with the draft, and moved with it to a newer version."""

from collections.abc import Mapping
from datetime import datetime

from portal.errors import AlreadyDone, Invalid, NotAllowed, WrongState
from portal.ledger.stale import refuse_stale
from portal.scope import action
from reviews.actions import common
from reviews.models import Assessment, AssessmentAnswer, RubricVersion
from reviews.rubrics import effect
from reviews.states import AssessmentState

Answers = Mapping[str, Mapping[str, str]]


def pin(draft: Assessment) -> None:
    """The version of its domain that is current now; none where the domain has no rubric."""
    draft.rubric = RubricVersion.objects.current(draft.domain)


def take(draft: Assessment, answers: Answers) -> bool:
    """Overwrite the answers given, by the keys of their questions; of each only what is given. Whether anything changed."""
    asked = {row.key: row for row in draft.rubric.questions.all()} if draft.rubric else {}
    unknown = sorted(set(answers) - set(asked))
    if unknown:
        raise Invalid(
            f"The rubric of this assessment does not ask this: {', '.join(unknown)}.", field="answers"
        )
    known = {row.question_id: row for row in draft.answers.all()}
    changed = False
    for key, values in answers.items():
        row = known.get(asked[key].pk) or AssessmentAnswer(assessment=draft, question=asked[key])
        before = (row.covered, row.text)
        for name, value in common.known(dict(values), ("covered", "text")).items():
            setattr(row, name, value.strip())
        if (row.covered, row.text) != before:
            common.check_fields(row, ["covered", "text"])
            row.save()
            changed = True
    return changed


def follow_domain(draft: Assessment) -> None:
    """Another domain asks other questions. Refused while there are answers, which would be lost."""
    if draft.answers.exclude(covered="", text="").exists():
        raise Invalid(
            "This draft answers the questions of another domain. Empty the answers first, or write a new draft.",
            field="domain",
        )
    draft.answers.all().delete()
    pin(draft)


@action
def move_rubric(
    *,
    actor,
    assessment: Assessment,
    number: int | None = None,
    expected_revision: int | None = None,
    at: datetime | None = None,
) -> Assessment:
    """Pin a draft to the newest version of its rubric, or to that of ``number`` if that is the newest still.

    Answers to unchanged questions are kept. Of a question in new words the text stays, and waits to be answered anew; answers to
    questions that are gone are gone with them.
    """
    from reviews.actions.assessments import lock, seat_word

    case, draft, mine, at = lock(actor, assessment, at)
    if "author" not in mine:
        raise NotAllowed("Only its author moves a draft to another version.")
    if draft.state != AssessmentState.DRAFT:
        raise WrongState("This assessment was checked: it stays with its rubric.")
    refuse_stale(draft, expected_revision, called="This assessment")
    newest = RubricVersion.objects.current(draft.domain)
    if newest is None or newest.pk == draft.rubric_id:
        raise AlreadyDone("This draft answers the newest version already.")
    if number is not None and number != newest.number:
        raise WrongState(f"Version {newest.number} is the newest by now.")
    before = draft.rubric
    _carry(draft, newest)
    draft.revision += 1
    draft.updated_at = at
    draft.save()
    common.note(
        actor=actor, verb="move_rubric", subject=draft, case=case, capacity=seat_word(mine),
        data={"from": before.number if before else None, "to": newest.number}, at=at,
    )  # fmt: skip
    return draft


def _carry(draft: Assessment, newest: RubricVersion) -> None:
    """Bring the answers over; they are written anew, since an answer belongs to one version's question for good."""
    given = {row.question.key: row for row in draft.answers.select_related("question")}
    asked = list(newest.questions.all())
    same = {row.key for row in effect(draft.rubric, asked).kept}
    draft.answers.all().delete()
    draft.rubric = newest
    draft.save(update_fields=["rubric"])
    for question in asked:
        found = given.get(question.key)
        if found is not None:
            covered = found.covered if question.key in same else ""
            AssessmentAnswer.objects.create(
                assessment=draft, question=question, covered=covered, text=found.text
            )
