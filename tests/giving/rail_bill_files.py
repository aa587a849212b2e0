"""A provider's WeChat Pay bill with invented lines, and days to put them in."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg

from jusha.giving.rail_bills_keep import keep_bill
from jusha.giving.rail_bills_lay import lay_day
from jusha.giving.rail_bills_rules import bounds
from tests.payments.bill_files import wechat

SECRET = b"d" * 32
MERCHANT = "1900000109"
BILL_SQL = """
INSERT INTO jusha_railbill (rail, day, payee, state, told, tries, next_at, file_hash, lines)
VALUES ('wechat', %s, '', 'asked', '', 0, now(), '', 0)
ON CONFLICT (rail, day, payee, merchant) DO UPDATE SET tries = 0 RETURNING id"""


def yuan(fen: int) -> str:
    return f"{fen // 100}.{fen % 100:02d}"


def line(
    transaction: str,
    fen: int,
    *,
    at: datetime,
    order: str = "0",
    refund: str = "",
    came: str = "SUCCESS",
    merchant: str = MERCHANT,
    fee: str | None = None,
) -> str:
    """One line: a payment, or with `refund` the refund of that name."""
    taken = f"{Decimal(fen) * Decimal('0.00006') * (-1 if refund else 1):.5f}"
    paid, back = ("0.00", yuan(fen)) if refund else (yuan(fen), "0.00")
    local = at + timedelta(hours=8)
    cells = [f"{local:%Y-%m-%d %H:%M:%S}", "wx1", "1900000100", merchant, "", transaction, order]
    cells += ["openid-of-somebody", "JSAPI", "REFUND" if refund else "SUCCESS", "OTHERS", "CNY"]
    cells += [paid, "0.00", "5030" if refund else "0", refund or "0", back, "0.00"]
    cells += ["ORIGINAL" if refund else "", came if refund else "", "善款", ""]
    cells += [taken if fee is None else fee, "0.60%", paid, back, ""]
    return ",".join(f"`{cell}" for cell in cells)


def bill_of(connection: psycopg.Connection[Any], day: date) -> int:
    """The row of the day's bill, made if it is not there."""
    row = connection.execute(BILL_SQL, (day,)).fetchone()
    assert row is not None
    return int(row[0])


def import_day(
    connection: psycopg.Connection[Any], folder: Path, day: date, lines: Sequence[str]
) -> bool:
    """Keep a day's bill of these lines and lay the day; False where the bytes were known."""
    file = folder / f"{day}.csv"
    file.write_bytes(wechat(lines))
    now = bounds(day)[1] + timedelta(hours=10)
    is_new = keep_bill(connection, bill_of(connection, day), file, deed_secret=SECRET, now=now)
    lay_day(connection, "wechat", day, now=now)
    return is_new


def differences(
    connection: psycopg.Connection[Any], day: date, *states: str
) -> list[tuple[Any, ...]]:
    """kind, cause, there, here of what waits on a day (or of other states), in that order."""
    return connection.execute(
        "SELECT kind, cause, there, here FROM jusha_raildifference"
        " WHERE rail = 'wechat' AND day = %s AND state = ANY (%s) ORDER BY 1, 2, 3, 4",
        (day, list(states) or ["open", "proposed"]),
    ).fetchall()
