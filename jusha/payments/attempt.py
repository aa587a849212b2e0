"""Orders on their way to a rail: a page asks, the payments process signs and asks the rail.

The page chooses rail and way. Amount and payee are read from what settlement settled and from
`jusha_merchant`, so whoever owns the pages can have orders signed, and choose neither.
"""

import time
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

import psycopg
import structlog
from psycopg.rows import namedtuple_row
from psycopg.types.json import Jsonb

from jusha.inbox.append import append
from jusha.payments import attempt_rules as rules
from jusha.payments import payer as payers
from jusha.payments.attempt_rules import GRACE_SECONDS, OPEN_SECONDS, Facts, Next
from jusha.payments.flights import Flights
from jusha.payments.merchant_token import open_token
from jusha.payments.rails.deed import deed_of
from jusha.payments.rails.seam import (
    Ask,
    Paid,
    Payable,
    Payee,
    Rail,
    RailRefusedError,
    RailUnsureError,
)
from jusha.payments.wake import WAKE_SQL
from jusha.people.vault import SealBrokenError

SQL: Final = Path(__file__).parent / "sql"
ADD_SQL: Final = (SQL / "add_attempt.sql").read_text()
DUE_SQL: Final = (SQL / "due_attempts.sql").read_text()
KEEP_SQL: Final = (SQL / "keep_attempt.sql").read_text()
LANE: Final = "door"
PAYEES_SQL: Final = "SELECT merchant, charity FROM jusha_merchantheld WHERE rail = %s"
PAYER_SQL: Final = "UPDATE jusha_attempt SET payer = %(payer)s WHERE id = %(id)s"
WAIT_SECONDS: Final = 0.1

log = structlog.get_logger("payments")


def show_on(
    connection: psycopg.Connection[Any],
    *,
    order_no: int,
    rail: str,
    way: str,
    back: str,
    payer: str = "",
    client_ip: str = "",
    open_until: datetime | None = None,
) -> None:
    """Ask that an order be shown on a rail; the first way asked for holds. Writes: jusha_attempt.

    The caller commits. `client_ip` only where the way needs it (H5); `open_until` where the order
    is made ahead, else it can be paid for 15 minutes; `payer` as payments.payer writes it.
    """
    asked = {"order_no": order_no, "rail": rail, "way": way, "payer": payer}
    connection.execute(
        ADD_SQL, asked | {"client_ip": client_ip, "back": back, "open_until": open_until}
    )
    connection.execute(WAKE_SQL)


ASK_SOON_SQL: Final = """
UPDATE jusha_attempt SET next_at = now()
WHERE order_no = %s AND state = 'ready' AND next_at > now()"""


def ask_soon(connection: psycopg.Connection[Any], *, order_no: int) -> None:
    """Ask the order's rails now instead of later: somebody came back from a wallet.

    Writes: jusha_attempt.
    """
    if connection.execute(ASK_SOON_SQL, (order_no,)).rowcount:
        connection.execute(WAKE_SQL)


class Keys(NamedTuple):
    """What names deeds and persons, and opens the merchants' tokens."""

    deed: bytes
    person: bytes
    merchants: bytes


class Answer(NamedTuple):
    """What a thread brings back for one attempt."""

    facts: Facts
    next: Next
    payable: Payable | None = None
    paid: Paid | None = None
    payer: str = ""
    """The rail's own id of who pays, where a code was swapped for it."""


