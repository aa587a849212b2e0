"""A PostgreSQL of dictionaries: what Jusha's hot paths need of it, and as strict.

Transactions read what is committed and what they wrote (READ COMMITTED), savepoints are
layers over it, primary keys, UNIQUE, CHECK, NOT NULL, column ranges and append-only
tables are enforced from the same SQL files as the real ones. Where a real session would
wait for another's lock, LockNotAvailable is raised, as under a lock_timeout.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final

from psycopg import errors

from tests.simulator.schema import LANES, RANGES, Row, Table, tables

SHARE: Final = "share"
EXCLUSIVE: Final = "exclusive"
BEGINNING: Final = datetime(1970, 1, 1, tzinfo=UTC)
Layer = dict[str, dict[Any, Row]]


class Database:
    """The committed rows, and the sessions that are open on them."""

    def __init__(self) -> None:
        self.rows: Layer = {name: {} for name in tables()}
        self.locks: dict[tuple[str, Any], dict[Session, str]] = {}
        self.advisory: dict[int, Session] = {}
        self.now = BEGINNING
        for lane, name in enumerate(LANES, 1):
            self.rows["inbox_lane"][lane] = (lane, name, 0, BEGINNING)
        self.rows["settlement_writer"][0] = (0, 0, "nobody", BEGINNING)

    def session(self) -> "Session":
        """Open a session."""
        return Session(self)

    def table(self, name: str) -> list[Row]:
        """All committed rows of a table, by primary key."""
        return [row for _, row in sorted(self.rows[name].items())]


class Session:
    """One session: a transaction at a time, layered by savepoints."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.layers: list[Layer] = []
        self.locked: set[tuple[str, Any]] = set()

    @property
    def now(self) -> datetime:
        """The server's clock."""
        return self.database.now

    def begin(self) -> None:
        """Begin a transaction, or a savepoint within one."""
        self.layers.append({})

    def commit(self) -> None:
        """Make the transaction's rows everybody's."""
        for layer in self.layers:
            for name, rows in layer.items():
                self.database.rows[name].update(rows)
        self.end()

    def release(self) -> None:
        """Keep what was done since the last savepoint."""
        for name, rows in self.layers.pop().items():
            self.layers[-1].setdefault(name, {}).update(rows)

    def back(self) -> None:
        """Undo what was done since the last savepoint; locks stay, as they may."""
        self.layers.pop()

    def end(self) -> None:
        """Forget the transaction and its locks."""
        self.layers.clear()
        for key in self.locked:
            holders = self.database.locks[key]
            del holders[self]
            if not holders:
                del self.database.locks[key]
        self.locked.clear()

    def close(self) -> None:
        """End the session: what was not committed is gone, advisory locks too."""
        self.end()
        held = [key for key, session in self.database.advisory.items() if session is self]
        for key in held:
            del self.database.advisory[key]

    def lock(self, name: str, key: Any, mode: str) -> None:
        """Lock a row until the transaction ends. Raises LockNotAvailable."""
        holders = self.database.locks.setdefault((name, key), {})
        for session, held in holders.items():
            if session is not self and EXCLUSIVE in {mode, held}:
                raise errors.LockNotAvailable(f"{name} {key}")
        if holders.get(self) != EXCLUSIVE:
            holders[self] = mode
        self.locked.add((name, key))

    def get(self, name: str, key: Any) -> Row | None:
        """The row with this primary key, as this session sees it."""
        for layer in reversed(self.layers):
            if (rows := layer.get(name)) is not None and key in rows:
                return rows[key]
        return self.database.rows[name].get(key)

    def scan(self, name: str) -> Iterator[Row]:
        """All rows of a table as this session sees them, in no promised order."""
        layers = [rows for layer in self.layers if (rows := layer.get(name))]
        if not layers:
            return iter(self.database.rows[name].values())
        merged = dict(self.database.rows[name])
        for rows in layers:
            merged.update(rows)
        return iter(merged.values())

    def insert(self, table: Table, row: Row) -> None:
        """Add a row. Raises UniqueViolation and what `check` raises."""
        key = table.key_of(row)
        self.check(table, row)
        self.lock(table.name, key, EXCLUSIVE)
        if self.get(table.name, key) is not None:
            raise errors.UniqueViolation(f"{table.name}_pkey: {key}")
        self._check_uniques(table, row)
        self._put(table.name, key, row)

    def update(self, table: Table, old: Row, row: Row) -> None:
        """Change a row; its primary key stays. Raises as PostgreSQL would."""
        key = table.key_of(row)
        assert key == table.key_of(old), "an update of a primary key"
        if table.append_only:
            raise errors.IntegrityConstraintViolation(
                f"{table.name} is append-only: UPDATE refused"
            )
        self.check(table, row)
        self.lock(table.name, key, EXCLUSIVE)
        self._put(table.name, key, row)

    def delete(self, table: Table, _row: Row) -> None:
        """Refuse: nothing that settlement writes is ever deleted."""
        raise errors.InsufficientPrivilege(f"DELETE from {table.name}")

    def check(self, table: Table, row: Row) -> None:
        """Raise what a column's type or a CHECK of the table says against a row."""
        if not table.holds(row):
            self._refuse(table, row)

    def _refuse(self, table: Table, row: Row) -> None:
        for column, value in zip(table.columns, row, strict=True):
            if value is None and not column.nullable:
                raise errors.NotNullViolation(f"{table.name}.{column.name}")
            bounds = RANGES.get(column.kind)
            if bounds and value is not None and not bounds[0] <= value <= bounds[1]:
                raise errors.NumericValueOutOfRange(f"{table.name}.{column.name}: {value}")
        for text, holds in table.checks:
            if not holds(row):
                raise errors.CheckViolation(f"{table.name}: {text} refuses {row}")
        raise AssertionError(f"{table.name}: {row}")

    def _check_uniques(self, table: Table, row: Row) -> None:
        for unique in table.uniques:
            mine = unique(row)
            if any(unique(other) == mine for other in self.scan(table.name)):
                raise errors.UniqueViolation(f"{table.name}: {mine}")

    def _put(self, name: str, key: Any, row: Row) -> None:
        self.layers[-1].setdefault(name, {})[key] = row
