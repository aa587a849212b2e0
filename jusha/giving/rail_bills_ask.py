"""Where bill and books differ, the rail is asked about the order, and its answer decides (R-PAY-1).

A payment that exists and stands nowhere here was never told to us: it becomes a deed by itself, as
it would have from its notice. Everything else that is answered is kept for the people who clear.
"""

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Final, NamedTuple

import psycopg
import structlog
from psycopg.rows import class_row

from jusha.giving.rail_bills_rules import ONLY_THERE, later_s
from jusha.payments.attempt import Keys, record_paid
from jusha.payments.rails.seam import Paid, Payee, Rail, RailRefusedError, RailUnsureError

SQL: Final = Path(__file__).parent / "sql"
QUESTIONS_SQL: Final = (SQL / "rail_questions.sql").read_text()
KEEP_SQL: Final = (SQL / "rail_answer_keep.sql").read_text()
LAY_SQL: Final = """
UPDATE jusha_railbill SET lay_at = %(at)s
WHERE rail = %(rail)s AND day = %(day)s AND state IN ('read', 'empty')"""
SETTLED_S: Final = 2
"""A deed that was appended is settled by then; if not, the day is laid once more in an hour."""

log = structlog.get_logger("bills")


class Question(NamedTuple):
    """A difference to ask about, and the account that it is about."""

    id: int
    rail: str
    day: date
    kind: str
    order_no: int
    refund: str
    deed: int | None
    tries: int
    charity: str
    merchant: str
    sealed_token: bytes
    is_ours: bool


class Asked(NamedTuple):
    """What a thread brings back: an answer of rail_bills_rules.ANSWERS, "" for none yet."""

    answer: str
    amount: int | None = None
    paid: Paid | None = None
    code: str = ""


def questions(connection: psycopg.Connection[Any], now: datetime, *, room: int) -> list[Question]:
    """What is to be asked now, at most `room`. Reads: jusha_raildifference, accounts."""
    with connection.cursor(row_factory=class_row(Question)) as cursor:
        cursor.execute(QUESTIONS_SQL, {"now": now, "most": room})
        return cursor.fetchall()


def ask(rail: Rail, question: Question, token: str) -> Asked:
    """Ask the rail; in a thread, without the database."""
    if not question.is_ours or not question.merchant:
        return Asked("no-account" if question.is_ours else "no-order")
    payee = Payee(question.charity, question.merchant, token)
    try:
        found = rail.query(question.order_no, payee)
        if question.refund and found.paid is not None:
            back = rail.query_refund(question.refund, found.paid, payee)
            return Asked(back.state, back.amount or None)
    except RailUnsureError as error:
        return Asked("", code=error.code)
    except RailRefusedError as error:
        return Asked("refused", code=error.code)
    except ValueError:  # the account is none of the rail's: an operator mends that
        return Asked("", code="not-this-payment")
    return Asked(found.state, found.paid.amount if found.paid else None, found.paid)


def keep_answer(
    connection: psycopg.Connection[Any],
    question: Question,
    asked: Asked,
    *,
    keys: Keys,
    now: datetime,
) -> None:
    """Keep an answer; record a payment that nobody told us of, and have the day laid again.

    The deed goes first: a crash between the two asks once more, and a repeat is recognised.
    Autocommit. Reads: jusha_merchant. Writes: the inbox, jusha_raildifference,
    jusha_raildifferencestep, jusha_railbill.
    """
    is_lost = question.kind == ONLY_THERE and question.deed is None and asked.paid is not None
    if is_lost and asked.paid is not None:
        record_paid(connection, question.rail, asked.paid, keys=keys)
        log.warning("payment_found_by_bill", rail=question.rail, order=question.order_no)
    if asked.code:
        log.warning("rail_said", rail=question.rail, code=asked.code)
    again_at = None if asked.answer else now + timedelta(seconds=later_s(question.tries))
    told = {
        "id": question.id,
        "answer": asked.answer,
        "amount": asked.amount,
        "did": "recorded" if is_lost else "asked",
        "next_at": again_at,
        "now": now,
    }
    connection.execute(KEEP_SQL, told)
    if is_lost:
        lay_at = now + timedelta(seconds=SETTLED_S)
        connection.execute(LAY_SQL, {"rail": question.rail, "day": question.day, "at": lay_at})
