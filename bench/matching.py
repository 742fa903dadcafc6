"""``python -m bench.matching``: 200 reviewers and 50 cases matched, beside the bare solver and a greedy choice.

Each runs in a process of its own. "Above idle" is its peak resident memory less that of a process that has imported the same.
The yardstick is ``networkx.network_simplex`` on the same network, made beforehand: what the reading of facts, the reasons and
the remedies add to it. The greedy choice takes for each seat the cheapest who is free; it shows what the flow is for.
"""

import json
import subprocess
import sys

REVIEWERS, CASES, AGENCIES = 200, 50, 12
DOMAINS = ("cyber", "biological", "chemical", "autonomy", "other")
RUN = """
import json, resource, sys, time
import networkx
from bench import matching
from reviews.matching import flow, match
how, few = sys.argv[1], sys.argv[2] == "few"
facts = matching.facts(few=few)
graph = flow.build(facts) if how == "bare" else None
begun, filled, cost = time.perf_counter(), 0, 0
if how == "ours":
    found = match(facts)
    filled, cost = len(found.pairs), found.cost
elif how == "bare":
    _, arcs = networkx.network_simplex(graph)
elif how == "greedy":
    filled, cost = matching.greedy(facts)
seconds = time.perf_counter() - begun
print(json.dumps([seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, filled, cost]))
"""


def facts(*, few: bool):
    """Invented reviewers of one to three domains, a third of whose seats are taken; 50 cases of one to three domains and a lead
    each. With ``few`` they have one seat each at most, so that a good part of the wanted seats stays empty."""
    import random

    from reviews.matching import Bar, Facts, Need, Reviewer

    chance = random.Random(14)
    reviewers = []
    for number in range(REVIEWERS):
        domains = frozenset(chance.sample(DOMAINS, chance.choice([1, 1, 2, 3])))
        load, agency = chance.randrange(3), f"agency-{chance.randrange(AGENCIES)}"
        reviewers.append(Reviewer(f"reviewer-{number}", agency, domains, load, 2 if few else 4))
    needs = []
    for number in range(CASES):
        wanted = chance.sample(DOMAINS, chance.choice([1, 2, 3]))
        more = 2 if few else 0
        needs += [
            Need(f"case-{number}", name, 1 + (name == wanted[0]) + more, name == wanted[0]) for name in wanted
        ]
    pairs = [(one.id, f"case-{number}") for one in reviewers for number in range(CASES)]
    return Facts(
        tuple(needs),
        tuple(reviewers),
        barred=frozenset((who, case, Bar.CONFLICT) for who, case in chance.sample(pairs, len(pairs) // 20)),
        prior=frozenset(chance.sample(pairs, len(pairs) // 20)),
        agencies=frozenset(f"agency-{number}" for number in range(AGENCIES)),
    )


def greedy(known) -> tuple[int, int]:
    """Seat by seat the cheapest who is free: seats filled, and their cost as the matcher reckons it."""
    from collections import Counter

    from reviews.matching import costs

    shares = costs.Shares(known.reviewers)
    barred = {(who, case) for who, case, _ in known.barred}
    seats, carried, taken = Counter(), Counter(), []
    for need in known.needs:
        for _ in range(need.seats):
            on = {who for who, case, _ in taken if case == need.case}
            able = [
                (
                    costs.of_fit(one, knows_lab=(one.id, need.case) in known.prior)
                    + costs.of_load(one, seats[one.id])
                    + shares.cost(one.agency, carried[one.agency]),
                    one.id,
                    one.agency,
                )
                for one in known.reviewers
                if need.domain in one.domains
                and seats[one.id] < one.room
                and one.id not in on
                and (one.id, need.case) not in barred
            ]
            if able:
                _, who, agency = min(able)
                seats[who] += 1
                carried[agency] += 1
                taken.append((who, need.case, need.domain))
    return len(taken), costs.total(known, taken)


def measure(how: str, size: str) -> list[float]:
    """Seconds (the best of three), peak in MB, seats filled, cost."""
    runs = []
    for _ in range(3):
        done = subprocess.run(
            [sys.executable, "-c", RUN, how, size], check=True, stdout=subprocess.PIPE, text=True
        )
        runs.append(json.loads(done.stdout))
    return min(runs)


def main() -> None:
    from reviews.matching import costs

    print("| facts | what | seconds | ratio to the bare solver | peak above idle | seats filled | cost |")
    print("|---|---|---|---|---|---|---|")
    for size, label in (("many", "room for all"), ("few", "too few")):
        known = facts(few=size == "few")
        asked = sum(need.seats for need in known.needs)
        unit, _ = costs.scales(known.needs, known.reviewers)
        idle = measure("idle", size)[1]
        whats = {
            "ours": "`match`",
            "bare": "the bare solver, its network made before",
            "greedy": "greedy",
        }
        found = {how: measure(how, size) for how in whats}
        for how, (seconds, peak, filled, cost) in found.items():
            said = f"{filled} of {asked} | {cost / unit:.0f}" if filled else "as `match` | as `match`"
            ratio = seconds / found["bare"][0]
            print(
                f"| {label} | {whats[how]} | {seconds:.2f} | {ratio:.2f} | {max(0, peak - idle):.0f} MB | {said} |"
            )


if __name__ == "__main__":
    main()
