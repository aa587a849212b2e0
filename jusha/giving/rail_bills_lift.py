"""A channel may draw only so much from pools before its gifts are confirmed; its bills confirm."""

import hashlib
from datetime import date
from pathlib import Path
from typing import Any, Final

import psycopg

from jusha.inbox.append import append
from jusha.inbox.envelopes import Instruction
from jusha.matching.rules import BY_NUMBER

DRAWN_SQL: Final = (Path(__file__).parent / "sql" / "rail_drawn_confirmed.sql").read_text()
LIMITED_SQL: Final = """
SELECT FROM payments_channel WHERE code = %s AND coalesce((terms ->> 'draw_max')::bigint, 0) > 0"""
LIFTED_SQL: Final = "SELECT lifted FROM jusha_raillift WHERE rail = %s AND day = %s"
KEEP_SQL: Final = """
INSERT INTO jusha_raillift (rail, day, lifted) VALUES (%s, %s, %s)
ON CONFLICT (rail, day) DO UPDATE SET lifted = excluded.lifted"""
LANE: Final = "jobs"
BY: Final = "bills"
ID_BYTES: Final = 16


def lift_limit(connection: psycopg.Connection[Any], rail: str, day: date) -> int:
    """Tell settlement what a day's bills confirm of what their channel drew; return the fen told.

    Inside the transaction that laid the day, after `rail_payments_laid`. A day that is laid again
    tells only what is new; one that confirms less than before takes nothing back.
    Reads: payments_channel, jusha_raillift, matching_match, matching_claim.
    Writes: jusha_raillift, the inbox.
    """
    if connection.execute(LIMITED_SQL, (rail,)).fetchone() is None:
        return 0
    (drawn,) = connection.execute(DRAWN_SQL, {"share": BY_NUMBER["share"]}).fetchone() or (0,)
    (before,) = connection.execute(LIFTED_SQL, (rail, day)).fetchone() or (0,)
    if drawn <= before:
        return 0
    connection.execute(KEEP_SQL, (rail, day, drawn))
    name = hashlib.sha256(f"reconciled {rail} {day} {drawn}".encode()).digest()[:ID_BYTES]
    body = {"channel": rail, "day": day.isoformat(), "amount": drawn - before}
    append(connection, lane=LANE, envelopes=[Instruction(name, "reconciled", BY, "", body)])
    return int(drawn - before)