class Attempts:
    """Works off the attempts that are due, as sets; one process does this."""

    def __init__(
        self, rails: Mapping[str, Rail], keys: Keys, *, clock: Callable[[], float] = time.time
    ) -> None:
        """Ask these rails."""
        self._rails, self._keys, self._clock = rails, keys, clock
        self.flights: Flights[int, Answer] = Flights("rails")

    def round(self, connection: psycopg.Connection[Any]) -> int:
        """Keep what was answered, ask what is due; return how many moved. Autocommit.

        Writes: jusha_attempt, the inbox.
        """
        moved = 0
        for id_, answer in self.flights.landed():
            self._land(connection, id_, answer)
            moved += 1
        with connection.cursor(row_factory=namedtuple_row) as cursor:
            cursor.execute(DUE_SQL, {"flying": self.flights.keys, "most": self.flights.room})
            for row in cursor.fetchall():
                self._move(connection, row)
                moved += 1
        return moved

    def _move(self, connection: psycopg.Connection[Any], row: Any) -> None:
        now = int(self._clock())
        facts = Facts(
            row.state, row.rail, row.amount, row.merchant, row.paid_by, row.outcome,
            row.created_at, (row.ask or {}).get("expires_at", 0), row.tries,
            row.room_until or 0,
        )  # fmt: skip
        verb, why = rules.step(facts, now)
        if verb == "wait":
            _keep(connection, row.id, Next("asked", "", row.tries, WAIT_SECONDS))
        elif verb == "done":
            _keep(connection, row.id, Next("paid", "", row.tries, None))
        elif verb == "refuse":
            self._refuse(connection, row, why)
        elif row.rail not in self._rails:
            self._put_off(connection, row, facts, "no-rail")
        else:
            try:
                token = open_token(self._keys.merchants, row.sealed_token)
                payer = payers.opened(self._keys.merchants, row.payer, order_no=row.order_no)
            except SealBrokenError:  # one charity's row must not stand in the others' way
                self._put_off(connection, row, facts, "token-unreadable")
            else:
                payee = Payee(row.charity, row.merchant, token)
                self._ask(connection, row, facts, payee, payer, verb, now)

    def _put_off(
        self, connection: psycopg.Connection[Any], row: Any, facts: Facts, why: str
    ) -> None:
        """Refuse what was never shown; what may be paid is asked about when that is possible."""
        if facts.state == "asked":
            self._refuse(connection, row, why)
        else:
            _keep(connection, row.id, rules.after_unsure(facts, why))

    def _refuse(self, connection: psycopg.Connection[Any], row: Any, why: str) -> None:
        log.warning("order_not_shown", order=row.order_no, rail=row.rail, why=why)
        _keep(connection, row.id, Next("refused", why, row.tries, None))

    def _ask(
        self,
        connection: psycopg.Connection[Any],
        row: Any,
        facts: Facts,
        payee: Payee,
        payer: str,
        verb: str,
        now: int,
    ) -> None:
        rail = self._rails[row.rail]
        if verb == "create" and payer.startswith(payers.CODE):
            self.flights.begin(row.id, _who, rail, payer.removeprefix(payers.CODE), facts)
        elif verb == "create":
            ends = row.open_until or now + OPEN_SECONDS
            if row.room_until:
                ends = min(ends, row.room_until - GRACE_SECONDS)
            told = row.ask or {
                "title": row.title[:40], "expires_at": ends, "merchant": row.merchant
            }  # fmt: skip
            if row.ask is None:  # fixed before it is asked first: a repeat must be the same
                _keep(connection, row.id, Next("asked", "", row.tries, 0.0), ask=told)
            ask = Ask(
                row.order_no, row.amount, "CNY", payee, told["title"], told["expires_at"],
                row.way, payer, row.client_ip, row.back,
            )  # fmt: skip
            self.flights.begin(row.id, _create, rail, ask, facts)
        elif verb == "close":
            self.flights.begin(row.id, _close, rail, row.order_no, payee, facts, now)
        else:
            self.flights.begin(row.id, _query, rail, row.order_no, payee, facts, now)

    def _land(self, connection: psycopg.Connection[Any], id_: int, answer: Answer) -> None:
        if answer.paid is not None:  # the deed first: a crash between the two asks once more
            record_paid(connection, answer.facts.rail, answer.paid, keys=self._keys)
        if answer.payer:
            row = connection.execute(
                "SELECT order_no FROM jusha_attempt WHERE id = %s", (id_,)
            ).fetchone()
            assert row is not None
            kept = payers.sealed(self._keys.merchants, answer.payer, order_no=row[0])
            connection.execute(PAYER_SQL, {"id": id_, "payer": kept})
        if answer.next.told:
            log.warning("rail_said", rail=answer.facts.rail, code=answer.next.told)
        _keep(connection, id_, answer.next, payable=answer.payable)


