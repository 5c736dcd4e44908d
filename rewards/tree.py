"""Proofs in a tree whose inner nodes are kept: which nodes a proof needs, and which nodes a new leaf makes. Pure.

A node (level, index) is the root over the complete, aligned range of leaves [index·2^level, (index+1)·2^level). It
never changes once it exists; so a proof is a handful of look-ups, however large the tree.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from rewards.merkle import Frontier, node_hash, split

Node = tuple[int, int]
Range = tuple[int, int]
"""Leaves from the first (inclusive) to the second (exclusive)."""


def grow(frontier: Frontier, leaf: bytes) -> list[tuple[Node, bytes]]:
    """Append a leaf hash; the nodes that came into being, the leaf first."""
    index, made = frontier.size, leaf
    fresh = [((0, index), leaf)]
    level, waiting = 0, list(frontier.nodes)
    while index & 1:
        made, level, index = node_hash(waiting.pop(), made), level + 1, index >> 1
        fresh.append(((level, index), made))
    frontier.push(leaf)
    return fresh


def inclusion_ranges(index: int, size: int) -> list[Range]:
    """RFC 9162 2.1.3.1: the ranges whose roots prove leaf `index` (from 0) in a tree of `size`, from the leaf up."""
    assert 0 <= index < size
    begin, end, ranges = 0, size, []
    while end - begin > 1:
        middle = begin + split(end - begin)
        if index < middle:
            ranges.append((middle, end))
            end = middle
        else:
            ranges.append((begin, middle))
            begin = middle
    return ranges[::-1]


def consistency_ranges(old: int, size: int) -> list[Range]:
    """RFC 9162 2.1.4.1: the ranges whose roots prove that the first `old` leaves are a prefix of `size` leaves."""
    assert 0 < old <= size
    begin, end, whole = 0, size, True
    ranges: list[Range] = []
    while old != end:
        middle = begin + split(end - begin)
        if old <= middle:
            ranges.append((middle, end))
            end = middle
        else:
            ranges.append((begin, middle))
            begin, whole = middle, False
    if not whole:
        ranges.append((begin, end))
    return ranges[::-1]


def complete_nodes(part: Range) -> list[Node]:
    """The fewest nodes that cover a range of a proof, from left to right."""
    begin, end = part
    nodes = []
    while begin < end:
        # As large as the remaining length allows, and as the place where it begins is aligned to.
        level = (end - begin).bit_length() - 1
        if begin:
            level = min(level, (begin & -begin).bit_length() - 1)
        nodes.append((level, begin >> level))
        begin += 1 << level
    return nodes


def nodes_of(ranges: Iterable[Range]) -> set[Node]:
    return {node for part in ranges for node in complete_nodes(part)}


def root_of_range(part: Range, node: Callable[[Node], bytes]) -> bytes:
    *left, root = [node(each) for each in complete_nodes(part)]
    for each in reversed(left):
        root = node_hash(each, root)
    return root
