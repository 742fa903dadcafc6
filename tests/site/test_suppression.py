"""Small cells: each is left out, and none of them can be told from what is published."""

import itertools

import networkx as nx
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.site.figures.suppression import SMALL, suppressed, with_totals

COUNTS = st.one_of(st.just(0), st.integers(1, SMALL - 1), st.integers(SMALL, 60))


def tables(most: int = 5):
    return st.integers(1, most).flatmap(
        lambda columns: st.lists(
            st.lists(COUNTS, min_size=columns, max_size=columns), min_size=1, max_size=most
        )
    )


def bounds(whole: list[list[int]], out: frozenset) -> dict:
    """What each cell that is left out can be at least and at most, by brute force over small tables."""
    rows, columns = len(whole), len(whole[0])
    cells = sorted(out)
    seen: dict = {cell: set() for cell in cells}
    inner = [cell for cell in cells if cell[0] < rows - 1 and cell[1] < columns - 1]
    limit = max((whole[r][c] for r, c in cells), default=0) + SMALL
    for guess in itertools.product(range(limit + 1), repeat=len(inner)):
        table = [[whole[r][c] for c in range(columns - 1)] for r in range(rows - 1)]
        for (r, c), value in zip(inner, guess, strict=True):
            table[r][c] = value
        tried = with_totals(table)
        shown = ((r, c) for r in range(rows) for c in range(columns) if (r, c) not in out)
        if all(tried[r][c] == whole[r][c] for r, c in shown):
            for r, c in cells:
                seen[r, c].add(tried[r][c])
    return seen


@given(tables())
@settings(max_examples=400, deadline=None)
def test_every_small_cell_is_left_out_and_no_zero_is(table):
    whole, out = with_totals(table), suppressed(table)
    for r, row in enumerate(whole):
        for c, value in enumerate(row):
            if 0 < value < SMALL:
                assert (r, c) in out
            if value == 0:
                assert (r, c) not in out


# So small that every filling of the cells that are left out can be tried.
TINY = st.sampled_from([(1, 2), (1, 3), (2, 1), (3, 1), (2, 2)]).flatmap(
    lambda size: st.lists(
        st.lists(st.integers(0, 7), min_size=size[1], max_size=size[1]), min_size=size[0], max_size=size[0]
    )
)


@given(tables())
@settings(max_examples=300, deadline=None)
def test_every_cell_that_is_left_out_lies_on_a_circle_of_such_cells(table):
    graph = nx.Graph((("row", r), ("column", c)) for r, c in suppressed(table))
    assert list(nx.bridges(graph)) == []


@given(TINY)
@settings(max_examples=60, deadline=None)
def test_no_cell_that_is_left_out_follows_from_what_is_published(table):
    whole, out = with_totals(table), suppressed(table)
    for cell, values in bounds(whole, out).items():
        assert len(values) > 1, (whole, sorted(out), cell, values)


@given(tables())
@settings(max_examples=200, deadline=None)
def test_the_same_table_gives_the_same_answer_and_a_safe_one_is_shown_whole(table):
    assert suppressed(table) == suppressed([list(row) for row in table])
    if all(value == 0 or value >= SMALL for row in table for value in row):
        assert suppressed(table) == frozenset()


def test_one_small_cell_takes_three_others_with_it():
    table = [[3, 20, 30], [10, 12, 40], [50, 60, 70]]
    assert suppressed(table) == {(0, 0), (0, 1), (1, 0), (1, 1)}


def test_of_a_single_row_the_total_goes_too():
    assert suppressed([[3, 20]]) >= {(0, 0)}
    whole, out = with_totals([[3, 20]]), suppressed([[3, 20]])
    assert all(len(values) > 1 for values in bounds(whole, out).values())
