"""Texts beside each other: whatever they are, both can be read out of the difference, and it is found within its bounds."""

import difflib
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.submissions import diffs
from portal.submissions.diffs import Row, TooDifferent, compare, lines_of

TEXTS = st.lists(st.sampled_from("abcd"), max_size=30)


@given(TEXTS, TEXTS)
def test_both_texts_can_be_read_out_of_it_and_no_shorter_way_is_missed(old, new):
    context, diffs.CONTEXT = diffs.CONTEXT, 100
    try:
        rows = compare(old, new)
    finally:
        diffs.CONTEXT = context
    if not rows:
        assert old == new
        return
    assert [row.old for row in rows if row.old_number] == old
    assert [row.new for row in rows if row.new_number] == new
    assert [row.old_number for row in rows if row.old_number] == list(range(1, len(old) + 1))
    same = sum(row.kind == "same" for row in rows)
    assert same >= sum(
        match.size for match in difflib.SequenceMatcher(None, old, new, False).get_matching_blocks()
    )


def test_equal_lines_far_from_a_difference_are_left_out():
    old = [f"line {number}" for number in range(1, 21)]
    new = [*old[:9], "marzipan", *old[10:], "nougat"]
    assert compare(old, new) == [
        Row("skipped", skipped=6),
        *(Row("same", n, f"line {n}", n, f"line {n}") for n in (7, 8, 9)),
        Row("changed", 10, "line 10", 10, "marzipan"),
        *(Row("same", n, f"line {n}", n, f"line {n}") for n in (11, 12, 13)),
        Row("skipped", skipped=4),
        *(Row("same", n, f"line {n}", n, f"line {n}") for n in (18, 19, 20)),
        Row("added", None, "", 21, "nougat"),
    ]
    assert compare(old, old) == []


def test_line_ends_and_a_byte_order_mark_are_no_difference():
    assert lines_of("\ufeffa\r\nb\n".encode()) == lines_of(b"a\nb") == ["a", "b"]


def test_hostile_texts_are_given_up_in_bounded_time():
    size = diffs.MOST_LINES
    pairs = [
        ([f"old {n}" for n in range(size)], [f"new {n}" for n in range(size)]),
        (["a", "b"] * (size // 2), ["b", "b", "a"] * (size // 3)),
    ]
    for old, new in pairs:
        before = time.process_time()
        with pytest.raises(TooDifferent):
            compare(old, new)
        assert time.process_time() - before < 20
