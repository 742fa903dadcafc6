"""The matching as a flow of least cost: everyone -> agency -> reviewer -> (reviewer on a case) -> need.

An agency's and a reviewer's arcs grow dearer with each seat; a person passes a case once; what no reviewer fills comes at a
price above all others. Nodes and arcs are made in the order of ids, so the order of the facts cannot matter.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from itertools import groupby

from reviews.matching import costs
from reviews.matching.facts import Facts, Reviewer

Chosen = tuple[str, str, str]
SOURCE = ("source",)


def solve(facts: Facts) -> list[Chosen]:
    """(reviewer, case, domain) of the cheapest choice that fills as many seats as can be filled, in order."""
    # Takes a third of a second, which no other request should pay.
    import networkx as nx

    graph = build(facts)
    _, flow = nx.network_simplex(graph)
    return sorted(
        (start[1], end[1], end[2])
        for start, arcs in flow.items()
        if start[0] in ("reviewer", "once")
        for end, amount in arcs.items()
        if end[0] == "need" and amount
    )


def build(facts: Facts):
    """The network, for networkx to solve."""
    import networkx as nx

    graph = nx.DiGraph()
    unit, empty = costs.scales(facts.needs, facts.reviewers)
    wanted = wanted_seats(facts)
    graph.add_node(SOURCE, demand=-sum(wanted.values()))
    for (case, domain), seats in wanted.items():
        graph.add_node(("need", case, domain), demand=seats)
        graph.add_edge(SOURCE, ("need", case, domain), capacity=seats, weight=empty)
    reviewers = [reviewer for reviewer in sorted(facts.reviewers, key=lambda one: one.id) if reviewer.room]
    shares = costs.Shares(reviewers)
    for agency in sorted(shares.rooms):
        room = min(shares.rooms[agency], sum(wanted.values()))
        _stairs(graph, SOURCE, ("agency", agency), room, lambda more, of=agency: unit * shares.cost(of, more))
    fits = fitting(facts, reviewers, wanted)
    for reviewer in reviewers:
        node = ("reviewer", reviewer.id)
        _stairs(
            graph, ("agency", reviewer.agency), node, reviewer.room,
            lambda more, of=reviewer: unit * costs.of_load(of, more),
        )  # fmt: skip
        for case, domains in fits[reviewer.id]:
            start = node
            if len(domains) > 1:
                start = ("once", reviewer.id, case)
                graph.add_edge(node, start, capacity=1, weight=0)
            fit = costs.of_fit(reviewer, knows_lab=(reviewer.id, case) in facts.prior)
            for domain in domains:
                weight = unit * fit + costs.tie(reviewer.id, case, domain)
                graph.add_edge(start, ("need", case, domain), capacity=1, weight=weight)
    return graph


def wanted_seats(facts: Facts) -> dict[tuple[str, str], int]:
    """Seats by (case, domain), in order."""
    seats: dict[tuple[str, str], int] = defaultdict(int)
    for need in sorted(facts.needs, key=lambda one: (one.case, one.domain)):
        seats[need.case, need.domain] += need.seats
    return seats


def fitting(facts: Facts, reviewers: list[Reviewer], wanted) -> dict[str, list[tuple[str, list[str]]]]:
    """By reviewer, the cases the reviewer may take and the wanted domains of each that the reviewer knows."""
    barred = {(who, case) for who, case, _ in facts.barred}
    cases = [(case, [key[1] for key in keys]) for case, keys in groupby(wanted, key=lambda key: key[0])]
    return {
        reviewer.id: [
            (case, known)
            for case, domains in cases
            if (reviewer.id, case) not in barred
            and (known := [domain for domain in domains if domain in reviewer.domains])
        ]
        for reviewer in reviewers
    }


def _stairs(graph, start: tuple, end: tuple, room: int, price: Callable[[int], int]) -> None:
    """Arcs for ``room`` seats that grow dearer, one for each price."""
    for number, (weight, seats) in enumerate(_steps(room, price)):
        middle = ("stair", start, end, number)
        graph.add_edge(start, middle, capacity=seats, weight=weight)
        graph.add_edge(middle, end, capacity=seats, weight=0)


def _steps(room: int, price: Callable[[int], int]) -> Iterator[tuple[int, int]]:
    for weight, seats in groupby(range(room), key=price):
        yield weight, len(list(seats))
