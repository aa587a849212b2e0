"""What would become of the transfers in a statement, and what became of those that were read.

Settlement decides; `foretell` says before, by the same questions in the same order, what it will
decide, so that an accountant sees it while nothing has been written yet. Rights of the channel
(limits) are not foretold.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any, Final, NamedTuple
from uuid import UUID

import psycopg

from jusha.giving.file_lines import transfer_line
from jusha.giving.gift_maps import GiftMap
from jusha.giving.gift_rows import Gift, GiftReader
from jusha.giving.import_gifts import Secrets
from jusha.inbox.envelopes import Deed
from jusha.money.assets import ASSETS
from jusha.payments.bank_account import payees
from jusha.payments.bills.packed import open_plain

SQL: Final = Path(__file__).parent / "sql"
ORDERS_SQL: Final = (SQL / "transfer_orders.sql").read_text()
SEEN_SQL: Final = "SELECT key, body FROM giving_seen WHERE key = ANY (%s::uuid[])"
HELD_SQL: Final = (SQL / "file_lines_held.sql").read_text()
WAITING_SQL: Final = (SQL / "file_lines_waiting.sql").read_text()
CHUNK: Final = 1_000
GIFT: Final = "gift"
REPEAT: Final = "repeat"
LEFT: Final = "no-reference"


class Known(NamedTuple):
    """What settlement knows of an order; `amount` in fen."""

    amount: int
    asset: int
    is_paid: bool
    payee: str
    state: str


class Foretold(NamedTuple):
    """One line: what its reference was, and what settlement will make of it, as a code."""

    line: int
    amount: int
    order_no: int
    read: str
    outcome: str


class Held(NamedTuple):
    """A transfer, or a result, that settlement holds; `left` is what did not go back yet."""

    number: int
    channel: str
    charity: str
    batch: str
    read: str
    reason: str
    amount: int
    left: int
    at: datetime


def judge(deed: Deed, orders: Mapping[int, Known], seen: Mapping[bytes, int]) -> str:
    """Say what settlement makes of a transfer: gift, repeat, or why it is held. Pure.

    The same questions in the same order as settlement/decide.py.
    """
    if (body := seen.get(deed.key)) is not None:
        is_same = body == int.from_bytes(deed.body[:8], "big", signed=True)
        return REPEAT if is_same else "same-id-other-body"
    if not deed.order:
        return "unknown-project"
    order = orders.get(deed.order)
    return _beside_order(deed, order) if order else "unknown-order"


def _beside_order(deed: Deed, order: Known) -> str:
    """The first thing in which a payment is not what its order asks for."""
    unlike = {
        "order-paid": order.is_paid,
        "wrong-asset": order.asset != ASSETS[deed.asset].number,
        "wrong-amount": deed.amount != order.amount,
        "project-gone": order.state != "open",
        "wrong-payee": deed.payee != order.payee,
    }
    return next((reason for reason, is_so in unlike.items() if is_so), GIFT)


def foretell(
    connection: psycopg.Connection[Any],
    *,
    file: Path,
    given: GiftMap,
    secrets: Secrets,
    now: datetime,
) -> Iterator[Foretold]:
    """Say of each credit line what it will become, in the file's order; writes nothing.

    Raises FileRefusedError. Reads: jusha_bankaccount, payments_order, payments_paid,
    projects_fund, charities_payee, giving_seen.
    """
    accounts = payees(connection)
    seen: dict[bytes, int] = {}
    paid: set[int] = set()
    with open_plain(file) as opened:
        reader = GiftReader(opened, given, now_s=int(now.timestamp()), projects=None)
        gifts = (found for found in reader if isinstance(found, Gift))
        while chunk := list(islice(gifts, CHUNK)):
            lines = [
                transfer_line(
                    gift,
                    given,
                    payees=accounts,
                    deed_secret=secrets.dedupe,
                    person_secret=secrets.person,
                )
                for gift in chunk
            ]
            deeds = [line.deed for line in lines if line]
            orders = _orders(connection, deeds)
            seen |= _seen(connection, deeds)
            for gift, line in zip(chunk, lines, strict=True):
                if line is None:
                    yield Foretold(gift.line, gift.amount, 0, "none", LEFT)
                    continue
                deed = line.deed
                if deed.order in paid:
                    orders[deed.order] = orders[deed.order]._replace(is_paid=True)
                outcome = judge(deed, orders, seen)
                seen.setdefault(deed.key, int.from_bytes(deed.body[:8], "big", signed=True))
                if outcome == GIFT:
                    paid.add(deed.order)
                yield Foretold(gift.line, gift.amount, deed.order, line.read, outcome)


def held_lines(
    connection: psycopg.Connection[Any], codes: Iterable[str] | None, *, limit: int
) -> list[Held]:
    """Transfers and results that are held and not yet back, the newest first.

    `codes`: of these charities, "" for money of nobody known; None for all. Reads:
    jusha_fileline, giving_seen, giving_deed, giving_case, giving_refund, payments_channel,
    payments_order, projects_fund, charities_payee.
    """
    wanted = {"codes": None if codes is None else sorted(codes), "limit": limit}
    return [Held(*row) for row in connection.execute(HELD_SQL, wanted).fetchall()]


def count_held(
    connection: psycopg.Connection[Any],
    codes: Iterable[str] | None,
    *,
    since: datetime,
    limit: int,
) -> int:
    """How many lines from a time on `held_lines` would list, at most `limit`; cheap to ask.

    Reads: jusha_fileline, giving_seen, giving_deed, giving_refund, payments_order, projects_fund,
    charities_payee.
    """
    wanted = {"codes": None if codes is None else sorted(codes), "since": since, "limit": limit}
    row = connection.execute(WAITING_SQL, wanted).fetchone()
    return int(row[0]) if row else 0


def _orders(connection: psycopg.Connection[Any], deeds: Iterable[Deed]) -> dict[int, Known]:
    numbers = sorted({deed.order for deed in deeds if deed.order})
    found = connection.execute(ORDERS_SQL, (numbers,)).fetchall()
    return {no: Known(*facts) for no, *facts in found}


def _seen(connection: psycopg.Connection[Any], deeds: Iterable[Deed]) -> dict[bytes, int]:
    keys = [deed.key.hex() for deed in deeds]
    found: list[tuple[UUID, int]] = connection.execute(SEEN_SQL, (keys,)).fetchall()
    return {key.bytes: body for key, body in found}
