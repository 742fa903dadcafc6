"""The tree is RFC 9162's: roots, inclusion and consistency proofs equal the RFC's definitions, and no other proof passes."""

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from portal.ledger import counts, merkle
from portal.ledger.merkle import ProofError
from tests.ledger import naive

# Published with the first implementations of the RFC's tree: eight entries, and the root over them.
KNOWN = [bytes.fromhex(text) for text in (
    "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f",
)]  # fmt: skip
KNOWN_ROOT = "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"
# Sizes about the edges of blocks, where a tree of blocks could differ from the RFC's.
SIZES = [1, 2, 3, 7, 8, 255, 256, 257, 300, 511, 512, 513, 700]


def entries(size: int) -> list[bytes]:
    return [number.to_bytes(4, "big") for number in range(size)]


def stored(leaves: list[bytes]) -> merkle.Stored:
    """A tree read from its leaves and the hashes that growing it stored."""
    nodes = {(level, number): found for level, number, found in merkle.Tree().extend(leaves)}

    def read(level: int, number: int, until: int) -> list[bytes]:
        row = range(number * merkle.BLOCK, min((number + 1) * merkle.BLOCK, until))
        return [nodes[level, index] if level else leaves[index] for index in row]

    return merkle.Stored(len(leaves), read)


def hashes(size: int) -> list[bytes]:
    return [merkle.leaf_hash(entry) for entry in entries(size)]


def test_the_known_root():
    tree = merkle.Tree()
    tree.extend([merkle.leaf_hash(entry) for entry in KNOWN])
    assert tree.root().hex() == KNOWN_ROOT == naive.mth(KNOWN).hex()
    assert merkle.Tree().root() == hashlib.sha256(b"").digest() == naive.mth([])


@given(some.lists(some.integers(1, 400), min_size=1, max_size=5))
@settings(max_examples=40, deadline=None)
def test_a_tree_that_grows_has_the_root_of_the_definition(steps):
    tree, size = merkle.Tree(), 0
    for step in steps:
        tree.extend(hashes(size + step)[size:])
        size += step
        assert (tree.size, tree.root()) == (size, naive.mth(entries(size)))


@given(some.integers(1, 700), some.data())
@settings(max_examples=40, deadline=None)
def test_every_leaf_is_proved_as_defined(size, data):
    place = data.draw(some.integers(0, size - 1))
    leaves, tree = hashes(size), stored(hashes(size))
    path = tree.path(place)
    assert path == naive.path(place, entries(size))
    merkle.check_path(leaves[place], place, size, path, tree.root())
    other = data.draw(some.integers(0, size - 1).filter(lambda n: n != place)) if size > 1 else place + 1
    for wrong in ((leaves[place], other, size, path), (bytes(32), place, size, path)):
        with pytest.raises(ProofError):
            merkle.check_path(*wrong, tree.root())
    for bent in ([*path, bytes(32)], path[:-1] if path else [bytes(32)]):
        with pytest.raises(ProofError):
            merkle.check_path(leaves[place], place, size, bent, tree.root())


@given(some.integers(1, 700), some.data())
@settings(max_examples=40, deadline=None)
def test_consistency_is_proved_as_defined(second, data):
    first = data.draw(some.integers(1, second))
    old, new = naive.mth(entries(first)), naive.mth(entries(second))
    path = stored(hashes(second)).consistency(first)
    assert path == naive.proof(first, entries(second))
    merkle.check_consistency(first, second, old, new, path)
    forked = naive.mth([*entries(first)[:-1], b"other"])
    for wrong in ((first, second, forked, new, path), (first, second, old, bytes(32), path),
                  (first, second, old, new, [*path, bytes(32)])):  # fmt: skip
        with pytest.raises(ProofError):
            merkle.check_consistency(*wrong)
    if path:
        with pytest.raises(ProofError):
            merkle.check_consistency(first, second, old, new, path[:-1])


@pytest.mark.parametrize("size", SIZES)
def test_about_the_edges_of_blocks(size):
    tree = stored(hashes(size))
    assert tree.root() == naive.mth(entries(size))
    for place in {0, size // 2, size - 1}:
        assert tree.path(place) == naive.path(place, entries(size))
    for first in {1, size // 2 or 1, size}:
        assert tree.consistency(first) == naive.proof(first, entries(size))


def test_three_levels_of_blocks():
    """More leaves than one block of blocks has, against a plain fold by levels."""
    leaves = [number.to_bytes(32, "big") for number in range(256 * 256 + 3)]
    tree, level, tails = merkle.Tree(), leaves, []
    made = tree.extend(leaves)
    while len(level) > 1:
        if len(level) % 2:
            tails.append(level[-1])
        level = merkle.above(level[: len(level) // 2 * 2])
    assert tree.root() == merkle.joined([*level, *tails[::-1]])
    assert [one[:2] for one in made] == [(1, number) for number in range(256)] + [(2, 0)]
    whole = stored(leaves)
    for place in (0, 65_535, 65_536, 65_538):
        merkle.check_path(leaves[place], place, len(leaves), whole.path(place), tree.root())


CASES = some.dictionaries(some.uuids().map(str), some.integers(1, 2**40), min_size=1, max_size=40)


@given(CASES, some.data())
@settings(max_examples=60, deadline=None)
def test_a_case_s_count_is_proved_and_no_other(found, data):
    case = data.draw(some.sampled_from(sorted(found)))
    root, beside = counts.root(found), counts.proof(found, case)
    counts.check(case, found[case], beside, root)
    for count in (found[case] - 1, found[case] + 1):
        with pytest.raises(ProofError):
            counts.check(case, count, beside, root)
    with pytest.raises(ProofError):
        counts.check("another", found[case], beside, root)
    if beside:
        with pytest.raises(ProofError):
            counts.check(case, found[case], beside[:-1], root)
    with pytest.raises(ProofError):
        counts.check(case, found[case], [*beside, bytes(32)], root)


def test_no_counts_have_a_root_too():
    assert counts.root({}) == counts.NONE


def test_the_order_of_cases_does_not_matter():
    found = {str(number): number for number in range(1, 50)}
    assert counts.root(found) == counts.root(dict(reversed(found.items())))
