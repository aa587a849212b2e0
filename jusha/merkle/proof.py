"""The proof file: one entry's place in the log, checkable by anyone, offline, for ever.

Source: c2sp.org/tlog-proof. The `extra` line is not authenticated by the format; what Jusha puts
there (`commitment`) is bound to the tree through the leaf hash and the leaf's commitment.
"""

from dataclasses import dataclass

from jusha.merkle.encoding import MAX_NUMBER, decode64, encode64, parse_number
from jusha.merkle.errors import EncodingMalformedError, ProofFileMalformedError
from jusha.merkle.policy import Policy, TrustedCheckpoint, verify_checkpoint
from jusha.merkle.tree import HASH_BYTES, MAX_PROOF_HASHES, leaf_hash, verify_inclusion

PROOF_HEADER = "c2sp.org/tlog-proof@v1"
MAX_PROOF_BYTES = 1_000_000


@dataclass(frozen=True, slots=True)
class ProofFile:
    """A parsed proof: leaf index, path (the leaf's sibling first), checkpoint note, opaque extra.

    Nothing in it is verified. Raises ProofFileMalformedError for what no file can state.
    """

    index: int
    path: tuple[bytes, ...]
    checkpoint: bytes
    extra: bytes | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot be written and read back."""
        if not 0 <= self.index <= MAX_NUMBER:
            raise ProofFileMalformedError(f"index {self.index}")
        if len(self.path) > MAX_PROOF_HASHES:
            raise ProofFileMalformedError("more hashes than any tree is high")
        if any(len(each) != HASH_BYTES for each in self.path):
            raise ProofFileMalformedError("a hash is not 32 bytes")
        if not self.checkpoint.endswith(b"\n"):
            raise ProofFileMalformedError("the checkpoint does not end in a newline")

    def to_bytes(self) -> bytes:
        """The file's bytes. Raises ProofFileMalformedError if they exceed MAX_PROOF_BYTES."""
        lines = [PROOF_HEADER]
        if self.extra is not None:
            lines.append(f"extra {encode64(self.extra)}")
        lines.append(f"index {self.index}")
        lines.extend(encode64(each) for each in self.path)
        data = ("\n".join(lines) + "\n\n").encode() + self.checkpoint
        if len(data) > MAX_PROOF_BYTES:
            raise ProofFileMalformedError(f"longer than {MAX_PROOF_BYTES} bytes")
        return data


@dataclass(frozen=True, slots=True)
class ProvenEntry:
    """What a verified proof says: this entry stands at `index` of this trusted checkpoint."""

    index: int
    entry: bytes
    trusted: TrustedCheckpoint


def parse_proof(data: bytes) -> ProofFile:
    """Read a proof file without verifying it; the checkpoint note is kept verbatim.

    Raises ProofFileMalformedError.
    """
    if len(data) > MAX_PROOF_BYTES:
        raise ProofFileMalformedError(f"longer than {MAX_PROOF_BYTES} bytes")
    head, empty_line, checkpoint = data.partition(b"\n\n")
    if not empty_line:
        raise ProofFileMalformedError("no empty line before the checkpoint")
    try:
        lines = head.decode("ascii").split("\n")
        return _read_head(lines, checkpoint)
    except UnicodeDecodeError as error:
        raise ProofFileMalformedError("not ASCII before the checkpoint") from error
    except EncodingMalformedError as error:
        raise ProofFileMalformedError(str(error)) from error


def verify_proof(proof: ProofFile, *, entry: bytes, policy: Policy) -> ProvenEntry:
    """Return only if `entry` stands where the proof says, in a checkpoint the policy trusts.

    Raises NotIncludedError, SizeOutOfRangeError and the errors of `policy.verify_checkpoint`.
    """
    trusted = verify_checkpoint(proof.checkpoint, policy=policy)
    verify_inclusion(
        index=proof.index,
        size=trusted.checkpoint.size,
        leaf=leaf_hash(entry),
        proof=proof.path,
        root_hash=trusted.checkpoint.root_hash,
    )
    return ProvenEntry(proof.index, entry, trusted)


def _read_head(lines: list[str], checkpoint: bytes) -> ProofFile:
    if lines[0] != PROOF_HEADER:
        raise ProofFileMalformedError("the first line is not the format's name")
    rest = lines[1:]
    extra = None
    if rest and rest[0].startswith("extra "):
        extra = decode64(rest.pop(0).removeprefix("extra "))
    if not rest or not rest[0].startswith("index "):
        raise ProofFileMalformedError("no index line")
    index = parse_number(rest.pop(0).removeprefix("index "))
    if len(rest) > MAX_PROOF_HASHES:
        raise ProofFileMalformedError("more hashes than any tree is high")
    return ProofFile(index, tuple(decode64(each) for each in rest), checkpoint, extra)
