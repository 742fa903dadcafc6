"""The steps in which a draft is written: what each asks for, and how far the draft has come."""

from dataclasses import dataclass
from datetime import datetime

from portal.submissions.actions.drafts import value_of
from portal.submissions.missing import missing
from portal.submissions.models import Submission

PARTNER, PUBLIC = "planned_partner_release", "planned_public_release"


@dataclass(frozen=True, slots=True)
class Step:
    """One page of the draft's form; ``fields`` are facts and dates of the case, none where the step has rows of its own."""

    key: str
    label: str
    intro: str
    fields: tuple[str, ...] = ()


STEPS = (
    Step(
        "model",
        "The model",
        "What it is and how it could be reached. Access instructions and credentials come later, in a place of their own.",
        ("model_name", "checkpoint", "access_mode", "summary"),
    ),
    Step(
        "capabilities",
        "Capabilities and safeguards",
        "What is new about it, and what stands between it and misuse. Both may stay empty.",
        ("capabilities", "safeguards"),
    ),
    Step(
        "evaluations",
        "Evaluations",
        "What you ran and found, in your words and as rows. Rows can be read from logs and model cards you have, or written.",
        ("evaluations",),
    ),
    Step(
        "plan",
        "Release plan",
        "Your dates. Only you set them and only you move them. A date without a time counts as noon.",
        (PUBLIC, PARTNER),
    ),
    Step(
        "documents",
        "Documents",
        "A draft system card, evaluation logs, a description of safeguards. All optional. Never weights, nothing classified.",
    ),
    Step("contacts", "Contacts", "Whom the government may call about this case, and for what. All optional."),
)
BY_KEY = {step.key: step for step in STEPS}
_STEP_OF = {name: step for step in STEPS for name in step.fields}
DONE, LACKS, EMPTY = "done", "lacks", "empty"
WORDS = {DONE: "written", LACKS: "something is needed to submit", EMPTY: "nothing yet"}


@dataclass(frozen=True, slots=True)
class Progress:
    """A step and how far it has come: ``status`` is done, lacks (something that submitting needs), or empty."""

    step: Step
    status: str

    @property
    def words(self) -> str:
        return WORDS[self.status]


def step_of(field: str) -> Step:
    """The step that asks for a field; the first one for a field that none asks for."""
    return _STEP_OF.get(field, STEPS[0])


def after(step: Step) -> Step | None:
    """The step that follows; None after the last."""
    place = STEPS.index(step) + 1
    return STEPS[place] if place < len(STEPS) else None


def progress(case: Submission, *, at: datetime, rows: dict[str, bool]) -> list[Progress]:
    """Every step with its status. ``rows`` says of steps that have rows of their own whether there are any."""
    lacking = {step_of(lack.field).key for lack in missing(case, at=at)}
    found = []
    for step in STEPS:
        written = rows.get(step.key, False) or any(value_of(case, name) for name in step.fields)
        found.append(Progress(step, LACKS if step.key in lacking else DONE if written else EMPTY))
    return found


def first_open(case: Submission, *, at: datetime) -> Step:
    """Where to go on with a draft: the first step that lacks something, else the first."""
    lacks = missing(case, at=at)
    return step_of(lacks[0].field) if lacks else STEPS[0]
