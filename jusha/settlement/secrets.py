"""Seeds and surprise times: files named by the SHA-256 of what is in them.

The hash stands in the log before anything depends on the secret, and it has one
preimage, so where a secret is read from (this folder, an escrow, a later reveal) can
never change what is decided. A lost secret stops settlement; it is never replaced.
"""

import secrets
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Final

from django.conf import settings

from jusha.settlement.commitments import SecretMissingError, digest_of
from jusha.tlog.files import sync_folder, write_whole

SECRET_BYTES: Final = 32
HOLDERS: Final = 3
"""Any two of them restore a secret; one alone knows nothing of it."""


class Secrets(Mapping[bytes, bytes]):
    """The secrets in one folder, by their hash; read once each. The folder is made when needed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read: dict[bytes, bytes] = {}

    @property
    def folder(self) -> Path:
        """Where the secrets lie."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return self._folder

    def __getitem__(self, digest: bytes) -> bytes:
        """Return the secret. Raises SecretMissingError."""
        found = self._read.get(digest)
        if found is None:
            path = self.folder / digest.hex()
            found = path.read_bytes() if path.exists() else self._from_escrow(digest)
            if found is None or digest_of(found) != digest:
                raise SecretMissingError(digest)
            self._read[digest] = found
        return found

    def __iter__(self) -> Iterator[bytes]:
        """Go through the hashes in the folder."""
        return (bytes.fromhex(path.name) for path in self.folder.iterdir() if path.is_file())

    def __len__(self) -> int:
        """Count the secrets in the folder."""
        return sum(1 for _ in self)

    def learn(self, secret: bytes) -> bytes:
        """Take in a secret that was revealed; return its hash."""
        digest = digest_of(secret)
        self._read[digest] = secret
        return digest

    def keep(self, secret: bytes) -> bytes:
        """Store a secret and its three escrow parts durably; return its hash."""
        digest = self.learn(secret)
        write_whole(self.folder / digest.hex(), secret, mode=0o600)
        sync_folder(self.folder)
        for holder, part in enumerate(split(secret), 1):
            folder = self.folder / f"escrow-{holder}"
            write_whole(folder / digest.hex(), part, mode=0o600)
            sync_folder(folder)
        return digest

    def _from_escrow(self, digest: bytes) -> bytes | None:
        paths = {n: self.folder / f"escrow-{n}" / digest.hex() for n in range(1, HOLDERS + 1)}
        parts = {n: path.read_bytes() for n, path in paths.items() if path.exists()}
        return join(parts) if len(parts) >= HOLDERS - 1 else None


def split(secret: bytes) -> list[bytes]:
    """Split a secret in three parts of which any two restore it (replicated sharing).

    secret = a XOR b XOR c; the holders have (a, b), (b, c) and (c, a).
    """
    a, b = secrets.token_bytes(len(secret)), secrets.token_bytes(len(secret))
    c = _xor(_xor(a, b), secret)
    return [a + b, b + c, c + a]


def join(parts: dict[int, bytes]) -> bytes:
    """Restore a secret from two of its parts, keyed by holder 1, 2, 3. Raises ValueError."""
    pieces: dict[str, bytes] = {}
    for holder, part in parts.items():
        half = len(part) // 2
        names = ("ab", "bc", "ca")[holder - 1]
        pieces |= {names[0]: part[:half], names[1]: part[half:]}
    if len(pieces) < HOLDERS:
        raise ValueError("two parts are needed")
    return _xor(_xor(pieces["a"], pieces["b"]), pieces["c"])


def _xor(left: bytes, right: bytes) -> bytes:
    return bytes(x ^ y for x, y in zip(left, right, strict=True))


def installed() -> Secrets:
    """Return the installation's secrets, the same object in the whole process."""
    return _below(Path(settings.HOME))


@lru_cache(maxsize=8)
def _below(home: Path) -> Secrets:
    return Secrets(home / "secrets" / "match")
