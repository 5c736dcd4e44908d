import base64
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewards import merkle

# Leaf inputs and roots published with the Certificate Transparency reference implementation.
LEAVES = [merkle.leaf_hash(bytes.fromhex(text)) for text in (
    "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f",
)]  # fmt: skip
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


@pytest.mark.parametrize("size", range(9))
def test_published_roots(size):
    assert merkle.root_of(LEAVES[:size]).hex() == ROOTS[size]


def many(size: int) -> list[bytes]:
    return [merkle.leaf_hash(str(n).encode()) for n in range(size)]


@given(st.integers(1, 70), st.data())
def test_proofs_verify_and_stop_verifying_when_anything_changes(size, data):
    leaves = many(size)
    root = merkle.root_of(leaves)
    index = data.draw(st.integers(0, size - 1))
    path = merkle.inclusion_path(leaves, index)
    assert merkle.verify_inclusion(leaves[index], index, size, path, root)
    assert not merkle.verify_inclusion(merkle.leaf_hash(b"x"), index, size, path, root)
    assert not merkle.verify_inclusion(leaves[index], index, size, [*path, root], root)
    assert not merkle.verify_inclusion(leaves[index], size, size, path, root)
    assert not merkle.verify_inclusion(leaves[index], index, size, path, leaves[0] if size > 1 else b"\0" * 32)
    old_size = data.draw(st.integers(1, size))
    old_root = merkle.root_of(leaves[:old_size])
    proof = merkle.consistency_path(leaves, old_size)
    assert merkle.verify_consistency(old_size, old_root, size, root, proof)
    assert not merkle.verify_consistency(old_size, merkle.leaf_hash(b"x"), size, root, proof)
    assert not merkle.verify_consistency(old_size, old_root, size, root, [*proof, root])
    if proof:
        assert not merkle.verify_consistency(old_size, old_root, size, root, proof[:-1])


def test_a_frontier_grows_like_the_whole_tree():
    frontier = merkle.Frontier()
    leaves = many(130)
    for size, leaf in enumerate(leaves, 1):
        frontier.push(leaf)
        assert frontier.root() == merkle.root_of(leaves[:size])
        assert merkle.Frontier(size, frontier.nodes).root() == frontier.root()


def test_malformed_proofs_are_no_proofs():
    assert not merkle.verify_inclusion(LEAVES[0], -1, 1, [], LEAVES[0])
    assert not merkle.verify_inclusion(LEAVES[0], 0, 2, [b"short"], LEAVES[0])
    assert not merkle.verify_consistency(0, merkle.EMPTY_ROOT, 1, LEAVES[0], [])
    assert not merkle.verify_consistency(3, LEAVES[0], 2, LEAVES[0], [])
    assert not merkle.verify_consistency(1, LEAVES[0], 2, LEAVES[0], [b"short"])


# Figures of the Merkle project of transparency-dev (Apache-2.0), testdata/inclusion and testdata/consistency as of
# 2026-07-23: right proofs, and wrong ones that must be refused.
VECTORS = [json.loads(line) for line in (Path(__file__).parent / "merkle_vectors.jsonl").read_text().splitlines()]


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_published_proofs(vector):
    path = [base64.b64decode(step) for step in vector["proof"] or []]
    if "leafIdx" in vector:
        leaf, root = (base64.b64decode(vector[name] or "") for name in ("leafHash", "root"))
        right = merkle.verify_inclusion(leaf, vector["leafIdx"], vector["treeSize"], path, root)
    else:
        old, new = (base64.b64decode(vector[name] or "") for name in ("root1", "root2"))
        right = merkle.verify_consistency(vector["size1"], old, vector["size2"], new, path)
    if vector["name"] == "consistency/additional/sizes-are-equal-one-and-proof-is-empty":
        assert not right, "its root has 12 bytes; we take nothing that is no hash"
    else:
        assert right is not vector["wantErr"]
