"""What a suggestion costs, in whole numbers. Only their comparison means anything; nobody is shown one.

Each seat costs by the reviewer's expertise, by how full the reviewer is, by how much the agency carries already, and by
whether the lab is new to the reviewer. Fullness grows with each seat, so seats spread by themselves.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable

from reviews.matching.facts import Facts, Need, Reviewer

# A seat of a reviewer who is almost full, against one who has none; likewise for an agency.
LOAD, AGENCY = 12, 8
# For each further domain of a reviewer: who knows several stays free for the others.
BREADTH = 2
NEW_TO_LAB = 3
TIES = 1000


def tie(reviewer: str, case: str, domain: str) -> int:
    """Decides between equal costs: by the ids alone, and not always for the one who comes first in an alphabet."""
    text = f"{reviewer}/{case}/{domain}".encode()
    return int.from_bytes(hashlib.sha256(text).digest()[:4], "big") % TIES


def of_fit(reviewer: Reviewer, *, knows_lab: bool) -> int:
    return BREADTH * (len(reviewer.domains) - 1) + (0 if knows_lab else NEW_TO_LAB)


def of_load(reviewer: Reviewer, more: int) -> int:
    """What the reviewer's next seat costs after ``more`` of this run; never less than the one before."""
    return LOAD * (reviewer.load + more) // reviewer.cap


class Shares:
    """What each agency carries, as a part of what its reviewers can."""

    def __init__(self, reviewers: Iterable[Reviewer]):
        self.loads: Counter[str] = Counter()
        self.caps: Counter[str] = Counter()
        self.rooms: Counter[str] = Counter()
        for reviewer in reviewers:
            if reviewer.room:
                self.loads[reviewer.agency] += reviewer.load
                self.caps[reviewer.agency] += reviewer.cap
                self.rooms[reviewer.agency] += reviewer.room

    def cost(self, agency: str, more: int) -> int:
        """What the agency's next seat costs after ``more`` of this run."""
        return AGENCY * (self.loads[agency] + more) // self.caps[agency]


def scales(needs: Iterable[Need], reviewers: Iterable[Reviewer]) -> tuple[int, int]:
    """What one unit of cost weighs, so that ties never add up to one; and what an empty seat weighs: more than all costs."""
    seats = sum(need.seats for need in needs)
    widest = max((len(reviewer.domains) for reviewer in reviewers), default=1)
    unit = TIES * (seats + 1)
    return unit, unit * ((LOAD + AGENCY + BREADTH * widest + NEW_TO_LAB) * seats + 1)


def total(facts: Facts, chosen: Iterable[tuple[str, str, str]]) -> int:
    """The cost of a whole choice of (reviewer, case, domain), ties included; the flow minimises this very number."""
    chosen = list(chosen)
    reviewers = {reviewer.id: reviewer for reviewer in facts.reviewers}
    unit, _ = scales(facts.needs, facts.reviewers)
    shares = Shares(facts.reviewers)
    seats: Counter[str] = Counter()
    carried: Counter[str] = Counter()
    cost = ties = 0
    for who, case, domain in chosen:
        reviewer = reviewers[who]
        cost += of_fit(reviewer, knows_lab=(who, case) in facts.prior)
        cost += of_load(reviewer, seats[who]) + shares.cost(reviewer.agency, carried[reviewer.agency])
        ties += tie(who, case, domain)
        seats[who] += 1
        carried[reviewer.agency] += 1
    return cost * unit + ties
