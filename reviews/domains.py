"""Which cases are outside a person's domain, told from seats, profiles and the steps that people took (docs/adr/0029)."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from portal.ledger.models import Event
from reviews.models import Assignment, ReviewerProfile

Pair = tuple[UUID, UUID]


def outside(pairs: set[Pair], since: datetime, until: datetime) -> set[Pair]:
    """Those (person, case) of which the case's domains and the person's are known and have nothing in common, and where the
    person neither has a seat on the case nor took a step on it. Four queries, however many there are.

    A person's domains are those on their profiles, of their seats until ``until``, and of the cases on which they took a step
    from ``since`` until then.
    """
    people = {person for person, _ in pairs}
    stepped = _steps(people, since, until)
    seats = Assignment.objects.filter(reviewer__in=people, attested_at__lt=until).order_by()
    sat = list(seats.values_list("reviewer_id", "submission_id", "domain"))
    of_cases = _domains({case for _, case in pairs} | {case for _, case in stepped}, until)
    own: dict[UUID, set[str]] = defaultdict(set)
    for person, _, domain in sat:
        own[person].add(domain)
    for person, case in stepped:
        own[person] |= of_cases[case]
    profiles = ReviewerProfile.objects.filter(membership__user__in=people).order_by()
    for person, domains in profiles.values_list("membership__user_id", "domains"):
        own[person].update(domains)
    theirs = stepped | {(person, case) for person, case, _ in sat}
    return {
        (person, case)
        for person, case in pairs - theirs
        if own[person] and of_cases[case] and not own[person] & of_cases[case]
    }


def _steps(people: Iterable[UUID], since: datetime, until: datetime) -> set[Pair]:
    """The cases on which these people changed something."""
    rows = Event.objects.changes().filter(
        actor__in=list(people), case_id__isnull=False, at__gte=since, at__lt=until
    )
    return set(rows.order_by().values_list("actor_id", "case_id").distinct())


def _domains(cases: Iterable[UUID], until: datetime) -> dict[UUID, set[str]]:
    """The domains in which each case is reviewed, or is to be."""
    found: dict[UUID, set[str]] = defaultdict(set)
    rows = Assignment.objects.filter(submission__in=list(cases), proposed_at__lt=until).order_by()
    for case, domain in rows.values_list("submission_id", "domain").distinct():
        found[case].add(domain)
    return found
