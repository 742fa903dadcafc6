"""Seats that stay empty: what binds, and three things each of which would fill one more."""

from collections import Counter

from reviews.matching.facts import Facts, Need, Pair, Remedy, Reviewer, Unmet

# The order in which remedies are offered; of those that help here, the first three.
RAISE_CAP, ADD_EXPERTISE, ASK_AGENCY = "raise_cap", "add_expertise", "ask_agency"
NEW_REVIEWER, FEWER_SEATS, LATER = "new_reviewer", "fewer_seats", "later"


def find_unmet(facts: Facts, pairs: tuple[Pair, ...]) -> tuple[Unmet, ...]:
    """Each (case, domain) of which a seat stays empty. The lead's seat is the last that does."""
    filled = Counter((pair.case, pair.domain) for pair in pairs)
    led = {pair.case for pair in pairs if pair.lead}
    ledger = _Binding(facts, pairs)
    wanted: dict[tuple[str, str], Need] = {}
    for need in facts.needs:
        before = wanted.get((need.case, need.domain))
        seats, lead = (before.seats, before.lead) if before else (0, False)
        wanted[need.case, need.domain] = Need(need.case, need.domain, seats + need.seats, lead or need.lead)
    return tuple(
        Unmet(
            case=need.case,
            domain=need.domain,
            seats=need.seats - filled[key],
            lead=need.lead and need.case not in led,
            reasons=ledger.reasons(need),
            remedies=ledger.remedies(need),
        )
        for key, need in sorted(wanted.items())
        if need.seats > filled[key]
    )


class _Binding:
    """What keeps each reviewer from a seat, with the run's pairs made."""

    def __init__(self, facts: Facts, pairs: tuple[Pair, ...]):
        self.reviewers = sorted(facts.reviewers, key=lambda one: one.id)
        self.agencies = sorted(facts.agencies)
        self.barred = {(who, case): str(bar) for who, case, bar in sorted(facts.barred, reverse=True)}
        self.taken = Counter(pair.reviewer for pair in pairs)
        self.on = {(pair.reviewer, pair.case) for pair in pairs}

    def why_not(self, reviewer: Reviewer, case: str) -> str:
        """What binds for a reviewer of the domain; empty for one who could take a seat."""
        if reviewer.kept_out:
            return str(reviewer.kept_out)
        if (reviewer.id, case) in self.barred:
            return self.barred[reviewer.id, case]
        if (reviewer.id, case) in self.on:
            return "on_this_case"
        if not reviewer.room:
            return "full"
        return "used_up" if self.taken[reviewer.id] >= reviewer.room else ""

    def reasons(self, need: Need) -> tuple[tuple[str, int], ...]:
        """Each reason with how many reviewers of the domain it keeps away, the commonest first."""
        of_domain = [one for one in self.reviewers if need.domain in one.domains]
        if not of_domain:
            return (("nobody_of_domain", 0),)
        counts = Counter(self.why_not(one, need.case) for one in of_domain)
        return tuple(sorted(counts.items(), key=lambda item: (-item[1], item[0])))

    def remedies(self, need: Need) -> tuple[Remedy, Remedy, Remedy]:
        found = [
            *self._raise_cap(need),
            *self._add_expertise(need),
            *self._ask_agency(need),
            Remedy(NEW_REVIEWER),
            Remedy(FEWER_SEATS),
            Remedy(LATER),
        ]
        return found[0], found[1], found[2]

    def _raise_cap(self, need: Need) -> list[Remedy]:
        """Of those whose cap alone binds, the one with the fewest seats."""
        bound = [
            one
            for one in self.reviewers
            if need.domain in one.domains and self.why_not(one, need.case) in ("full", "used_up")
        ]
        bound.sort(key=lambda one: (max(one.load, one.cap), one.id))
        return [Remedy(RAISE_CAP, reviewer=one.id, agency=one.agency) for one in bound[:1]]

    def _add_expertise(self, need: Need) -> list[Remedy]:
        """Of those with room and no bar but the domain, the one with the most."""
        free = [
            one
            for one in self.reviewers
            if need.domain not in one.domains and not self.why_not(one, need.case)
        ]
        free.sort(key=lambda one: (self.taken[one.id] - one.room, one.id))
        return [Remedy(ADD_EXPERTISE, reviewer=one.id, agency=one.agency) for one in free[:1]]

    def _ask_agency(self, need: Need) -> list[Remedy]:
        """An agency of which nobody here is of the domain."""
        having = {one.agency for one in self.reviewers if need.domain in one.domains}
        others = [agency for agency in self.agencies if agency not in having]
        return [Remedy(ASK_AGENCY, agency=agency) for agency in others[:1]]
