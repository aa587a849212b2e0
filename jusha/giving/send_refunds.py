"""The second half of a refund: money that is booked as owed goes back by the route it came.

Two persons have decided and settlement has booked the refund before it is seen here. Each is
sent under a key of its own, so that a repeat after a crash sends nothing twice; when the rail
says that it arrived, the instruction `refund-sent` clears what is owed. What a rail cannot
deliver stays owed, visibly, with the rail's code.
"""

from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, NamedTuple

import psycopg
import structlog
from psycopg.rows import namedtuple_row

from jusha.inbox.append import append
from jusha.inbox.envelopes import Instruction
from jusha.payments.flights import Flights
from jusha.payments.merchant_token import open_token
from jusha.payments.rails.names import NAMES
from jusha.payments.rails.seam import Payee, Rail, RailRefusedError, RailUnsureError
from jusha.people.vault import SealBrokenError

SQL: Final = Path(__file__).parent / "sql"
NEW_SQL: Final = (SQL / "new_sendings.sql").read_text()
DUE_SQL: Final = (SQL / "due_sendings.sql").read_text()
KEEP_SQL: Final = (SQL / "keep_sending.sql").read_text()
LANE: Final = "jobs"
BY: Final = "payments"
REASON: Final = "捐赠退款"
"""What the donor's wallet shows; the case's own reason may be personal and stays here."""
FIRST_SECONDS: Final = 2.0
LAST_SECONDS: Final = 600.0
OUTCOME_SECONDS: Final = 0.2

log = structlog.get_logger("payments")


class Sent(NamedTuple):
    """What became of one look: the state to keep, the rail's code, when to look again."""

    state: str
    told: str = ""
    after_s: float | None = FIRST_SECONDS


class Refunds:
    """Sends what is booked, as sets; one process does this."""

    def __init__(self, rails: Mapping[str, Rail], *, merchants_key: bytes) -> None:
        """Send by these rails."""
        self._rails, self._merchants_key = rails, merchants_key
        self.flights: Flights[int, tuple[Any, Sent]] = Flights("refunds")

    def round(self, connection: psycopg.Connection[Any]) -> int:
        """Keep what was answered, ask what is due; return how many moved. Autocommit.

        Reads: giving_refund and what it names. Writes: jusha_sending, the inbox.
        """
        moved = 0
        for _, (row, sent) in self.flights.landed():
            _keep(connection, row, sent)
            moved += 1
        connection.execute(NEW_SQL, {"rails": list(NAMES)})
        with connection.cursor(row_factory=namedtuple_row) as cursor:
            cursor.execute(DUE_SQL, {"flying": self.flights.keys, "most": self.flights.room})
            for row in cursor.fetchall():
                self._move(connection, row)
                moved += 1
        return moved

    def _move(self, connection: psycopg.Connection[Any], row: Any) -> None:
        if row.state == "arrived":
            _tell_settlement(connection, row)
        elif row.rail not in self._rails:
            _keep(connection, row, Sent(row.state, "no-rail", LAST_SECONDS))
        elif not row.order_no or not row.merchant:
            _keep(connection, row, _given_up(row.state, "no-route"))
        else:
            self._begin(connection, row)

    def _begin(self, connection: psycopg.Connection[Any], row: Any) -> None:
        try:
            token = open_token(self._merchants_key, row.sealed_token)
        except SealBrokenError:  # one charity's row must not stand in the others' way
            _keep(connection, row, Sent(row.state, "token-unreadable", LAST_SECONDS))
            return
        payee = Payee(row.charity, row.merchant, token)
        self.flights.begin(row.refund, _send, self._rails[row.rail], payee, row)


def identity(key: str) -> bytes:
    """Name the instruction that tells settlement of a refund's arrival; a repeat is the same."""
    return sha256(f"refund-sent\n{key}".encode()).digest()[:16]


def _given_up(state: str, code: str) -> Sent:
    """What a refusal means: the end, but only where the rail was never asked to deliver.

    A refund that was handed over may still arrive, whatever the rail says to a question about it.
    Only the rail's own word that it failed ends it, or it would be paid a second time by hand.
    """
    if state == "pending":
        return Sent("pending", code, LAST_SECONDS)
    return Sent("failed", code, None)


def _send(rail: Rail, payee: Payee, row: Any) -> tuple[Any, Sent]:
    """Ask the rail; in a thread, without the database."""
    state = row.state
    try:
        found = rail.query(row.order_no, payee)
        if found.paid is None:
            return row, _given_up(state, f"order-{found.state}")
        returned = rail.query_refund(row.key, found.paid, payee)
        if returned.state == "unknown":
            sent = rail.refund
            try:
                returned = sent(found.paid, payee, amount=row.amount, reason=REASON, key=row.key)
            except RailUnsureError:  # it may have been taken
                state = "pending"
                raise
    except RailUnsureError as error:
        return row, Sent(state, error.code, _later(row.tries))
    except RailRefusedError as error:
        return row, _given_up(state, error.code)
    except ValueError:  # what the rail's client knows the rail would not take
        return row, _given_up(state, "not-this-payment")
    following = {
        "failed": Sent("failed", "undeliverable", None),
        "arrived": Sent("arrived", "", 0.0),
    }
    return row, following.get(returned.state, Sent("pending", "", _later(row.tries)))


def _tell_settlement(connection: psycopg.Connection[Any], row: Any) -> None:
    if row.outcome == "done":
        _keep(connection, row, Sent("booked", "", None))
    elif row.outcome:
        _keep(connection, row, Sent("failed", row.outcome, None))
    else:
        if row.tries % 50 == 0:  # once, and again if it was lost before it was durable
            body = {"deed": row.deed, "amount": row.amount, "reference": row.key}
            told = Instruction(identity(row.key), "refund-sent", BY, "", body)
            append(connection, lane=LANE, envelopes=[told])
        _keep(connection, row, Sent("arrived", "", OUTCOME_SECONDS))


def _later(tries: int) -> float:
    return min(FIRST_SECONDS * 2.0 ** min(tries, 12), LAST_SECONDS)


def _keep(connection: psycopg.Connection[Any], row: Any, sent: Sent) -> None:
    # A refund that arrives begins to count anew: its tries are settlement's from here.
    tries = 0 if sent.state == "arrived" != row.state else row.tries + 1
    if sent.told:
        log.warning("refund_not_sent_yet", rail=row.rail, code=sent.told, state=sent.state)
    connection.execute(
        KEEP_SQL,
        {
            "refund": row.refund,
            "state": sent.state,
            "told": sent.told[:200],
            "tries": tries,
            "after_ms": None if sent.after_s is None else int(sent.after_s * 1_000),
        },
    )
