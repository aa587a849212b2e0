"""The installation's secrets in memory: what a history committed to survives its crashes."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from unittest.mock import patch

from jusha.settlement import load
from jusha.settlement.commitments import SecretMissingError
from jusha.settlement.secrets import Secrets


class MemorySecrets(Secrets):
    """Secrets by their hash, without files."""

    def __init__(self) -> None:
        super().__init__(Path("nowhere"))

    def __getitem__(self, digest: bytes) -> bytes:
        """Return the secret. Raises SecretMissingError."""
        if digest not in self._read:
            raise SecretMissingError(digest)
        return self._read[digest]

    def __iter__(self) -> Iterator[bytes]:
        """Go through the hashes."""
        return iter(self._read)

    def keep(self, secret: bytes) -> bytes:
        """Store a secret; return its hash."""
        return self.learn(secret)

    def installed(self) -> AbstractContextManager[object]:
        """Let settlement load these."""
        return patch.object(load, "installed", lambda: self)
