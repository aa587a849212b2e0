"""Have a day's bills fetched by hand: one that is missing, or one that the rail corrected."""

from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

import psycopg

from jusha.giving.rail_bills_rules import today
from jusha.payments.rails.names import ALIPAY, NAMES, WECHAT
from jusha.payments.wake import WAKE_SQL

SQL: Final = Path(__file__).parent / "sql"
NEW_SQL: Final = (SQL / "rail_bills_new.sql").read_text()
AGAIN_SQL: Final = "UPDATE jusha_railbill SET next_at = %(now)s WHERE day = %(day)s"
OLDEST_DAYS: Final = 92


class DayRefusedError(Exception):
    """No rail has a bill of this day: it is ahead, or too long ago."""


def order_day(connection: psycopg.Connection[Any], day: date, *, now: datetime) -> None:
    """Have all rails' bills of a day fetched now; bytes that are known already change nothing.

    Whether a bill is there is the rail's to say. Raises DayRefusedError.
    Reads: jusha_merchant. Writes: jusha_railbill.
    """
    waited = (today(int(now.timestamp())) - day).days
    if not 0 <= waited <= OLDEST_DAYS:
        raise DayRefusedError(day.isoformat())
    told = {"rails": list(NAMES), "days": [day], "now": now, "whole": WECHAT, "single": ALIPAY}
    connection.execute(NEW_SQL, told)
    connection.execute(AGAIN_SQL, {"now": now, "day": day})
    connection.execute(WAKE_SQL)
