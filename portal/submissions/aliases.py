"""Under what name a lab sees a person of an agency on one case: given with the seat, and read by ``people``."""

from collections.abc import Iterable
from uuid import UUID

from portal.submissions import people
from portal.submissions.models import Submission

UNNAMED = "A person of an agency"


def give_alias(*, case: Submission, user, organisation, word: str) -> str:
    """The person's alias on a case, such as "CAISI reviewer 2"; made, from the words of the seat, when there is none."""
    key = (case.pk, user.pk)
    return people.stable_names({key: f"{organisation.short_name} {word}"})[key]


def shown_names(case: Submission, user_ids: Iterable[UUID]) -> dict[UUID, str]:
    """What the lab reads instead of each person."""
    return people.public_names(case, user_ids)
