"""What simulated gateways keep alike: one SQLite file, settings, and a clock that may run ahead.

Stamps are the wall's time, because a receiver compares them with its own clock. What has to be
waited for (retries, a slow refund, the bill of yesterday) goes by the clock that may run ahead.
"""

import json
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

BUSY_SECONDS: Final = 10.0
RATE_MAX: Final = 100_000
SETTINGS: Final = """
CREATE TABLE IF NOT EXISTS setting (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
"""


class State:
    """One gateway's folder with `state.sqlite`, flushed before anything is answered."""

    def __init__(self, folder: Path, schema: str, *, wall: Callable[[], float] = time.time) -> None:
        """Open the folder; it and the database are made where there are none."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.folder, self.wall, self.path = folder, wall, folder / "state.sqlite"
        with closing(self._connect()) as database:
            database.executescript(SETTINGS + schema)

    def _connect(self) -> sqlite3.Connection:
        database = sqlite3.connect(self.path, timeout=BUSY_SECONDS, isolation_level=None)
        database.row_factory = sqlite3.Row
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = FULL")
        return database

    @contextmanager
    def claim(self) -> Iterator[sqlite3.Connection]:
        """One transaction alone; durable when the block is left."""
        with closing(self._connect()) as database:
            database.execute("BEGIN IMMEDIATE")
            try:
                yield database
            except BaseException:
                database.execute("ROLLBACK")
                raise
            database.execute("COMMIT")

    def stamp(self) -> int:
        """The wall's time in whole seconds."""
        return int(self.wall())

    def setting(self, database: sqlite3.Connection, name: str, default: Any) -> Any:
        """Read a setting."""
        row = database.execute("SELECT value FROM setting WHERE name = ?", (name,)).fetchone()
        return default if row is None else json.loads(row["value"])

    def put(self, database: sqlite3.Connection, name: str, value: Any) -> None:
        """Write a setting."""
        row = (name, json.dumps(value))
        database.execute("INSERT OR REPLACE INTO setting VALUES (?, ?)", row)

    def now(self, database: sqlite3.Connection) -> float:
        """The time of the clock that may run ahead."""
        wall = self.wall()
        clock = self.setting(database, "clock", {"wall": wall, "ahead": wall, "rate": 1})
        return float(clock["ahead"] + (wall - clock["wall"]) * clock["rate"])

    def set_clock(
        self, database: sqlite3.Connection, *, rate: float | None, step_seconds: float
    ) -> None:
        """Step the clock, and let it run `rate` times as fast from here; 0 is by hand."""
        now = self.now(database) + max(0.0, step_seconds)
        before = self.setting(database, "clock", {"rate": 1})["rate"]
        new = before if rate is None else min(max(0.0, rate), RATE_MAX)
        self.put(database, "clock", {"wall": self.wall(), "ahead": now, "rate": new})

    def switches(self, database: sqlite3.Connection) -> set[str]:
        """The switches that are on."""
        return set(self.setting(database, "switches", []))
