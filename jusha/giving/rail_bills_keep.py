"""Keep a rail's bill that was fetched: its lines, once; the same bytes again change nothing."""

import hashlib
from pathlib import Path
from typing import Any, Final

import psycopg
import structlog

from jusha.giving.rail_bills_read import Account, Bill
from jusha.payments.bills.records import FileRefusedError

SQL: Final = Path(__file__).parent / "sql"
STAGE_SQL: Final = (SQL / "rail_line_stage.sql").read_text()
KEEP_SQL: Final = (SQL / "rail_lines_keep.sql").read_text()
COPY_SQL: Final = "COPY rail_line_stage FROM STDIN"
LOCK_SQL: Final = "SELECT pg_advisory_xact_lock(hashtext('jusha bills ' || %s))"
CHARITIES_SQL: Final = "SELECT merchant, charity FROM jusha_merchantheld WHERE rail = %s"
FIND_SQL: Final = "SELECT rail, day, payee, file_hash, state FROM jusha_railbill WHERE id = %s"
AGAIN_SQL: Final = """
UPDATE jusha_railbill SET told = '', tries = 0, next_at = NULL, read_at = %s WHERE id = %s"""
CLEAR_SQL: Final = "DELETE FROM giving_rail_line WHERE bill = %s"
READ_SQL: Final = """
UPDATE jusha_railbill
SET state = %(state)s, told = '', tries = 0, file_hash = %(hash)s, lines = %(lines)s,
    read_at = %(now)s, next_at = %(next_at)s
WHERE id = %(bill)s"""
LAY_SOON_SQL: Final = """
UPDATE jusha_railbill SET lay_at = %(now)s
WHERE rail = %(rail)s AND day BETWEEN %(day)s::date - 1 AND %(day)s::date + 1
  AND state IN ('read', 'empty')"""
PIECE: Final = 1 << 20

log = structlog.get_logger("bills")


def file_hash(file: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def keep_bill(
    connection: psycopg.Connection[Any], bill: int, file: Path, *, deed_secret: bytes, now: Any
) -> bool:
    """Keep the lines of a bill's file in place of what was there; False for the same bytes again.

    In a transaction of its own; `now` is the time of reading. Raises FileRefusedError, and
    nothing has changed. Reads: jusha_merchant, giving_seen. Writes: giving_rail_line,
    jusha_railbill.
    """
    found = file_hash(file)
    with connection.transaction():
        rail, day, payee, known, state = _locked(connection, bill)
        if (known, state) == (found, "read"):
            connection.execute(AGAIN_SQL, (now, bill))
            return False
        charities = dict(connection.execute(CHARITIES_SQL, (rail,)).fetchall())
        reader = Bill(Account(rail, charities, payee), deed_secret=deed_secret)
        connection.execute("SET LOCAL work_mem = '64MB'")
        connection.execute(STAGE_SQL)
        with connection.cursor() as cursor, cursor.copy(COPY_SQL) as copy:
            for piece in reader.copied(file):
                copy.write(piece)
        connection.execute("ANALYZE rail_line_stage")
        connection.execute(CLEAR_SQL, (bill,))
        connection.execute(KEEP_SQL, {"bill": bill})
        told = {"state": "read", "hash": found, "lines": reader.lines, "next_at": None}
        _is_here(connection, told | {"bill": bill, "rail": rail, "day": day, "now": now})
    (log.info if reader.lines else log.debug)(
        "bill_read", rail=rail, day=str(day), lines=reader.lines
    )
    return True


def keep_empty(connection: psycopg.Connection[Any], bill: int, *, now: Any, again_at: Any) -> None:
    """Keep that the rail has no bill of this day; it is asked again at `again_at`, or never.

    A bill that was read before stays. Writes: giving_rail_line, jusha_railbill.
    """
    with connection.transaction():
        rail, day, _, _, state = _locked(connection, bill)
        if state == "read":
            connection.execute(AGAIN_SQL, (now, bill))
            return
        told = {"state": "empty", "hash": "", "lines": 0, "next_at": again_at, "bill": bill}
        if state == "empty":
            connection.execute(READ_SQL, told | {"now": now})
        else:
            _is_here(connection, told | {"rail": rail, "day": day, "now": now})


def _locked(connection: psycopg.Connection[Any], bill: int) -> tuple[Any, ...]:
    """The bill's row, with nobody else at this rail's bills until the transaction ends."""
    row = connection.execute(FIND_SQL, (bill,)).fetchone()
    if row is None:
        raise FileRefusedError(f"没有编号是 {bill} 的账单", f"no bill {bill}")
    connection.execute(LOCK_SQL, (row[0],))
    again = connection.execute(FIND_SQL, (bill,)).fetchone()
    assert again is not None, "bills are never deleted"
    return tuple(again)


def _is_here(connection: psycopg.Connection[Any], told: dict[str, Any]) -> None:
    """Say that a bill is here, and have its day and both neighbours laid anew."""
    connection.execute(READ_SQL, told)
    connection.execute(LAY_SOON_SQL, told)
