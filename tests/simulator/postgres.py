"""The same histories on a real PostgreSQL, to prove the double faithful.

Sessions are psycopg connections in autocommit, told BEGIN and COMMIT in so many words.
The clock is the history's: a function clock_timestamp() of a schema that is searched
before PostgreSQL's own reads it from a table, so that the product's SQL runs unchanged.
"""

import uuid
from datetime import UTC, datetime
from typing import Any, Final

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from tests.simulator.schema import Row, tables
from tests.simulator.statements import Result

CLOCK_SQL: Final = """
CREATE SCHEMA simulated;
CREATE TABLE simulated.clock (at timestamptz NOT NULL);
INSERT INTO simulated.clock VALUES ('1970-01-01T00:00Z');
CREATE FUNCTION simulated.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE
    AS 'SELECT at FROM simulated.clock';
GRANT USAGE ON SCHEMA simulated TO PUBLIC;
GRANT SELECT ON simulated.clock TO PUBLIC"""
OPTIONS: Final = "-c search_path=simulated,pg_catalog,public -c lock_timeout=300ms -c timezone=UTC"
GONE_SQL: Final = "SELECT count(*) FROM pg_stat_activity WHERE pid = %s"


class Postgres:
    """A real server, its clock, and the sessions that are open."""

    def __init__(self, *, owner_url: str, settle_url: str) -> None:
        self.url = make_conninfo(settle_url, options=OPTIONS)
        self.admin = psycopg.connect(owner_url, autocommit=True)
        self.admin.execute(CLOCK_SQL)
        self.sessions: list[PostgresBackend] = []

    def open(self) -> "PostgresBackend":
        """Open a session."""
        backend = PostgresBackend(self)
        self.sessions.append(backend)
        return backend

    def drop_locks(self) -> None:
        """Take every session's advisory locks away."""
        for session in self.sessions:
            session.raw.execute("SELECT pg_advisory_unlock_all()")

    def set_clock(self, at: datetime) -> None:
        """Set the server's clock."""
        self.admin.execute("UPDATE simulated.clock SET at = %s", (at,))

    def tables(self) -> dict[str, list[Row]]:
        """Everything the tables hold, by primary key, in the double's form."""
        found = {}
        for table in tables().values():
            columns = [
                sql.SQL("greatest({}, 'epoch')" if column.kind == "timestamptz" else "{}").format(
                    sql.Identifier(column.name)
                )
                for column in table.columns
            ]
            query = sql.SQL("SELECT {} FROM {}").format(
                sql.SQL(", ").join(columns), sql.Identifier(table.name)
            )
            rows = [tuple(_plain(value) for value in row) for row in self.admin.execute(query)]
            found[table.name] = sorted(rows, key=table.key_of)
        return found

    def close(self) -> None:
        """Let go of everything."""
        for session in list(self.sessions):
            session.close()
        self.admin.close()


def _plain(value: Any) -> Any:
    if isinstance(value, uuid.UUID):
        return value.bytes
    return value.astimezone(UTC) if isinstance(value, datetime) else value


class PostgresBackend:
    """One real session."""

    def __init__(self, server: Postgres) -> None:
        self.server = server
        self.raw = psycopg.connect(server.url, autocommit=True)
        self.adapters = self.raw.adapters
        self.depth = 0

    def run(self, sql: str, params: Any, *, binary: bool) -> Result:
        """Run one statement."""
        cursor = self.raw.execute(sql.encode(), params, binary=binary)
        return Result(cursor.fetchall() if cursor.description else [], cursor.rowcount)

    def copy(self, sql: str, data: bytes) -> None:
        """Run one COPY."""
        with self.raw.cursor() as cursor, cursor.copy(sql.encode()) as copy:
            copy.write(data)

    def begin(self) -> None:
        """Begin a transaction."""
        self.raw.execute("BEGIN")

    def commit(self) -> None:
        """Commit it."""
        self.depth = 0
        self.raw.execute("COMMIT")

    def rollback(self) -> None:
        """Undo it."""
        self.depth = 0
        self.raw.execute("ROLLBACK")

    def savepoint(self) -> None:
        """Begin a block within it."""
        self.depth += 1
        self.raw.execute(f"SAVEPOINT s{self.depth}".encode())

    def release(self) -> None:
        """Keep the innermost block."""
        self.raw.execute(f"RELEASE s{self.depth}".encode())
        self.depth -= 1

    def back(self) -> None:
        """Undo the innermost block."""
        self.raw.execute(f"ROLLBACK TO s{self.depth}".encode())
        self.depth -= 1

    def close(self) -> None:
        """End the session, and wait until the server has noticed: its locks are free then."""
        if self.raw.closed:
            return
        pid = self.raw.info.backend_pid
        self.raw.close()
        self.server.sessions.remove(self)
        while (self.server.admin.execute(GONE_SQL, (pid,)).fetchone() or (0,))[0]:
            pass
