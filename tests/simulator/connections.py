"""Connections that look like psycopg's to the parts under test, over a server of choice.

Transactions follow psycopg's rules: a statement outside autocommit begins one, a block
inside one is a savepoint, and after an error everything but a rollback is refused.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import Any, Protocol, Self

import psycopg
from psycopg import errors

import tests.simulator.special  # noqa: F401 - fills the registry
from tests.simulator.database import Database
from tests.simulator.processes import Died, Gone, Process
from tests.simulator.statements import Result, copy, statement


class Backend(Protocol):
    """One session of a server, told exactly when to begin and end what."""

    adapters: Any

    def run(self, sql: str, params: Any, *, binary: bool) -> Result:
        """Run one statement in the open transaction."""

    def copy(self, sql: str, data: bytes) -> None:
        """Run one COPY FROM STDIN in the open transaction."""

    def begin(self) -> None:
        """Begin a transaction."""

    def commit(self) -> None:
        """Commit it."""

    def rollback(self) -> None:
        """Undo it."""

    def savepoint(self) -> None:
        """Begin a block within it."""

    def release(self) -> None:
        """Keep the innermost block."""

    def back(self) -> None:
        """Undo the innermost block."""

    def close(self) -> None:
        """End the session."""


class Server(Protocol):
    """Where connections lead to."""

    def open(self) -> Backend:
        """Open a session."""

    def drop_locks(self) -> None:
        """Take every session's advisory locks away, as a failover does."""


class Adapters:
    """The double reads array parameters without a dumper."""

    def register_dumper(self, *_: object) -> None:
        """Take note of nothing."""


class Double:
    """The in-process server."""

    def __init__(self) -> None:
        self.database = Database()

    def open(self) -> Backend:
        """Open a session."""
        return DoubleBackend(self.database)

    def drop_locks(self) -> None:
        """Take every session's advisory locks away."""
        self.database.advisory.clear()


class DoubleBackend:
    """A session of the double."""

    adapters: Any = Adapters()

    def __init__(self, database: Database) -> None:
        self.session = database.session()

    def run(self, sql: str, params: Any, *, binary: bool) -> Result:
        """Run one statement."""
        return statement(sql)(self.session, params)

    def copy(self, sql: str, data: bytes) -> None:
        """Run one COPY."""
        copy(self.session, sql, data)

    def begin(self) -> None:
        """Begin a transaction."""
        self.session.begin()

    def commit(self) -> None:
        """Commit it."""
        self.session.commit()

    def rollback(self) -> None:
        """Undo it."""
        self.session.end()

    def savepoint(self) -> None:
        """Begin a block within it."""
        self.session.begin()

    def release(self) -> None:
        """Keep the innermost block."""
        self.session.release()

    def back(self) -> None:
        """Undo the innermost block."""
        self.session.back()

    def close(self) -> None:
        """End the session."""
        self.session.close()


class Cursor:
    """What a statement gave; or, made by `cursor()`, a place to run more."""

    def __init__(self, connection: "Connection", result: Result | None = None) -> None:
        self.connection = connection
        self._take(result or Result([], 0))

    def _take(self, result: Result) -> None:
        self.rows = iter(result.rows)
        self.rowcount = result.touched

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        return self.rows

    def fetchone(self) -> tuple[Any, ...] | None:
        """The next row."""
        return next(self.rows, None)

    def fetchall(self) -> list[tuple[Any, ...]]:
        """The rest of the rows."""
        return list(self.rows)

    def execute(self, sql: str | bytes, params: Any = (), *, binary: bool = False) -> "Cursor":
        """Run one statement."""
        self._take(self.connection.run(sql, params, binary=binary))
        return self

    def executemany(self, sql: str | bytes, rows: Sequence[Sequence[Any]]) -> None:
        """Run one statement a row."""
        text = sql.decode() if isinstance(sql, bytes) else sql

        def all_rows() -> None:
            for row in rows:
                self.connection.backend.run(text, row, binary=False)

        self.connection.step(all_rows, text)

    @contextmanager
    def copy(self, sql: str | bytes) -> Iterator["Copy"]:
        """Collect the bytes of a COPY and send them at its end."""
        text = sql.decode() if isinstance(sql, bytes) else sql
        collected = Copy()
        yield collected
        data = b"".join(collected.blocks)
        self.connection.step(lambda: self.connection.backend.copy(text, data), text)


