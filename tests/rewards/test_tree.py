from hypothesis import given
from hypothesis import strategies as st

from rewards import merkle, tree
from rewards.merkle import Frontier


def grown(size: int):
    frontier, nodes = Frontier(), {}
    leaves = [merkle.leaf_hash(str(n).encode()) for n in range(size)]
    for leaf in leaves:
        nodes |= dict(tree.grow(frontier, leaf))
    assert frontier.root() == merkle.root_of(leaves)
    return leaves, nodes


LEAVES, NODES = grown(200)


@given(st.integers(1, 200), st.data())
def test_proofs_from_kept_nodes_are_those_of_the_rfc(size, data):
    index = data.draw(st.integers(0, size - 1))
    path = [tree.root_of_range(part, NODES.__getitem__) for part in tree.inclusion_ranges(index, size)]
    assert path == merkle.inclusion_path(LEAVES[:size], index)
    old = data.draw(st.integers(1, size))
    path = [tree.root_of_range(part, NODES.__getitem__) for part in tree.consistency_ranges(old, size)]
    assert path == merkle.consistency_path(LEAVES[:size], old)


def test_a_proof_among_a_million_needs_few_nodes():
    assert len(tree.nodes_of(tree.inclusion_ranges(333_333, 1_000_000))) <= 40
    assert len(tree.nodes_of(tree.consistency_ranges(333_333, 1_000_000))) <= 60


@given(st.integers(0, 2**40), st.integers(1, 2**40))
def test_a_range_is_covered_once_without_gaps(begin, length):
    at = begin
    for level, index in tree.complete_nodes((begin, begin + length)):
        assert index << level == at
        at += 1 << level
    assert at == begin + length
