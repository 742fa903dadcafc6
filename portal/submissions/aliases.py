"""Under what name a lab sees a person of an agency on one case: a stable alias, unless the agreed terms say names."""

from collections.abc import Iterable
from uuid import UUID

from portal.accounts.models import User
from portal.submissions.models import Alias, Submission

UNNAMED = "A person of an agency"


def give_alias(*, case: Submission, user, organisation, word: str) -> Alias:
    """The person's alias on a case whose row the caller has locked, such as "CAISI reviewer 2"; made when there is none."""
    found = Alias.objects.filter(submission=case, user=user).first()
    if found is not None:
        return found
    start = f"{organisation.short_name} {word}"
    taken = Alias.objects.filter(submission=case, label__startswith=f"{start} ").count()
    return Alias.objects.create(submission=case, user=user, label=f"{start} {taken + 1}"[:80])


def shown_names(case: Submission, people: Iterable[UUID]) -> dict[UUID, str]:
    """What the lab reads instead of each person: two queries, whatever their number."""
    ids = set(people)
    agreed = case.terms.filter(lab_accepted_at__isnull=False, government_accepted_at__isnull=False)
    if agreed.order_by("-number").values_list("names_shown", flat=True).first():
        found = dict(User.objects.filter(pk__in=ids).values_list("pk", "name"))
    else:
        found = dict(Alias.objects.filter(submission=case, user_id__in=ids).values_list("user_id", "label"))
    return {person: found.get(person) or UNNAMED for person in ids}
