"""The floor under settlement: the deeds it wrote, copied raw into tables with the same indexes.

Nothing is decided, found or posted; one binary COPY a table, in one transaction. No settlement
can be faster than this on the same server.
"""

import time
from typing import Any, Final

import psycopg

TABLES: Final = ("giving_deed", "giving_seen")
"""A deed is a row in each: what happened, and the key that a repeat of it meets."""
COPIES_SQL: Final = """
CREATE TABLE raw_{table} (LIKE {table} INCLUDING CONSTRAINTS INCLUDING INDEXES)"""


def prepare_raw(connection: psycopg.Connection[Any]) -> None:
    """Make the empty tables, constraints and indexes included."""
    for table in TABLES:
        connection.execute(COPIES_SQL.format(table=table).encode())


def measure_raw(connection: psycopg.Connection[Any], first: int, after: int) -> float:
    """Copy the settled deeds of the entries first..after-1; return deeds a second.

    Reading them is not counted, the commit is. Raises psycopg.Error.
    """
    rows = [_read(connection, table, first, after) for table in TABLES]
    began = time.perf_counter()
    with connection.transaction(), connection.cursor() as cursor:
        for table, data in zip(TABLES, rows, strict=True):
            with cursor.copy(f"COPY raw_{table} FROM STDIN (FORMAT binary)".encode()) as copy:
                copy.write(data)
        count = cursor.rowcount
    return round(count / (time.perf_counter() - began), 1)


def _read(connection: psycopg.Connection[Any], table: str, first: int, after: int) -> bytes:
    sql = (
        f"COPY (SELECT * FROM {table} WHERE number >= {first} AND number < {after}"  # noqa: S608
        " ORDER BY number) TO STDOUT (FORMAT binary)"
    )
    with connection.cursor() as cursor, cursor.copy(sql.encode()) as copy:
        return b"".join(copy)
