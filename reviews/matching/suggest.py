"""From facts to a suggestion: the flow's choice, who leads, and why for each pair and each exclusion."""

from collections import Counter, defaultdict

from reviews.matching import costs, flow
from reviews.matching.facts import Bar, Excluded, Facts, Pair, Reviewer, Suggestion
from reviews.matching.unmet import find_unmet


def match(facts: Facts) -> Suggestion:
    """Suggest a reviewer for as many of the wanted seats as can be filled, at the least cost.

    Nobody is paired above their cap, against a bar, or twice with a case. Raises ValueError for facts that contradict
    themselves: two needs of a case that want its lead, two reviewers of one id, seats below one.
    """
    _check(facts)
    chosen = flow.solve(facts)
    leads = _leads(facts, chosen)
    pairs = _explained(facts, chosen, leads)
    return Suggestion(
        pairs=pairs,
        excluded=_excluded(facts),
        unmet=find_unmet(facts, pairs),
        cost=costs.total(facts, chosen),
    )


def _check(facts: Facts) -> None:
    leads = Counter(need.case for need in facts.needs if need.lead)
    ids = Counter(reviewer.id for reviewer in facts.reviewers)
    if any(number > 1 for number in leads.values()):
        raise ValueError("A case has one lead.")
    if any(number > 1 for number in ids.values()):
        raise ValueError("Each reviewer is named once.")
    if any(need.seats < 1 for need in facts.needs):
        raise ValueError("A need is of one seat or more.")


def _leads(facts: Facts, chosen: list[flow.Chosen]) -> set[tuple[str, str]]:
    """(reviewer, case) of those who lead: of the domain that wants the lead, who costs least in fit."""
    reviewers = {reviewer.id: reviewer for reviewer in facts.reviewers}
    wanting = {(need.case, need.domain) for need in facts.needs if need.lead}
    found: dict[tuple[str, str], list[tuple[int, int, str]]] = defaultdict(list)
    for who, case, domain in chosen:
        if (case, domain) in wanting:
            fit = costs.of_fit(reviewers[who], knows_lab=(who, case) in facts.prior)
            found[case, domain].append((fit, costs.tie(who, case, domain), who))
    return {(min(those)[2], case) for (case, _), those in found.items()}


def _explained(facts: Facts, chosen: list[flow.Chosen], leads: set) -> tuple[Pair, ...]:
    reviewers = {reviewer.id: reviewer for reviewer in facts.reviewers}
    above = _above_their_part(facts, chosen)
    taken: Counter[str] = Counter()
    pairs = []
    for who, case, domain in sorted(chosen, key=lambda one: (one[1], one[2], one[0])):
        reviewer = reviewers[who]
        why = (
            "only_domain" if len(reviewer.domains) == 1 else "one_of_domains",
            _fullness(reviewer, taken[who]),
            "agency_above" if reviewer.agency in above else "agency_within",
            "knows_lab" if (who, case) in facts.prior else "new_to_lab",
        )
        taken[who] += 1
        pairs.append(Pair(case, domain, (who, case) in leads, who, reviewer.agency, why))
    return tuple(pairs)


def _fullness(reviewer: Reviewer, more: int) -> str:
    """In steps and not in numbers: a number would tell of seats on cases that its reader may not know."""
    if reviewer.load + more + 1 == reviewer.cap:
        return "last_seat"
    return "first_seat" if reviewer.load + more == 0 else "has_room"


def _above_their_part(facts: Facts, chosen: list[flow.Chosen]) -> set[str]:
    """The agencies that would carry a larger part of what their reviewers can than all agencies together do."""
    shares = costs.Shares(facts.reviewers)
    agencies = {reviewer.id: reviewer.agency for reviewer in facts.reviewers}
    carried = Counter(agencies[who] for who, _, _ in chosen)
    loads = sum(shares.loads.values()) + len(chosen)
    caps = sum(shares.caps.values())
    return {
        agency
        for agency, cap in shares.caps.items()
        # One seat more or less is no imbalance.
        if (shares.loads[agency] + carried[agency] - 1) * caps > loads * cap
    }


def _excluded(facts: Facts) -> tuple[Excluded, ...]:
    """Who was not considered and why. A bar on one case is told only of who would otherwise have been considered for it."""
    wanted: dict[str, set[str]] = defaultdict(set)
    for need in facts.needs:
        wanted[need.case].add(need.domain)
    every = set().union(*wanted.values())
    found = []
    for reviewer in facts.reviewers:
        if reviewer.kept_out:
            found.append(Excluded(reviewer.id, "", reviewer.kept_out))
        elif not reviewer.domains & every:
            found.append(Excluded(reviewer.id, "", Bar.DOMAIN))
        elif not reviewer.room:
            found.append(Excluded(reviewer.id, "", Bar.FULL))
    told = {one.reviewer for one in found}
    domains = {reviewer.id: reviewer.domains for reviewer in facts.reviewers}
    for who, case, bar in facts.barred:
        if who in domains and who not in told and domains[who] & wanted[case]:
            found.append(Excluded(who, case, bar))
    return tuple(sorted(found, key=lambda one: (one.reviewer, one.case, one.bar)))
