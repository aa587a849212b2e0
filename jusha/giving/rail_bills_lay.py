"""Lay a day of a rail's bills beside what stands here, by sets; again and again gives the same."""

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Final, NamedTuple

import psycopg
import structlog

from jusha.giving.rail_bills_keep import LOCK_SQL
from jusha.giving.rail_bills_lift import lift_limit
from jusha.giving.rail_bills_rules import CUT_OFF_S, EMPTY, READ, bounds

SQL: Final = Path(__file__).parent / "sql"
TABLES: Final = (
    "rail_day_line", "rail_near", "rail_payment_laid", "rail_refund_laid", "rail_differing",
)  # fmt: skip
"""Made for one day, in this order, by the files of LOOK; each is analysed at once."""
LOOK: Final = tuple(
    (SQL / f"{name}.sql").read_text()
    for name in (
        "rail_day_lines", "rail_near", "rail_payments_laid", "rail_refunds_laid", "rail_differing",
    )
)  # fmt: skip
MEET_SQL: Final = (SQL / "rail_lines_meet.sql").read_text()
KEEP: Final = tuple(
    (SQL / f"{name}.sql").read_text()
    for name in (
        "rail_lines_far", "rail_differences_found", "rail_differences_gone", "rail_tally_clear",
        "rail_tally", "rail_day_laid",
    )
)  # fmt: skip
BILLS_SQL: Final = """
SELECT id, day, payee, state FROM jusha_railbill
WHERE rail = %(rail)s AND day BETWEEN %(day)s::date - 1 AND %(day)s::date + 1"""
CHANNEL_SQL: Final = "SELECT id FROM payments_channel WHERE code = %s"
ENDS_SQL: Final = "SELECT coalesce(min(id), 0), coalesce(max(id) + 1, 0) FROM settlement_batch"
LAST_SQL: Final = "SELECT id, next FROM settlement_batch ORDER BY id DESC LIMIT 1"
BATCH_SQL: Final = """
SELECT id, first, settled_at FROM settlement_batch WHERE id >= %s ORDER BY id LIMIT 1"""
COUNT_SQL: Final = """
SELECT count(*) FROM jusha_raildifference
WHERE rail = %s AND day = %s AND state IN ('open', 'proposed')"""

log = structlog.get_logger("bills")


class Laid(NamedTuple):
    """How many differences of the day wait for people."""

    open: int


def lay_day(
    connection: psycopg.Connection[Any],
    rail: str,
    day: date,
    *,
    now: datetime,
    again_at: datetime | None = None,
) -> Laid:
    """Compare a day that is here, keep what differs, add up what agrees; in one transaction.

    `again_at` is when it is laid next if something still differs. Does nothing for a day of
    which no bill is here.
    Reads: giving_rail_line, giving_seen, giving_deed, giving_refund, giving_repaid, jusha_sending
    and what names charities. Writes: giving_rail_line, jusha_raildifference,
    jusha_raildifferencestep, jusha_railtally, jusha_railbill, jusha_raillift, the inbox.
    """
    begins, ends = bounds(day)
    with connection.transaction():
        connection.execute(LOCK_SQL, (rail,))
        bills = connection.execute(BILLS_SQL, {"rail": rail, "day": day}).fetchall()
        told = _covered([row for row in bills if row[1] == day])
        if not told["is_here"]:
            return Laid(0)
        channel = connection.execute(CHANNEL_SQL, (rail,)).fetchone()
        told |= {
            "rail": rail,
            "day": day,
            "begins": begins,
            "ends": ends,
            "cut_off": ends - timedelta(seconds=CUT_OFF_S),
            "bills": [row[0] for row in bills if row[1] == day],
            "bills_before": [row[0] for row in bills if row[1] < day],
            "near_bills": [row[0] for row in bills],
            "next_is_here": any(row[1] > day and row[3] in {READ, EMPTY} for row in bills),
            "channel": channel[0] if channel else -1,
            "first": first_settled_since(connection, begins),
            "now": now,
            "again_at": again_at,
        }
        connection.execute("SET LOCAL work_mem = '64MB'")
        connection.execute(MEET_SQL, told)
        for table, look in zip(TABLES, LOOK, strict=True):
            connection.execute(look, told)
            connection.execute(f"ANALYZE pg_temp.{table}")
        for keep in KEEP:
            connection.execute(keep, told)
        lifted = lift_limit(connection, rail, day)
        (left,) = connection.execute(COUNT_SQL, (rail, day)).fetchone() or (0,)
    (log.info if left else log.debug)(
        "bills_laid", rail=rail, day=str(day), differences=left, lifted=lifted
    )
    return Laid(left)


def first_settled_since(connection: psycopg.Connection[Any], at: datetime) -> int:
    """The number from which on all entries stand that were settled at or after a time.

    Halves the batches, so it asks some twenty times. Reads: settlement_batch.
    """
    low, high = connection.execute(ENDS_SQL).fetchone() or (0, 0)
    while low < high:
        middle = (low + high) // 2
        found = connection.execute(BATCH_SQL, (middle,)).fetchone()
        if found is None or found[2] >= at:
            high = middle
        else:
            low = found[0] + 1
    row = connection.execute(BATCH_SQL, (low,)).fetchone()
    if row is None:
        row = connection.execute(LAST_SQL).fetchone() or (0, 0)
    return int(row[1])


def _covered(bills: list[tuple[Any, ...]]) -> dict[str, Any]:
    """Whose bills of the day are here, and whose are empty; one without a payee is everybody's."""
    # A charity that changed its account has two bills of a day: here when both are.
    waits = {payee for _, _, payee, state in bills if state not in {READ, EMPTY}}
    here = [(payee, state) for _, _, payee, state in bills if payee not in waits]
    whole = [state for payee, state in here if not payee]
    return {
        "is_here": bool(here),
        "covered": sorted({payee for payee, _ in here}),
        "all_covered": bool(whole) or len(here) == len(bills),
        "empty": sorted(
            {payee for payee, _ in here} - {payee for payee, state in here if state != EMPTY}
        ),
        "all_empty": all(state == EMPTY for _, state in here) and bool(here),
    }
