"""Bring refund cases up to what settlement and the rails say of them."""

from pathlib import Path
from typing import Any, Final

import psycopg

FOLLOW_SQL: Final = (Path(__file__).parent / "sql" / "refunds_follow.sql").read_text()


def follow_refunds(connection: psycopg.Connection[Any]) -> int:
    """Move each case whose money moved, in one statement; return how many did.

    Safe to repeat and to run twice at once. Reads: settlement_outcome, giving_deed,
    giving_refund, giving_repaid, jusha_sending. Writes: jusha_refundcase, jusha_refundstep.
    """
    return connection.execute(FOLLOW_SQL).rowcount
