"""The same photo sent twice, also when it was scaled or saved again: difference hashes (64 bits) that differ in few bits.

To find them among a million, each hash is cut into four numbered pieces: hashes that differ in three bits at most have
a piece in common, and the pieces are indexed.
"""

SAME_BITS = 3
PIECES = 4
# A grey wall and a black night give hashes without information; they are no evidence of anything.
_FEWEST_BITS = 6


def pieces(dhash: str) -> list[str]:
    """ "0:a3f0", … of a hash of 16 hexadecimal letters; none for a picture that is the same everywhere."""
    if len(dhash) != 16 or not _FEWEST_BITS <= int(dhash, 16).bit_count() <= 64 - _FEWEST_BITS:
        return []
    size = 16 // PIECES
    return [f"{n}:{dhash[n * size : (n + 1) * size]}" for n in range(PIECES)]


def same(one: str, other: str) -> bool:
    return (int(one, 16) ^ int(other, 16)).bit_count() <= SAME_BITS
