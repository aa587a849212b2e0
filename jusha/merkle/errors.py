"""Named refusals of the proof arithmetic, so that callers catch a reason and not a ValueError."""


class MerkleError(ValueError):
    """The log's bytes or numbers are not what they must be."""

    def __init__(self, detail: str = "") -> None:
        """Say the class's own promise, then the detail."""
        promise = (type(self).__doc__ or "").strip().splitlines()[0].rstrip(".")
        super().__init__(f"{promise}: {detail}" if detail else f"{promise}.")


class SizeOutOfRangeError(MerkleError):
    """A tree size or leaf index lies outside the tree or outside 0..2^63-1."""


class HashMalformedError(MerkleError):
    """A hash is not exactly 32 bytes."""


class EncodingMalformedError(MerkleError):
    """Text is not canonical base64 or not a plain decimal number."""


class NotIncludedError(MerkleError):
    """The inclusion proof does not lead from the leaf to the root."""


class NotConsistentError(MerkleError):
    """The consistency proof does not lead from the old root to the new root."""


class FrontierMalformedError(MerkleError):
    """The stored frontier is not a size followed by the hashes that the size asks for."""


class TilePathMalformedError(MerkleError):
    """The path does not name a tile or an entry bundle."""


class TileMissingError(MerkleError):
    """A tile that the tree size promises cannot be read."""


class TileMalformedError(MerkleError):
    """A tile or an entry bundle does not hold what its name promises."""


class EntryTooLongError(MerkleError):
    """An entry is longer than the 65,535 bytes an entry bundle can carry."""


class VkeyMalformedError(MerkleError):
    """The verifier key is malformed, of an unknown type or has a wrong key id."""


class NoteMalformedError(MerkleError):
    """The signed note is malformed."""


class SignatureInvalidError(MerkleError):
    """A signature by a known key does not verify."""


class NoteUnsignedError(MerkleError):
    """The note carries no valid signature by a known key."""


class SignatureUnsupportedError(MerkleError):
    """The installed cryptography cannot handle this signature type."""


class CheckpointMalformedError(MerkleError):
    """The checkpoint is not origin, size and root."""


class PolicyMalformedError(MerkleError):
    """The trust policy is malformed."""


class QuorumNotReachedError(MerkleError):
    """Too few of the policy's witnesses cosigned the checkpoint."""


class ProofFileMalformedError(MerkleError):
    """The proof file is malformed."""


class CanonicalJsonError(MerkleError):
    """The value has no canonical JSON form in the log's subset."""


class CommitmentMismatchError(MerkleError):
    """The opening does not belong to the commitment in the leaf."""
