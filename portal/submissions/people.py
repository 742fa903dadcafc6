"""How a lab sees the persons of an agency on its case: under a stable name, unless the agreed terms show names."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef

from portal.accounts.models import Kind, Membership, Organisation, Role, User
from portal.submissions.models import Alias, Submission, Terms

# The first of these that a person holds gives the word in their name; it stays when their roles change.
WORDS = (Role.REVIEWER, Role.COORDINATOR, Role.DESIGNATOR, Role.LIAISON, Role.AUDITOR, Role.SECURITY)

# Where a page knows that it is an agency's person and has no stable name at hand.
UNNAMED = "A person of an agency"


def give_alias(*, case: Submission, user: User, organisation: Organisation, word: str) -> str:
    """The person's stable name on a case; made, from the words of their seat, when there is none."""
    key = (case.pk, user.pk)
    return stable_names({key: f"{organisation.short_name} {word}"})[key]


def public_names(submission: Submission, user_ids: Iterable[UUID]) -> dict[UUID, str]:
    """What the lab may call these persons on this case: ``"CAISI reviewer 2"``, or a name where it may know it."""
    names = names_on((submission.pk, user) for user in user_ids)
    return {user: name for (_, user), name in names.items()}


def names_on(
    pairs: Iterable[tuple[UUID, UUID]], cases: dict[UUID, Any] | None = None
) -> dict[tuple[UUID, UUID], str]:
    """The same for pairs of case id and person id, in three queries, and two more where a stable name is new.

    Persons of the lab and of partners go by their names; so do an agency's where the case's agreed terms say so. ``cases``
    are those of ``cases_named``, where the caller has them.
    """
    wanted = set(pairs)
    if not wanted:
        return {}
    if cases is None:
        cases = cases_named({case for case, _ in wanted})
    people = _people({user for _, user in wanted})
    names: dict[tuple[UUID, UUID], str] = {}
    hidden: dict[tuple[UUID, UUID], str] = {}
    for case, user in wanted:
        person, seats = people[user]
        stem = _stem(seats)
        of_lab = any(seat.organisation_id == cases[case].lab_id for seat in seats)
        if stem and not of_lab and not cases[case].names_shown:
            hidden[case, user] = stem
        else:
            names[case, user] = str(person)
    return names | stable_names(hidden)


def cases_named(ids: Iterable[UUID]) -> dict[UUID, Any]:
    """Cases by id, each with ``names_shown``: whether its agreed terms show an agency's persons by name."""
    agreed = Terms.objects.filter(
        submission=OuterRef("pk"),
        lab_accepted_at__isnull=False,
        government_accepted_at__isnull=False,
        names_shown=True,
    )
    return Submission.objects.annotate(names_shown=Exists(agreed)).in_bulk(ids)


def _people(ids: set[UUID]) -> dict[UUID, tuple[User, list[Membership]]]:
    """Each person with every membership they have or had: who left an agency does not become known by leaving."""
    seats: dict[UUID, list[Membership]] = {user: [] for user in ids}
    found: dict[UUID, User] = {}
    rows = (
        Membership.objects.filter(user__in=ids).select_related("user", "organisation").order_by("since", "pk")
    )
    for seat in rows:
        seats[seat.user_id].append(seat)
        found[seat.user_id] = seat.user
    if missing := ids - set(found):
        found |= User.objects.in_bulk(missing)
    return {user: (found[user], seats[user]) for user in ids}


def _stem(seats: list[Membership]) -> str:
    """Such as ``CAISI reviewer``; empty for who is of no agency."""
    of_agencies = [seat for seat in seats if seat.organisation.kind == Kind.AGENCY]
    if not of_agencies:
        return ""
    # A membership that lasts counts before one that ended.
    best = min(of_agencies, key=lambda seat: (seat.ended_at is not None, WORDS.index(Role(seat.role))))
    return f"{best.organisation.short_name} {Role(best.role).label.lower()}"


def stable_names(stems: dict[tuple[UUID, UUID], str]) -> dict[tuple[UUID, UUID], str]:
    """The stable name of each pair of case and person, made from its stem where it is new.

    Two who make the same name at once: the unique indexes let one through, the other takes the next number.
    """
    if not stems:
        return {}
    cases = {case for case, _ in stems}
    while True:
        rows = list(
            Alias.objects.filter(submission__in=cases).values_list("submission_id", "user_id", "label")
        )
        known = {(case, user): label for case, user, label in rows if (case, user) in stems}
        missing = sorted(set(stems) - set(known))
        if not missing:
            return known
        taken = {(case, label) for case, _, label in rows}
        made = [_new(case, user, stems[case, user], taken) for case, user in missing]
        Alias.objects.bulk_create(made, ignore_conflicts=True)


def _new(case: UUID, user: UUID, stem: str, taken: set[tuple[UUID, str]]) -> Alias:
    number = 1
    while (case, f"{stem} {number}") in taken:
        number += 1
    taken.add((case, f"{stem} {number}"))
    return Alias(submission_id=case, user_id=user, label=f"{stem} {number}")
