"""A question as a page or a program tells it: what was asked, answered and asked again, in order. Reads; decides nothing."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from portal.submissions.freezing import FROZEN_WORDS
from portal.submissions.models import DocumentVersion, InformationRequest

ASKED, MERGED, ANSWERED, ASKED_AGAIN = "asked", "merged", "answered", "asked_again"


@dataclass(frozen=True, slots=True)
class Said:
    """One contribution. ``who`` is the agency, for the lab with a person's name only where the terms show names.

    ``number`` is the question's own (asked, merged) or the answer's version. ``files`` are those open to the reader, and
    ``closed`` how many more there are.
    """

    kind: str
    at: datetime
    who: str
    text: str
    number: int
    files: list[DocumentVersion] = field(default_factory=list)
    closed: int = 0


def thread(question: InformationRequest, *, documents: Collection[UUID], for_lab: bool) -> list[Said]:
    """Everything said about a question read ``whole()``, in order of time. ``documents`` are those open to the reader.

    Costs no query. The lab reads of persons of an agency only where ``names_shown``; of its own people always.
    """
    named = question.names_shown or not for_lab

    def asker(agency, person) -> str:
        return f"{agency.name}, {person}" if named else agency.name

    said = [
        Said(
            ASKED,
            question.asked_at,
            asker(question.agency, question.asked_by),
            question.text,
            question.number,
        )
    ]
    said += [
        Said(
            MERGED,
            other.asked_at,
            asker(other.agency, other.asked_by),
            FROZEN_WORDS if other.is_frozen else other.text,
            other.number,
        )
        for other in question.merged.all()
    ]
    said += [
        Said(ASKED_AGAIN, again.asked_at, asker(again.agency, again.asked_by), again.text, again.number)
        for again in question.follow_ups.all()
    ]
    for answer in question.answers.all():
        files = answer.files.all()
        seen = [version for version in files if version.document_id in documents]
        who = str(answer.answered_by) if for_lab else f"{question.submission.lab.name}, {answer.answered_by}"
        said.append(
            Said(ANSWERED, answer.answered_at, who, answer.text, answer.number, seen, len(files) - len(seen))
        )
    order = (ASKED, MERGED, ANSWERED, ASKED_AGAIN)
    # What was merged into it may be older, and is read after it all the same.
    return sorted(said, key=lambda one: (one.kind != ASKED, one.at, order.index(one.kind), one.number))
