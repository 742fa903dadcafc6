"""Small cells of a table are left out, and as many others that none of them follows from the totals. Pure functions.

A table of counts is published with the totals of its rows and columns and the total of all, so each row and column is an
equation. The cells left out are edges between a row and a column: one that lies on no circle of such edges follows from the
equations alone. So each small cell gets the cheapest circle through it, and more of its line where those left out of the line
add up to a small number again: their sum would tell of as few.
"""

import heapq
from collections.abc import Sequence

# A count below this says too much about the few it counts; none is no one's secret.
SMALL = 5

Table = Sequence[Sequence[int]]
Cell = tuple[int, int]


def suppressed(table: Table, *, small: int = SMALL) -> frozenset[Cell]:
    """The cells (row, column) to leave out, the totals included: row ``len(table)`` and column ``len(table[0])`` hold them.

    The same table gives the same answer. Where nothing else helps, everything that is no zero is left out.
    """
    whole = with_totals(table)
    cells = [(r, c) for r in range(len(whole)) for c in range(len(whole[0])) if whole[r][c]]
    out = {cell for cell in cells if whole[cell[0]][cell[1]] < small}
    while (weak := _weak(whole, out, small)) is not None:
        cell, alone = weak
        added = _circle(whole, out, cell) if alone else _next_of_line(whole, out, cell)
        if not added:
            return frozenset(cells)
        out |= added
    return frozenset(out)


def with_totals(table: Table) -> list[list[int]]:
    """The table with the total of each row, of each column, and of all."""
    whole = [[*row, sum(row)] for row in table]
    return [*whole, [sum(column) for column in zip(*whole, strict=True)]]


def _weak(whole: Table, out: set[Cell], small: int) -> tuple[Cell, bool] | None:
    """The first cell that could be told from the others, and whether by an equation, or as part of a small sum."""
    for cell in sorted(out):
        if _way(whole, out, cell, only=out) is None:
            return cell, True
    for r, c in sorted(out):
        for line in ({x for x in out if x[0] == r}, {x for x in out if x[1] == c}):
            # A total that is shown says what the cells left out of its line add up to.
            if not any(_is_total(whole, x) for x in line) and sum(whole[a][b] for a, b in line) < small:
                return (r, c), False
    return None


def _is_total(whole: Table, cell: Cell) -> bool:
    return cell[0] == len(whole) - 1 or cell[1] == len(whole[0]) - 1


def _cost(whole: Table, cell: Cell) -> int:
    """What it costs to leave a cell out: what it counts; a total more than any cell within."""
    value = whole[cell[0]][cell[1]]
    return value + (whole[-1][-1] + 1) * 100 if _is_total(whole, cell) else value


def _way(whole: Table, out: set[Cell], cell: Cell, *, only: set[Cell] | None = None) -> set[Cell] | None:
    """The cheapest way from a cell's row to its column over other cells (Dijkstra); what is left out already costs nothing."""
    usable = sorted(
        only
        if only is not None
        else {(r, c) for r in range(len(whole)) for c in range(len(whole[0])) if whole[r][c]}
    )
    start, goal = ("row", cell[0]), ("column", cell[1])
    waiting: list[tuple[int, tuple[Cell, ...], tuple[str, int]]] = [(0, (), start)]
    done = set()
    while waiting:
        spent, way, node = heapq.heappop(waiting)
        if node == goal:
            return set(way)
        if node in done:
            continue
        done.add(node)
        kind, number = node
        for other in usable:
            if other == cell or other[kind == "column"] != number:
                continue
            beyond = ("column", other[1]) if kind == "row" else ("row", other[0])
            price = 0 if other in out else _cost(whole, other)
            heapq.heappush(waiting, (spent + price, (*way, other), beyond))
    return None


def _circle(whole: Table, out: set[Cell], cell: Cell) -> set[Cell]:
    return (_way(whole, out, cell) or set()) - out


def _next_of_line(whole: Table, out: set[Cell], cell: Cell) -> set[Cell]:
    """The cheapest cell of the cell's row or column that is still shown."""
    line = [(cell[0], c) for c in range(len(whole[0]))] + [(r, cell[1]) for r in range(len(whole))]
    shown = [x for x in line if x not in out and whole[x[0]][x[1]]]
    return {min(shown, key=lambda x: (_cost(whole, x), x))} if shown else set()
