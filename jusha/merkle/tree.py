"""RFC 6962 Merkle trees over leaf hashes: roots, proofs and their verification.

Which subtrees a proof names (`inclusion_spans`, `consistency_spans`) is kept apart from how their
hashes are found, so proofs from leaves (here) and from tiles (`tiles.TileTree`) share one rule.
All hashes are 32 bytes of SHA-256; sizes count leaves; indexes start at 0.
"""

from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import Self, TypeAlias

from jusha.merkle.encoding import MAX_NUMBER
from jusha.merkle.errors import (
    FrontierMalformedError,
    HashMalformedError,
    NotConsistentError,
    NotIncludedError,
    SizeOutOfRangeError,
)

HASH_BYTES = 32
MAX_SIZE = MAX_NUMBER
# A tree of at most 2^63-1 leaves is at most 63 nodes high.
MAX_PROOF_HASHES = 63
EMPTY_ROOT = sha256(b"").digest()
_NODE_BYTES = 2 * HASH_BYTES
_SIZE_BYTES = 8

Span: TypeAlias = tuple[int, int]


def leaf_hash(entry: bytes) -> bytes:
    """The hash of one log entry: SHA-256(0x00 || entry)."""
    return sha256(b"\x00" + entry).digest()


def leaf_hashes(entries: Iterable[bytes]) -> list[bytes]:
    """The leaf hashes of many entries, in order."""
    return [sha256(b"\x00" + entry).digest() for entry in entries]


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node: SHA-256(0x01 || left || right)."""
    return sha256(b"\x01" + left + right).digest()


def parent_hashes(level: bytes) -> bytes:
    """The nodes above a row of whole pairs; both rows are hashes laid end to end."""
    return b"".join(
        [
            sha256(b"\x01" + level[at : at + _NODE_BYTES]).digest()
            for at in range(0, len(level), _NODE_BYTES)
        ]
    )


def root(leaves: Sequence[bytes]) -> bytes:
    """The root MTH(D[n]) over leaf hashes (RFC 6962 section 2.1); SHA-256("") for no leaf.

    Raises HashMalformedError.
    """
    _check_hashes(leaves)
    if not leaves:
        return EMPTY_ROOT
    row = b"".join(leaves)
    # Pairing row by row and carrying the odd last node up gives the same tree as splitting at the
    # largest power of two below the size.
    while len(row) > HASH_BYTES:
        paired = len(row) // _NODE_BYTES * _NODE_BYTES
        row = parent_hashes(row[:paired]) + row[paired:]
    return row


def inclusion_spans(*, index: int, size: int) -> list[Span]:
    """The leaf ranges [start, end) whose roots prove leaf `index`, the leaf's sibling first.

    Raises SizeOutOfRangeError. Source: PATH of RFC 6962 section 2.1.1.
    """
    _check_size(size)
    if not 0 <= index < size:
        raise SizeOutOfRangeError(f"leaf {index} is not in a tree of {size}")
    spans: list[Span] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            spans.append((middle, end))
            end = middle
        else:
            spans.append((start, middle))
            start = middle
    return spans[::-1]


def consistency_spans(*, old_size: int, size: int) -> list[Span]:
    """The leaf ranges [start, end) whose roots prove that `size` extends `old_size`.

    Empty when the old tree is empty or the same. Raises SizeOutOfRangeError.
    Source: PROOF and SUBPROOF of RFC 6962 section 2.1.2.
    """
    _check_size(size)
    if not 0 <= old_size <= size:
        raise SizeOutOfRangeError(f"a tree of {size} cannot extend one of {old_size}")
    if old_size in (0, size):
        return []
    spans: list[Span] = []
    start, end = 0, size
    while old_size != end:
        middle = start + _split(end - start)
        if old_size <= middle:
            spans.append((middle, end))
            end = middle
        else:
            spans.append((start, middle))
            start = middle
    if start != 0:
        # Only an old root that is itself a node of the new tree is known to the verifier.
        spans.append((start, end))
    return spans[::-1]


def inclusion_proof(leaves: Sequence[bytes], *, index: int) -> list[bytes]:
    """The hashes that lead from leaf `index` to the root, computed from all leaf hashes.

    Raises SizeOutOfRangeError, HashMalformedError.
    """
    return [root(leaves[a:b]) for a, b in inclusion_spans(index=index, size=len(leaves))]


def consistency_proof(leaves: Sequence[bytes], *, old_size: int) -> list[bytes]:
    """The hashes that show the tree over `leaves` to extend its first `old_size` leaves.

    Raises SizeOutOfRangeError, HashMalformedError.
    """
    return [root(leaves[a:b]) for a, b in consistency_spans(old_size=old_size, size=len(leaves))]


def verify_inclusion(
    *, index: int, size: int, leaf: bytes, proof: Sequence[bytes], root_hash: bytes
) -> None:
    """Return only if `leaf` (a leaf hash) stands at `index` under `root_hash` of `size` leaves.

    Raises NotIncludedError, SizeOutOfRangeError, HashMalformedError.
    Source: RFC 9162 section 2.1.3.2.
    """
    _check_size(size)
    if not 0 <= index < size:
        raise SizeOutOfRangeError(f"leaf {index} is not in a tree of {size}")
    _check_hashes([leaf, root_hash, *proof[: MAX_PROOF_HASHES + 1]])
    if len(proof) > MAX_PROOF_HASHES:
        raise NotIncludedError("the proof is longer than any tree is high")
    fn, sn, result = index, size - 1, leaf
    for sibling in proof:
        if sn == 0:
            raise NotIncludedError("the proof is too long")
        if fn & 1 or fn == sn:
            result = node_hash(sibling, result)
            while fn and not fn & 1:
                fn >>= 1
                sn >>= 1
        else:
            result = node_hash(result, sibling)
        fn >>= 1
        sn >>= 1
    if sn != 0:
        raise NotIncludedError("the proof is too short")
    if result != root_hash:
        raise NotIncludedError("the proof ends at another root")


def verify_consistency(
    *,
    old_size: int,
    size: int,
    old_root_hash: bytes,
    root_hash: bytes,
    proof: Sequence[bytes],
) -> None:
    """Return only if the tree under `root_hash` begins with the tree under `old_root_hash`.

    Raises NotConsistentError, SizeOutOfRangeError, HashMalformedError.
    Source: RFC 9162 section 2.1.4.2; an empty old tree needs its own root and an empty proof.
    """
    _check_size(size)
    if not 0 <= old_size <= size:
        raise SizeOutOfRangeError(f"a tree of {size} cannot extend one of {old_size}")
    _check_hashes([old_root_hash, root_hash, *proof[: MAX_PROOF_HASHES + 2]])
    if old_size in (0, size):
        _verify_trivial_consistency(
            expected=EMPTY_ROOT if old_size == 0 else root_hash,
            old_root_hash=old_root_hash,
            proof=proof,
        )
        if size == 0 and root_hash != EMPTY_ROOT:
            raise NotConsistentError("the empty tree has another root")
        return
    if not proof or len(proof) > MAX_PROOF_HASHES + 1:
        raise NotConsistentError("the proof is too short or too long")
    old, new = _roots_of_consistency_proof(old_size, size, old_root_hash, proof)
    if old != old_root_hash:
        raise NotConsistentError("the proof does not contain the old root")
    if new != root_hash:
        raise NotConsistentError("the proof ends at another new root")


class Frontier:
    """The right edge of a growing tree: its root after any number of appends, in O(log n) space.

    Holds one hash for each set bit of the size: the root of the perfect subtree of that many
    leaves, largest leftmost.
    """

    __slots__ = ("_held", "_size")

    def __init__(self) -> None:
        """An empty tree."""
        self._size = 0
        self._held: list[bytes] = []  # at place k: the subtree of 2^k leaves, or b"" if none

    @property
    def size(self) -> int:
        """The number of leaves appended so far."""
        return self._size

    def extend(self, hashes: Sequence[bytes]) -> None:
        """Append leaf hashes in order. Raises HashMalformedError, then nothing was appended."""
        _check_hashes(hashes)
        _check_size(self._size + len(hashes))
        row = b"".join(hashes)
        height = 0
        while row:
            if height == len(self._held):
                self._held.append(b"")
            row = self._held[height] + row
            paired = len(row) // _NODE_BYTES * _NODE_BYTES
            self._held[height] = row[paired:]
            row = parent_hashes(row[:paired])
            height += 1
        self._size += len(hashes)

    def append(self, leaf: bytes) -> None:
        """Append one leaf hash. Raises HashMalformedError."""
        self.extend([leaf])

    def root(self) -> bytes:
        """The root of all leaves appended so far; SHA-256("") if none."""
        result = b""
        for held in self._held:
            if held:
                result = node_hash(held, result) if result else held
        return result or EMPTY_ROOT

    def copy(self) -> Self:
        """An independent frontier at the same size."""
        return type(self).from_bytes(self.to_bytes())

    def to_bytes(self) -> bytes:
        """The frontier as big-endian u64 size || held hashes, the largest subtree first."""
        return self._size.to_bytes(_SIZE_BYTES, "big") + b"".join(reversed(self._held))

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Read what `to_bytes` wrote. Raises FrontierMalformedError."""
        size = int.from_bytes(data[:_SIZE_BYTES], "big")
        hashes = data[_SIZE_BYTES:]
        if len(data) < _SIZE_BYTES or size > MAX_SIZE:
            raise FrontierMalformedError("no valid size")
        if len(hashes) != size.bit_count() * HASH_BYTES:
            raise FrontierMalformedError(f"size {size} asks for {size.bit_count()} hashes")
        frontier = cls()
        frontier._size = size
        at = len(hashes)
        for height in range(size.bit_length()):
            take = HASH_BYTES if size >> height & 1 else 0
            frontier._held.append(hashes[at - take : at])
            at -= take
        return frontier


