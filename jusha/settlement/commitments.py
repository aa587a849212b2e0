"""The name of a secret, and what it means that a committed one is not at hand. Pure."""

import hashlib


class SecretMissingError(Exception):
    """A committed secret is not at hand: nothing that depends on it can be decided."""

    def __init__(self, digest: bytes) -> None:
        super().__init__(
            f"the secret {digest.hex()} is committed in the log and not in secrets/match:"
            " restore it from two of the three escrow folders (docs/operating.md)"
        )


def digest_of(secret: bytes) -> bytes:
    """The name under which a secret stands in the log."""
    return hashlib.sha256(secret).digest()