def record_paid(connection: psycopg.Connection[Any], rail: str, paid: Paid, *, keys: Keys) -> None:
    """Record a payment that a rail answered for, as its notice would have been recorded.

    A repeat is the same deed. Reads: jusha_merchant. Writes: the inbox.
    """
    payees = dict(connection.execute(PAYEES_SQL, (rail,)).fetchall())
    deed = deed_of(rail, paid, payees=payees, deed_secret=keys.deed, person_secret=keys.person)
    append(connection, lane=LANE, envelopes=[deed])


def _who(rail: Rail, code: str, facts: Facts) -> Answer:
    """Swap a browser's code for who it is; the order is created in the next look."""
    if not isinstance(rail, payers.KnowsPayers):
        return Answer(facts, rules.after_refusal(facts, "payer-unknown"))
    try:
        payer = rail.payer_of(code)
    except RailUnsureError as error:
        return Answer(facts, rules.after_unsure(facts, error.code))
    except RailRefusedError as error:
        return Answer(facts, rules.after_refusal(facts, error.code))
    return Answer(facts, Next("asked", "", facts.tries, 0.0), payer=payer)


def _create(rail: Rail, ask: Ask, facts: Facts) -> Answer:
    try:
        payable = rail.create(ask, key=str(ask.order))
    except RailUnsureError as error:
        return Answer(facts, rules.after_unsure(facts, error.code))
    except RailRefusedError as error:
        return Answer(facts, rules.after_refusal(facts, error.code))
    except ValueError as error:  # what the rail's client knows the rail would not take
        return Answer(facts, rules.after_refusal(facts, str(error)[:200]))
    return Answer(facts, rules.after_create(facts, payable), payable)


def _query(rail: Rail, order: int, payee: Payee, facts: Facts, now: int) -> Answer:
    try:
        found = rail.query(order, payee)
    except RailUnsureError as error:
        return Answer(facts, rules.after_unsure(facts, error.code))
    except RailRefusedError as error:
        return Answer(facts, rules.after_refusal(facts, error.code))
    except ValueError as error:  # the payee is none of the account's: an operator mends that
        return Answer(facts, rules.after_unsure(facts, str(error)[:200]))
    following, must_close = rules.after_query(facts, found, now)
    if must_close:
        return _close(rail, order, payee, facts, now)
    return Answer(facts, following, paid=found.paid)


def _close(rail: Rail, order: int, payee: Payee, facts: Facts, now: int) -> Answer:
    """Close it; where it turns out to be paid, ask about the payment at once."""
    try:
        rail.close(order, payee, key=str(order))
    except RailUnsureError as error:
        return Answer(facts, rules.after_unsure(facts, error.code))
    except RailRefusedError as error:
        if error.code == "paid":
            return _query(rail, order, payee, facts, now)
        return Answer(facts, rules.after_refusal(facts, error.code))
    except ValueError as error:  # as above
        return Answer(facts, rules.after_unsure(facts, str(error)[:200]))
    return Answer(facts, Next("closed", "", facts.tries + 1, None))


def _keep(
    connection: psycopg.Connection[Any],
    id_: int,
    following: Next,
    *,
    ask: dict[str, Any] | None = None,
    payable: Payable | None = None,
) -> None:
    after_ms = None if following.after_s is None else int(following.after_s * 1_000)
    found = {"id": id_, "after_ms": after_ms} | following._asdict()
    shown = None if payable is None else Jsonb(payable._asdict())
    connection.execute(
        KEEP_SQL, found | {"ask": None if ask is None else Jsonb(ask), "payable": shown}
    )