def _split(size: int) -> int:
    """The largest power of two smaller than `size`, for size > 1."""
    return 1 << ((size - 1).bit_length() - 1)


def _check_size(size: int) -> None:
    if not 0 <= size <= MAX_SIZE:
        raise SizeOutOfRangeError(f"{size} is not a tree size")


def _check_hashes(hashes: Sequence[bytes]) -> None:
    for each in hashes:
        if len(each) != HASH_BYTES:
            raise HashMalformedError(f"{len(each)} bytes")


def _verify_trivial_consistency(
    *, expected: bytes, old_root_hash: bytes, proof: Sequence[bytes]
) -> None:
    if proof:
        raise NotConsistentError("an empty or equal old tree takes an empty proof")
    if old_root_hash != expected:
        raise NotConsistentError("the roots of equal trees differ")


def _roots_of_consistency_proof(
    old_size: int, size: int, old_root_hash: bytes, proof: Sequence[bytes]
) -> tuple[bytes, bytes]:
    """The old and the new root that the proof leads to, for 0 < old_size < size."""
    path = list(proof)
    if old_size & (old_size - 1) == 0:
        path.insert(0, old_root_hash)
    fn, sn = old_size - 1, size - 1
    while fn & 1:
        fn >>= 1
        sn >>= 1
    old = new = path[0]
    for sibling in path[1:]:
        if sn == 0:
            raise NotConsistentError("the proof is too long")
        if fn & 1 or fn == sn:
            old = node_hash(sibling, old)
            new = node_hash(sibling, new)
            while fn and not fn & 1:
                fn >>= 1
                sn >>= 1
        else:
            new = node_hash(new, sibling)
        fn >>= 1
        sn >>= 1
    if sn != 0:
        raise NotConsistentError("the proof is too short")
    return old, new
