"""What the simulated issuer remembers: one SQLite file, durable when it answers."""

import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final, NamedTuple

BUSY_SECONDS: Final = 5.0
ISSUER_CODE: Final = "99990126"
"""Eight digits as 票据代码 has; no region's finance office has 9999."""
REVERSAL_CODE: Final = "99990226"
NUMBER_MAX: Final = 10**10
SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS paper (
    key TEXT PRIMARY KEY, body BLOB NOT NULL, does TEXT NOT NULL, code TEXT NOT NULL,
    number INTEGER NOT NULL, proof TEXT NOT NULL, amount INTEGER NOT NULL, told TEXT NOT NULL,
    reverses TEXT, at INTEGER NOT NULL, ready_at INTEGER NOT NULL,
    UNIQUE (code, number), UNIQUE (reverses)) STRICT;
CREATE TABLE IF NOT EXISTS switch (name TEXT PRIMARY KEY, left INTEGER NOT NULL) STRICT;
"""
SWITCHES: Final = ("late", "refused", "repeated", "unsure", "forged")
"""late: accepted, done a minute later; refused: not done, and says so; repeated: done, and no
answer, so it is asked again; unsure: not done, and no answer; forged: answered by another key."""


class Row(NamedTuple):
    """One paper: an issue, or the reversal of the paper whose key is `reverses`."""

    key: str
    body: bytes
    does: str
    code: str
    number: int
    proof: str
    amount: int
    told: str
    reverses: str | None
    at: int
    ready_at: int


class Store:
    """One issuer's folder: `state.sqlite`, and `<client>.secret` in hex for each client."""

    def __init__(self, folder: Path) -> None:
        """Open, and make what is not there."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.folder = folder
        with self._open() as database:
            database.executescript(SCHEMA)

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        path = self.folder / "state.sqlite"
        with closing(sqlite3.connect(path, timeout=BUSY_SECONDS)) as database:
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

    def secret(self, client: str) -> bytes | None:
        """The secret shared with a client; None for an unknown one."""
        if not client.isascii() or not client.replace("-", "").isalnum():
            return None
        try:
            return bytes.fromhex((self.folder / f"{client}.secret").read_text().strip())
        except FileNotFoundError:
            return None

    def papers(self) -> list[Row]:
        """The newest hundred papers, newest first."""
        with self._open() as database:
            found = database.execute("SELECT * FROM paper ORDER BY at DESC, key LIMIT 100")
            return [Row(*row) for row in found]

    def switches(self) -> dict[str, int]:
        """How many more requests each switch spoils."""
        with self._open() as database:
            return dict(database.execute("SELECT name, left FROM switch WHERE left > 0"))


def by_key(database: sqlite3.Connection, key: str) -> Row | None:
    """The paper of a key; None if the key was never heard."""
    row = database.execute("SELECT * FROM paper WHERE key = ?", (key,)).fetchone()
    return Row(*row) if row else None


def by_number(database: sqlite3.Connection, code: str, number: int) -> Row | None:
    """The paper of a code and number."""
    row = database.execute(
        "SELECT * FROM paper WHERE code = ? AND number = ?", (code, number)
    ).fetchone()
    return Row(*row) if row else None


def add(
    database: sqlite3.Connection,
    *,
    key: str,
    body: bytes,
    amount: int,
    told: str,
    reverses: str | None,
    at: int,
    ready_at: int,
) -> Row:
    """Give the next number. Raises sqlite3.IntegrityError if `reverses` was reversed before."""
    code = REVERSAL_CODE if reverses else ISSUER_CODE
    last = database.execute("SELECT max(number) FROM paper WHERE code = ?", (code,)).fetchone()[0]
    number = (last or 0) + 1
    assert number < NUMBER_MAX
    proof = secrets.token_hex(3)
    does = "reverse" if reverses else "issue"
    row = Row(key, body, does, code, number, proof, amount, told, reverses, at, ready_at)
    database.execute("INSERT INTO paper VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
    return row


def spoil(database: sqlite3.Connection) -> str:
    """Take one request from the first switch that is on; "" if none is."""
    for name in SWITCHES:
        taken = database.execute(
            "UPDATE switch SET left = left - 1 WHERE name = ? AND left > 0", (name,)
        )
        if taken.rowcount:
            return name
    return ""


def turn(database: sqlite3.Connection, name: str, count: int) -> None:
    """Let a switch spoil the next `count` requests."""
    database.execute(
        "INSERT INTO switch VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET left = excluded.left",
        (name, count),
    )
