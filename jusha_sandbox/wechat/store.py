"""What the gateway must not forget: one SQLite file, flushed before anything is answered.

Killed at any moment it has, when it is started again, every order, payment and refund that it
answered, and every notice that it still owes.
"""

import json
import sqlite3
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

from jusha_sandbox.wechat.keys import Keyring, PlatformKey

BUSY_SECONDS: Final = 10.0
SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS merchant (
    mchid TEXT PRIMARY KEY, role TEXT NOT NULL, name TEXT NOT NULL, appid TEXT NOT NULL,
    partner TEXT NOT NULL, apiv3_key TEXT NOT NULL, serial TEXT NOT NULL,
    public_key TEXT NOT NULL, verified_by TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS trade (
    id INTEGER PRIMARY KEY, mchid TEXT NOT NULL, sub_mchid TEXT NOT NULL, appid TEXT NOT NULL,
    out_trade_no TEXT NOT NULL, way TEXT NOT NULL, request TEXT NOT NULL, title TEXT NOT NULL,
    total INTEGER NOT NULL, attach TEXT NOT NULL, notify_url TEXT NOT NULL,
    expires_at INTEGER NOT NULL, openid TEXT NOT NULL, token TEXT NOT NULL UNIQUE,
    prepay_id TEXT NOT NULL UNIQUE, created_at INTEGER NOT NULL, state TEXT NOT NULL,
    transaction_id TEXT UNIQUE, paid_at INTEGER NOT NULL DEFAULT 0, payer TEXT NOT NULL DEFAULT '',
    UNIQUE (mchid, sub_mchid, out_trade_no)) STRICT;
CREATE INDEX IF NOT EXISTS trade_open ON trade (expires_at) WHERE state = 'NOTPAY';
CREATE INDEX IF NOT EXISTS trade_day ON trade (mchid, paid_at);
CREATE TABLE IF NOT EXISTS refund (
    refund_id TEXT PRIMARY KEY, trade INTEGER NOT NULL, mchid TEXT NOT NULL,
    sub_mchid TEXT NOT NULL, out_refund_no TEXT NOT NULL, amount INTEGER NOT NULL,
    notify_url TEXT NOT NULL, created_at INTEGER NOT NULL, due_at REAL NOT NULL,
    outcome TEXT NOT NULL, status TEXT NOT NULL, done_at INTEGER NOT NULL DEFAULT 0,
    UNIQUE (mchid, sub_mchid, out_refund_no)) STRICT;
CREATE INDEX IF NOT EXISTS refund_open ON refund (due_at) WHERE status = 'PROCESSING';
CREATE INDEX IF NOT EXISTS refund_trade ON refund (trade);
CREATE TABLE IF NOT EXISTS event (
    id TEXT PRIMARY KEY, mchid TEXT NOT NULL, url TEXT NOT NULL, kind TEXT NOT NULL,
    original_type TEXT NOT NULL, summary TEXT NOT NULL, resource TEXT NOT NULL,
    created_at INTEGER NOT NULL, due_at REAL NOT NULL, tries INTEGER NOT NULL DEFAULT 0,
    again INTEGER NOT NULL DEFAULT 0, troubles TEXT NOT NULL, state TEXT NOT NULL) STRICT;
CREATE INDEX IF NOT EXISTS event_due ON event (state, due_at);
CREATE TABLE IF NOT EXISTS delivery (
    n INTEGER PRIMARY KEY, event TEXT NOT NULL, at INTEGER NOT NULL, due_at REAL NOT NULL,
    trouble TEXT NOT NULL, status INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS switch (
    name TEXT PRIMARY KEY, left_ INTEGER NOT NULL, value INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS setting (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS link (
    token TEXT PRIMARY KEY, mchid TEXT NOT NULL, made_at INTEGER NOT NULL, packed INTEGER NOT NULL,
    text BLOB NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS planted (
    n INTEGER PRIMARY KEY, kind TEXT NOT NULL, transaction_id TEXT NOT NULL,
    fen INTEGER NOT NULL) STRICT;
"""
CLOCK: Final = "clock"


class Merchant(NamedTuple):
    """Who may ask: a provider (`partner`), its sub-merchant (`sub`), or one of its own (`direct`).

    `verified_by` is what it verifies the gateway's signatures by: `public-key` or `certificate`.
    """

    mchid: str
    role: str
    name: str
    appid: str
    partner: str
    apiv3_key: str
    serial: str
    public_key: str
    verified_by: str


class Store:
    """The gateway's folder: `state.sqlite` and `keys/`."""

    def __init__(self, folder: Path) -> None:
        """Open the folder, making what is not there."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.path = folder / "state.sqlite"
        self.keyring = Keyring(folder / "keys")
        self._idle: deque[sqlite3.Connection] = deque()
        with self.open() as database:
            database.execute("PRAGMA journal_mode = WAL")  # the file remembers it
            database.executescript(SCHEMA)
        self.read_keys()

    def read_keys(self) -> None:
        """Parse the keys, now and after a rotation."""
        self.public_key: PlatformKey = self.keyring.public_key
        self.certificates: list[PlatformKey] = self.keyring.certificates

    @contextmanager
    def open(self) -> Iterator[sqlite3.Connection]:
        """One connection, in which every statement stands alone; kept for the next who asks."""
        try:
            database = self._idle.pop()
        except IndexError:
            database = self._connect()
        try:
            yield database
        finally:
            self._idle.append(database)

    def _connect(self) -> sqlite3.Connection:
        database = sqlite3.connect(self.path, timeout=BUSY_SECONDS, check_same_thread=False)
        database.isolation_level = None
        database.row_factory = sqlite3.Row
        database.execute("PRAGMA synchronous = FULL")
        return database

    def close(self) -> None:
        """Close what nobody uses."""
        while self._idle:
            self._idle.pop().close()

    @contextmanager
    def claim(self) -> Iterator[sqlite3.Connection]:
        """One transaction that nobody else can come between; durable when the block is left."""
        with self.open() as database:
            database.execute("BEGIN IMMEDIATE")
            try:
                yield database
            except BaseException:
                database.execute("ROLLBACK")
                raise
            database.execute("COMMIT")

    def signer(self, database: sqlite3.Connection, mchid: str, wanted: str = "") -> PlatformKey:
        """The key to sign by for a merchant, which may have named one it knows."""
        if wanted == self.public_key.id:
            return self.public_key
        known = merchant(database, mchid)
        by_id = known is None or known.verified_by == "public-key"
        return self.public_key if by_id else self.certificates[0]


def merchant(database: sqlite3.Connection, mchid: str) -> Merchant | None:
    """One merchant; None if it is not known."""
    row = database.execute("SELECT * FROM merchant WHERE mchid = ?", (mchid,)).fetchone()
    return Merchant(*row) if row else None


def put_merchant(database: sqlite3.Connection, known: Merchant) -> None:
    """Make or change a merchant."""
    database.execute("INSERT OR REPLACE INTO merchant VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", known)


def setting(database: sqlite3.Connection, name: str, default: Any) -> Any:
    """One setting, as JSON."""
    row = database.execute("SELECT value FROM setting WHERE name = ?", (name,)).fetchone()
    return json.loads(row[0]) if row else default


def put_setting(database: sqlite3.Connection, name: str, value: object) -> None:
    """Change one setting."""
    database.execute("INSERT OR REPLACE INTO setting VALUES (?, ?)", (name, json.dumps(value)))


def virtual_now(database: sqlite3.Connection, *, real_s: float | None = None) -> float:
    """The virtual clock, in seconds: it began at the real time and runs `rate` times as fast."""
    real = time.time() if real_s is None else real_s
    began, virtual, rate = setting(database, CLOCK, (real, real, 1.0))
    return float(virtual + (real - began) * rate)


def set_clock(
    database: sqlite3.Connection, *, rate: float | None = None, advance_s: float = 0.0
) -> float:
    """Let the virtual clock run `rate` times as fast (0: only by hand), or step; return it."""
    real = time.time()
    now = virtual_now(database, real_s=real) + advance_s
    before = setting(database, CLOCK, (real, real, 1.0))[2]
    put_setting(database, CLOCK, (real, now, before if rate is None else rate))
    return now


def real_clock(database: sqlite3.Connection) -> float:
    """Bring the virtual clock back to the real time and speed; return it.

    A clock that ran ahead refuses every new order as too late: it ends before it begins.
    """
    real = time.time()
    put_setting(database, CLOCK, (real, real, 1.0))
    return real


def any_switch(database: sqlite3.Connection) -> bool:
    """Whether any switch is on."""
    return database.execute("SELECT 1 FROM switch WHERE left_ <> 0").fetchone() is not None


def take_switch(database: sqlite3.Connection, name: str) -> int | None:
    """Use a switch once: its value, or None if it is off. One that is left -1 times stays on."""
    row = database.execute("SELECT left_, value FROM switch WHERE name = ?", (name,)).fetchone()
    if row is None or row[0] == 0:
        return None
    if row[0] > 0:
        database.execute("UPDATE switch SET left_ = left_ - 1 WHERE name = ?", (name,))
    return int(row[1])
