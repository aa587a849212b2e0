"""What a witness must never forget: its key, and the last tree it cosigned of every log.

One SQLite file, flushed at every commit. The check and the new record are one transaction that
holds the write lock from its beginning, so that of two requests at once one sees the other's tree.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from jusha_sandbox.witness.notes import (
    COSIGNATURE_KEY,
    EMPTY_ROOT,
    NotReadableError,
    is_name,
    log_key,
    vkey,
)

REFUSED_MAX: Final = 1_000
BUSY_SECONDS: Final = 5.0
SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS log (
    origin TEXT PRIMARY KEY, key BLOB NOT NULL, size INTEGER NOT NULL, root BLOB NOT NULL,
    note BLOB NOT NULL, cosigned_at INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS refused (
    digest BLOB PRIMARY KEY, at INTEGER NOT NULL, origin TEXT NOT NULL, status INTEGER NOT NULL,
    held BLOB NOT NULL, body BLOB NOT NULL) STRICT;
"""


@dataclass(frozen=True, slots=True)
class Known:
    """The last tree of one log that was cosigned; size 0 and no note before the first."""

    origin: str
    key: bytes
    size: int
    root: bytes
    note: bytes
    cosigned_at: int


class Store:
    """One witness's folder: `key` and `name`, for its owner alone, and `state.sqlite`."""

    def __init__(self, folder: Path, *, logs: Path | None = None) -> None:
        """Open a folder that `begin` has made; `logs` lists the verifier keys of known logs.

        Raises FileNotFoundError.
        """
        self.name = (folder / "name").read_text("utf-8").strip()
        self.key = Ed25519PrivateKey.from_private_bytes((folder / "key").read_bytes())
        self.path, self.logs = folder / "state.sqlite", logs
        with self._open() as database:
            database.executescript(SCHEMA)

    @property
    def vkey(self) -> str:
        """The key that verifies the witness's cosignatures."""
        return vkey(self.name, COSIGNATURE_KEY, self.key.public_key().public_bytes_raw())

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self.path, timeout=BUSY_SECONDS)) as database:
            database.isolation_level = None
            database.execute("PRAGMA journal_mode = WAL")
            database.execute("PRAGMA synchronous = FULL")
            yield database

    @contextmanager
    def claim(self) -> Iterator[sqlite3.Connection]:
        """One transaction that nobody else can come between; durable when the block is left."""
        with self._open() as database:
            database.execute("BEGIN IMMEDIATE")
            try:
                yield database
            except BaseException:
                database.execute("ROLLBACK")
                raise
            database.execute("COMMIT")

    def known(self, database: sqlite3.Connection, origin: str) -> Known | None:
        """What is known of a log; the first time its key is taken from the list, for ever."""
        row = database.execute("SELECT * FROM log WHERE origin = ?", (origin,)).fetchone()
        if row is None and (key := self._listed(origin)):
            row = (origin, key, 0, EMPTY_ROOT, b"", 0)
            database.execute("INSERT INTO log VALUES (?, ?, ?, ?, ?, ?)", row)
        return Known(*row) if row else None

    def _listed(self, origin: str) -> bytes | None:
        if self.logs is None or not self.logs.exists():
            return None
        for line in self.logs.read_text("utf-8").splitlines():
            try:
                name, key = log_key(line)
            except NotReadableError:
                continue
            if name == origin:
                return key
        return None

    def all_known(self) -> list[Known]:
        """Every log that was ever asked about and is known."""
        with self._open() as database:
            return [Known(*row) for row in database.execute("SELECT * FROM log ORDER BY origin")]


def remember(
    database: sqlite3.Connection, before: Known, *, size: int, root: bytes, note: bytes, at_s: int
) -> None:
    """Put the new tree in the old one's place. Raises sqlite3.IntegrityError if that has moved."""
    changed = database.execute(
        "UPDATE log SET size = ?, root = ?, note = ?, cosigned_at = ?"
        " WHERE origin = ? AND size = ? AND root = ?",
        (size, root, note, at_s, before.origin, before.size, before.root),
    )
    if changed.rowcount != 1:
        raise sqlite3.IntegrityError(before.origin)


def keep_refused(
    database: sqlite3.Connection, known: Known, *, status: int, body: bytes, at_s: int
) -> None:
    """Keep a signed checkpoint that was refused: it may be evidence. The same one is kept once."""
    (count,) = database.execute("SELECT count(*) FROM refused").fetchone()
    if count < REFUSED_MAX:
        row = (sha256(body).digest(), at_s, known.origin, status, known.note, body)
        database.execute("INSERT OR IGNORE INTO refused VALUES (?, ?, ?, ?, ?, ?)", row)


def begin(folder: Path, *, name: str) -> Store:
    """Make a witness's folder and key where there are none; return the witness.

    Raises NotReadableError for a name that no key can have.
    """
    if not is_name(name):
        raise NotReadableError("not a key name")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not (folder / "key").exists():
        _write(folder / "name", f"{name}\n".encode())
        _write(folder / "key", Ed25519PrivateKey.generate().private_bytes_raw())
    return Store(folder)


def _write(path: Path, data: bytes) -> None:
    draft = path.with_name(f".{path.name}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    descriptor = os.open(path.parent, os.O_RDONLY)
    os.fsync(descriptor)
    os.close(descriptor)
