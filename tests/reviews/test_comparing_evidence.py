"""Results of both sides beside each other: which belong together, how far apart they are, and the picture of it."""

import math
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviews.evidence import chart
from reviews.evidence.chart import charts
from reviews.evidence.pairing import (
    DIFFERS,
    NO_ERROR,
    ROWS_AT_MOST,
    TOO_LARGE,
    WITHIN,
    Compared,
    Measured,
    Pair,
    compare,
    key_of,
    pair_of,
)
from tests import factories as make

LAB = Measured("cyber_range", "match", "accuracy", 0.625, 0.03, 41, "lab/kestrel", make.NOW)
OURS = Measured("inspect_evals/Cyber-Range", "match", "Accuracy", 0.75, 0.04, 40, "kestrel")


@pytest.mark.parametrize(
    ("name", "same"),
    [
        (("inspect_evals/gpqa_diamond", "choice", "accuracy"), True),
        (("GPQA-Diamond", "my_package/choice", "Accuracy"), True),
        ((" gpqa diamond ", "choice", "accuracy"), True),
        (("gpqa", "choice", "accuracy"), False),
        (("gpqa_diamond", "choice", "mean"), False),
        (("gpqa_diamond", "match", "accuracy"), False),
        # Of a metric a slash is a part of its name.
        (("gpqa_diamond", "choice", "x/accuracy"), False),
        (("gpqa_diamond/", "choice", "accuracy"), False),
    ],
)
def test_by_what_name_results_belong_together(name, same):
    assert (key_of(*name) == key_of("gpqa_diamond", "choice", "accuracy")) is same


def test_pairs_and_what_one_side_alone_has():
    theirs, mine = replace(LAB, task="pantry"), replace(OURS, metric="std")
    again = replace(OURS, value=0.5, stderr=None)
    found = compare([LAB, theirs], [OURS, mine, again])
    assert found == Compared(
        [
            Pair(LAB, again, -0.125, None, NO_ERROR),
            Pair(LAB, OURS, 0.125, 0.05, DIFFERS),
        ],
        [theirs],
        [mine],
    )
    assert compare([], []).is_empty
    assert not found.is_empty


@pytest.mark.parametrize(
    ("lab", "agency", "expected"),
    [
        ((0.5, 0.03), (0.6, 0.04), (0.6 - 0.5, 0.05, WITHIN)),
        ((0.5, 0.0), (0.5, 0.0), (0.0, 0.0, WITHIN)),
        ((0.5, 0.0), (0.6, 0.0), (0.6 - 0.5, 0.0, DIFFERS)),
        ((0.5, None), (0.5, 0.1), (0.0, None, NO_ERROR)),
        ((0.5, 0.1), (0.5, None), (0.0, None, NO_ERROR)),
        ((-1.7e308, 1.0), (1.7e308, 1.0), (None, math.hypot(1, 1), TOO_LARGE)),
        ((1.0, 1.7e308), (1.0, 1.7e308), (0.0, None, TOO_LARGE)),
        ((-1.7e308, None), (1.7e308, None), (None, None, NO_ERROR)),
    ],
)
def test_how_far_apart_two_results_are(lab, agency, expected):
    one, other = replace(LAB, value=lab[0], stderr=lab[1]), replace(OURS, value=agency[0], stderr=agency[1])
    found = pair_of(one, other)
    assert (found.difference, found.stderr, found.words) == expected


def test_no_words_weigh_anything_up():
    for words in (WITHIN, DIFFERS, NO_ERROR, TOO_LARGE):
        assert not re.search(
            r"approv|den[iy]|licen|clear|permit|hold|pass|fail|better|worse|safe|significan", words
        )


def test_of_very_many_some_are_shown_and_the_rest_is_counted():
    many = [replace(LAB, value=number) for number in range(1000)]
    found = compare(many, [replace(OURS, value=number) for number in range(1000)])
    assert (len(found.pairs), found.left_out) == (ROWS_AT_MOST, 1_000_000 - ROWS_AT_MOST)
    found = compare(many, [])
    assert (len(found.only_lab), found.left_out) == (ROWS_AT_MOST, 700)


FLOATS = st.floats() | st.sampled_from([0.0, 1.0, 5e-324, 1.7e308, -1.7e308, 1e-300])
NAMES = st.sampled_from(["range", "inspect_evals/range", "Ran ge", "ran-ge", "other"])
RESULTS = st.builds(
    Measured,
    task=NAMES,
    score=st.sampled_from(["match", "x/match"]),
    metric=st.sampled_from(["accuracy", "mean"]),
    value=FLOATS,
    stderr=st.none() | FLOATS,
    samples=st.none() | st.integers(0, 100),
    of=st.none() | st.just(make.NOW),
)
ROWS = st.lists(RESULTS, max_size=6)


