"""Publishing the questions that assessments of a domain answer."""

from collections.abc import Sequence
from datetime import datetime

from django.db import IntegrityError, transaction

from portal import clock
from portal.asking import Asked, keyed
from portal.errors import Invalid, NotAllowed, Stale
from portal.ledger import actions as ledger
from portal.scope import action
from reviews import policies
from reviews.actions import common
from reviews.models import Domain, RubricQuestion, RubricVersion
from reviews.rubrics import MOVED_ON, NOUNS, prepare


@action
def publish_rubric(
    *,
    actor,
    domain: str,
    questions: Sequence[Asked],
    expected_number: int,
    introduction: str = "",
    note: str = "",
    at: datetime | None = None,
) -> RubricVersion:
    """A new version of a domain's rubric; drafts stay with theirs until their authors move them.

    ``expected_number`` is the number of the version that was current when the effect was shown, 0 for none: with another one
    current by now it raises Stale. A question with the key of an earlier one is that question, in these words.
    """
    at = at or clock.now()
    if not policies.publishes_rubrics(actor):
        raise NotAllowed("A programme coordinator publishes rubrics.")
    if domain not in Domain.values:
        raise Invalid("Choose a domain.", field="domain")
    found = prepare(
        domain=domain,
        questions=questions,
        expected_number=expected_number,
        introduction=introduction,
        note=note,
    )
    version = RubricVersion(
        domain=domain, number=found.number, introduction=introduction.strip(), note=note.strip(), published_at=at,
        published_by=actor,
    )  # fmt: skip
    common.check_fields(version, ["introduction", "note"])
    rows = _rows(version, found.asked)
    try:
        with transaction.atomic():
            version.save(force_insert=True)
    except IntegrityError as error:
        # Somebody's of the same number was committed meanwhile.
        raise Stale(MOVED_ON) from error
    RubricQuestion.objects.bulk_create(rows)
    ledger.record(
        actor=actor, verb="publish_rubric", subject=version, capacity="coordinator",
        data={"domain": domain, "number": version.number, "questions": len(rows)}, at=at,
    )  # fmt: skip
    return version


def _rows(version: RubricVersion, asked: Sequence[Asked]) -> list[RubricQuestion]:
    earlier = RubricQuestion.objects.filter(version__domain=version.domain)
    taken = set(earlier.values_list("key", flat=True))
    rows = []
    for position, one in enumerate(keyed(asked, taken, nouns=NOUNS), start=1):
        row = RubricQuestion(
            version=version, key=one.key, title=one.title, guidance=one.guidance, position=position
        )
        common.check_fields(row, ["title", "guidance"])
        rows.append(row)
    return rows
