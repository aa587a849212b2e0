"""The checkpoint: the one small text that stands for the whole log at one size.

Source: c2sp.org/tlog-checkpoint. Checkpoints of others may carry extension lines and are read with
them; ours never do, because no monitor can audit them and ML-DSA cosignatures do not cover them.
"""

from dataclasses import dataclass

from jusha.merkle.encoding import decode64, encode64, parse_number
from jusha.merkle.errors import CheckpointMalformedError, EncodingMalformedError
from jusha.merkle.tree import EMPTY_ROOT, HASH_BYTES, MAX_SIZE

MAX_CHECKPOINT_BYTES = 65_536
_FIRST_PRINTABLE = " "
_FIXED_LINES = 3


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A log's origin, its size in leaves and its 32-byte root, signed or not.

    `extensions` are lines another log added; they are never written. Raises
    CheckpointMalformedError for values that no checkpoint can state.
    """

    origin: str
    size: int
    root_hash: bytes
    extensions: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what cannot be written and read back."""
        if not self.origin or any(char < _FIRST_PRINTABLE for char in self.origin):
            raise CheckpointMalformedError("the origin is empty or has control characters")
        if not 0 <= self.size <= MAX_SIZE:
            raise CheckpointMalformedError(f"size {self.size}")
        if len(self.root_hash) != HASH_BYTES:
            raise CheckpointMalformedError(f"the root has {len(self.root_hash)} bytes, not 32")
        if self.size == 0 and self.root_hash != EMPTY_ROOT:
            raise CheckpointMalformedError("an empty log has another root")


def format_checkpoint(checkpoint: Checkpoint) -> str:
    """The note text of our own checkpoint: three lines, ending in a newline.

    Raises CheckpointMalformedError if it carries extension lines.
    """
    if checkpoint.extensions:
        raise CheckpointMalformedError("extension lines are never written")
    return f"{checkpoint.origin}\n{checkpoint.size}\n{encode64(checkpoint.root_hash)}\n"


def parse_checkpoint(text: str) -> Checkpoint:
    """Read the text of a checkpoint note (without its signatures).

    Raises CheckpointMalformedError.
    """
    if len(text) > MAX_CHECKPOINT_BYTES or not text.endswith("\n"):
        raise CheckpointMalformedError("too long, or no newline at the end")
    lines = text[:-1].split("\n")
    if len(lines) < _FIXED_LINES or not all(lines):
        raise CheckpointMalformedError("a line is missing or empty")
    origin, size, root_hash, *extensions = lines
    try:
        return Checkpoint(origin, parse_number(size), decode64(root_hash), tuple(extensions))
    except EncodingMalformedError as error:
        raise CheckpointMalformedError(str(error)) from error