class Copy:
    """Bytes on their way into a table."""

    def __init__(self) -> None:
        self.blocks: list[bytes] = []

    def write(self, data: bytes) -> None:
        """Add a block."""
        self.blocks.append(bytes(data))


IDLE, OPEN, FAILED = "idle", "open", "failed"


class Connection:
    """One connection of one process."""

    def __init__(self, server: Server, process: Process, *, autocommit: bool = False) -> None:
        self.process, self.autocommit = process, autocommit
        self.broken = self.closed = False
        self.state = IDLE
        opened: list[Backend] = []
        try:
            process.io(lambda: opened.append(server.open()), Gone, "connect")
        except BaseException:
            for backend in opened:
                backend.close()
            raise
        (self.backend,) = opened
        self.adapters = self.backend.adapters
        process.opened.append(self._break)

    def _break(self) -> None:
        if not self.closed:
            self.broken = self.closed = True
            self.backend.close()

    def step(self, act: Callable[[], Any], what: str) -> Any:
        """One statement to the server, with psycopg's transaction rules around it."""
        if self.closed:
            raise Gone("the connection is closed")
        if self.state == FAILED:
            raise errors.InFailedSqlTransaction(what)
        alone = self.autocommit and self.state == IDLE
        try:
            return self.process.io(
                lambda: self._within(act, alone=alone), Gone, what, closed=self._break
            )
        except psycopg.Error:
            if not alone and not self.closed:
                if self.state == IDLE:  # BEGIN went well, the statement behind it did not
                    self.backend.begin()
                self.state = FAILED
            raise

    def _within(self, act: Callable[[], Any], *, alone: bool) -> Any:
        if self.state == IDLE:
            self.backend.begin()
            if not alone:
                self.state = OPEN
        try:
            result = act()
        except BaseException:
            if alone:
                self.backend.rollback()
            raise
        if alone:
            self.backend.commit()
        return result

    def run(self, sql: str | bytes, params: Any = (), *, binary: bool = False) -> Result:
        """Run one statement."""
        text = sql.decode() if isinstance(sql, bytes) else sql
        result: Result = self.step(lambda: self.backend.run(text, params, binary=binary), text)
        return result

    def execute(self, sql: str | bytes, params: Any = (), *, binary: bool = False) -> Cursor:
        """Run one statement and return its rows."""
        return Cursor(self, self.run(sql, params, binary=binary))

    def cursor(self) -> Cursor:
        """A place to run statements."""
        return Cursor(self)

    def transaction(self) -> AbstractContextManager[None]:
        """A transaction, or a savepoint within one."""
        return self._transaction() if self.state == IDLE else self._block()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        if self.closed:
            raise Gone("the connection is closed")
        self.backend.begin()
        self.state = OPEN
        try:
            yield
        except BaseException:
            if not self.closed:
                self.rollback()
            raise
        self.commit()

    @contextmanager
    def _block(self) -> Iterator[None]:
        self.step(self.backend.savepoint, "SAVEPOINT")
        try:
            yield
        except BaseException:
            if not self.closed:
                self.state = OPEN
                self.step(self.backend.back, "ROLLBACK TO")
            raise
        self.step(self.backend.release, "RELEASE")

    def commit(self) -> None:
        """Commit what is open."""
        if self.closed:
            raise Gone("the connection is closed")
        if self.state == FAILED:
            self.rollback()
        elif self.state == OPEN:
            self._end(self.backend.commit, "COMMIT")

    def rollback(self) -> None:
        """Undo what is open."""
        if self.closed:
            raise Gone("the connection is closed")
        if self.state != IDLE:
            with suppress(errors.QueryCanceled):  # nobody can refuse a rollback
                self._end(self.backend.rollback, "ROLLBACK")

    def _end(self, act: Callable[[], Any], what: str) -> None:
        try:
            self.process.io(act, Gone, what, closed=self._break)
        except errors.QueryCanceled:
            self.backend.rollback()  # a commit that is refused is a rollback
            raise
        finally:
            self.state = IDLE

    def close(self) -> None:
        """Let go; what is open is undone."""
        if not self.closed:
            self.closed = True
            self.backend.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if self.closed:
            return
        if kind is None:
            self.commit()
        elif not issubclass(kind, Died):
            self.rollback()
        self.close()
