"""How a lab sees the persons of an agency on its case: under a stable name, unless the agreed terms show names."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import JSONObject

from portal import scope
from portal.accounts.models import Kind, Membership, Organisation, Role, User
from portal.submissions.models import Alias, Submission
from portal.submissions.querysets import names_shown

# The first of these that a person holds gives the word in their name; it stays when their roles change.
WORDS = (Role.REVIEWER, Role.COORDINATOR, Role.DESIGNATOR, Role.LIAISON, Role.AUDITOR, Role.SECURITY)

# Where a page knows that it is an agency's person and has no stable name at hand.
UNNAMED = "A person of an agency"
Pair = tuple[UUID, UUID]


@dataclass(frozen=True, slots=True)
class Held:
    """A membership that a person has or had, as far as it tells what they are called. Ids are text."""

    organisation: str
    kind: str
    short_name: str
    role: str
    ended: bool


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
    return _called({(case, user): people[user] for case, user in wanted}, cases, {})


def naming(submission: Submission, person: str) -> dict[str, Any]:
    """Annotations for rows with a person in column ``person``: all that ``names_in`` needs, so that names cost no query."""
    held = Membership.objects.filter(user=OuterRef(person)).order_by("since", "pk")
    aliases = Alias.objects.filter(submission=submission, user=OuterRef(person))
    return {
        "person_held": ArraySubquery(
            held.values(
                json=JSONObject(
                    organisation=F("organisation_id"),
                    kind=F("organisation__kind"),
                    short_name=F("organisation__short_name"),
                    role=F("role"),
                    ended=Q(ended_at__isnull=False),
                )
            )
        ),
        "person_alias": Subquery(aliases.values("label")),
        "person_name": F(f"{person}__name"),
        "person_email": F(f"{person}__email"),
    }


def names_in(submission: Submission, rows: Iterable[Any], person: str) -> dict[UUID, str]:
    """As ``public_names``, for the persons of rows annotated by ``naming``. Costs no query where every stable name is known
    and the case was read ``with_names_shown``.
    """
    people: dict[Pair, tuple[User, list[Held]]] = {}
    known: dict[Pair, str] = {}
    for row in rows:
        user = getattr(row, f"{person}_id")
        pair = (submission.pk, user)
        if user is None or pair in people:
            continue
        held = [Held(**seat) for seat in row.person_held]
        people[pair] = (User(name=row.person_name, email=row.person_email), held)
        if row.person_alias:
            known[pair] = row.person_alias
    ready = hasattr(submission, "names_shown")
    cases = {submission.pk: submission} if ready else cases_named([submission.pk])
    return {user: name for (_, user), name in _called(people, cases, known).items()}


def _called(
    people: Mapping[Pair, tuple[User, list[Held]]], cases: Mapping[UUID, Any], known: Mapping[Pair, str]
) -> dict[Pair, str]:
    """The one rule: who is of an agency and not of the case's lab goes by a stable name, unless the case shows names."""
    names: dict[Pair, str] = {}
    hidden: dict[Pair, str] = {}
    for (case, user), (person, held) in people.items():
        stem = _stem(held)
        of_lab = any(seat.organisation == str(cases[case].lab_id) for seat in held)
        if not stem or of_lab or cases[case].names_shown:
            names[case, user] = str(person)
        elif (case, user) in known:
            names[case, user] = known[case, user]
        else:
            hidden[case, user] = stem
    return names | stable_names(hidden)


def cases_named(ids: Iterable[UUID]) -> dict[UUID, Any]:
    """Cases by id, read ``with_names_shown``."""
    return with_names_shown(Submission.objects.all()).in_bulk(ids)


def with_names_shown(cases: QuerySet[Submission]) -> QuerySet[Submission]:
    """Cases with ``names_shown``: whether their agreed terms show an agency's persons by name."""
    return cases.annotate(names_shown=names_shown("pk"))


def _people(ids: set[UUID]) -> dict[UUID, tuple[User, list[Held]]]:
    """Each person with every membership they have or had: who left an agency does not become known by leaving."""
    held: dict[UUID, list[Held]] = {user: [] for user in ids}
    found: dict[UUID, User] = {}
    rows = (
        Membership.objects.filter(user__in=ids).select_related("user", "organisation").order_by("since", "pk")
    )
    for seat in rows:
        house = seat.organisation
        held[seat.user_id].append(
            Held(str(house.pk), house.kind, house.short_name, seat.role, seat.ended_at is not None)
        )
        found[seat.user_id] = seat.user
    if missing := ids - set(found):
        found |= User.objects.in_bulk(missing)
    return {user: (found[user], held[user]) for user in ids}


def _stem(held: list[Held]) -> str:
    """Such as ``CAISI reviewer``; empty for who is of no agency."""
    of_agencies = [seat for seat in held if seat.kind == Kind.AGENCY]
    if not of_agencies:
        return ""
    # A membership that lasts counts before one that ended.
    best = min(of_agencies, key=lambda seat: (seat.ended, WORDS.index(Role(seat.role))))
    return f"{best.short_name} {Role(best.role).label.lower()}"


# A name is made when it is first needed, by whoever reads.
@scope.lifted("submissions")
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