@given(ROWS, ROWS, st.randoms())
def test_the_order_in_which_results_come_makes_no_difference(lab, agency, random):
    expected = compare(lab, agency)
    random.shuffle(lab)
    random.shuffle(agency)
    assert repr(compare(lab, agency)) == repr(expected)


@given(ROWS, ROWS)
def test_nothing_is_lost_and_the_other_way_round_it_is_the_same(lab, agency):
    found, turned = compare(lab, agency), compare(agency, lab)
    finite = [row for row in lab if math.isfinite(row.value)]
    in_pairs = {pair.lab.key for pair in found.pairs}
    assert len(found.only_lab) + sum(row.key in in_pairs for row in finite) == len(finite)
    assert (found.only_lab, found.only_agency) == (turned.only_agency, turned.only_lab)
    assert sorted((str(p.stderr), p.words, str(abs(p.difference or 0))) for p in found.pairs) == sorted(
        (str(p.stderr), p.words, str(abs(p.difference or 0))) for p in turned.pairs
    )


@given(st.floats(allow_nan=False, allow_infinity=False), st.none() | st.floats(0, 1e300))
def test_equal_results_are_no_distance_apart(value, stderr):
    one = replace(LAB, value=value, stderr=stderr)
    found = pair_of(one, replace(OURS, value=value, stderr=stderr))
    assert (found.difference, found.words) == (0, NO_ERROR if stderr is None else WITHIN)


def numbers(drawn: list[chart.Chart]) -> list[float]:
    """Every number of a picture."""
    marks = [mark for one in drawn for line in one.lines for mark in (line.lab, line.agency)]
    found = [x for mark in marks for x in (mark.x, mark.low, mark.high) if x is not None]
    return [*found, *(tick.x for one in drawn for tick in one.ticks)]


@given(ROWS, ROWS)
def test_whatever_the_results_the_picture_is_finite_and_within_its_frame(lab, agency):
    pairs = compare(lab, agency).pairs
    drawn = charts(pairs)
    assert all(chart.LEFT <= x <= chart.RIGHT for x in numbers(drawn))
    assert sorted(line.number for one in drawn for line in one.lines) == list(
        range(1, min(len(pairs), chart.DRAWN) + 1)
    )
    for one in drawn:
        assert 2 <= len(one.ticks) <= 5
        assert len({tick.label for tick in one.ticks}) == len(one.ticks)
        assert all(math.isfinite(float(tick.label)) for tick in one.ticks)
        for line in one.lines:
            assert line.lab.y < line.y < line.agency.y
            for mark in (line.lab, line.agency):
                assert mark.low is None or mark.low <= mark.x <= mark.high


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=2, unique=True))
def test_the_larger_result_stands_further_right_and_equal_ones_below_each_other(values):
    low, high = sorted(values)
    (drawn,) = charts([pair_of(replace(LAB, value=low), replace(OURS, value=high))])
    assert drawn.lines[0].lab.x <= drawn.lines[0].agency.x
    (drawn,) = charts([pair_of(replace(LAB, value=low), replace(OURS, value=low))])
    assert drawn.lines[0].lab.x == drawn.lines[0].agency.x


def test_a_picture_whole():
    pairs = [
        pair_of(replace(LAB, value=0.5, stderr=0.1), replace(OURS, value=0.75, stderr=None)),
        pair_of(replace(LAB, metric="mean", value=10), replace(OURS, metric="mean", value=10)),
    ]
    first, second = charts(pairs)
    assert first == chart.Chart(
        "accuracy",
        [chart.Line(1, 34, chart.Mark(35.55, 26, 12.95, 58.15), chart.Mark(92.05, 42, None, None))],
        [
            chart.Tick(12.95, "0.4"),
            chart.Tick(35.55, "0.5"),
            chart.Tick(58.15, "0.6"),
            chart.Tick(80.75, "0.7"),
        ],
    )
    assert (first.bottom, first.height, first.tick_y, first.label_y) == (54, 94, 70, 88)
    assert (second.metric, second.lines[0].number) == ("mean", 2)
    assert chart.span([replace(LAB, value=3, stderr=None)]) == (2.7, 3.3)
    assert chart.span([replace(LAB, value=0, stderr=None)]) == (-0.5, 0.5)
