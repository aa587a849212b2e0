"""Send all gifts of a stopped campaign back (Charity Law 111 and 113).

Each gift is one instruction of two persons, a thousand to a row of the inbox; its id is made from
the gift and what went back of it before. So a run that was stopped goes on where it was, and two
runs at once send nothing twice. What no rail can deliver stays owed, in sight, until it went to the
charity that the regulator names for it (residue.py).
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, NamedTuple

import psycopg
from django.db import transaction

from jusha.giving.models import RefundRun
from jusha.giving.refund_before import Planned, hindered
from jusha.inbox.append import append
from jusha.inbox.connect import django_connection
from jusha.inbox.envelopes import Instruction
from jusha.money.clock import minute_seconds

LANE: Final = "import"
ROW_REFUNDS_MAX: Final = 1_000
WAIT_SECONDS: Final = 60.0
LOOK_EVERY_SECONDS: Final = 0.05
REASON: Final = "the campaign was stopped"
REASON_MAX: Final = 200
SQL: Final = Path(__file__).parent / "sql"
NEXT_SQL: Final = (SQL / "refund_campaign_next.sql").read_text()
SUMS_SQL: Final = (SQL / "refund_campaign_sums.sql").read_text()
OPEN_SQL: Final = (SQL / "refund_campaign_open.sql").read_text()
STANDING_SQL: Final = (SQL / "refunds_standing.sql").read_text()
WAITS: Final = "receipt-stands"


class RunRefusedError(Exception):
    """The campaign may not be sent back now; the text says why and what to do."""


class NotSettledError(Exception):
    """Settlement did not answer in time; what was sent is safe, and the run can go on later."""


class Gift(NamedTuple):
    """A gift to send back: its number, what is left of it, and what went back before."""

    number: int
    left: int
    before: int


class Sums(NamedTuple):
    """How far a channel's gifts of the campaign went back, in the smallest unit of the asset."""

    channel: str
    asset: int
    gifts: int
    given: int
    refunded: int
    repaid: int
    residue: int
    failed: int

    @property
    def owed(self) -> int:
        """What was booked back, has not arrived and did not go to another charity."""
        return self.refunded - self.repaid - self.residue


class Run(NamedTuple):
    """What a run did: refunds by settlement's code, with "done" for those that were booked."""

    codes: Counter[str]
    amount: int


def stopped(connection: psycopg.Connection[Any], code: str, *, at: datetime) -> int:
    """Return the campaign's id if it takes no more gifts. Raises RunRefusedError.

    It is stopped when its time is over, or when every project of it was closed.
    Reads: campaigns_terms, campaigns_total, jusha_campaign, projects_fund.
    """
    row = connection.execute(OPEN_SQL, {"code": code}).fetchone()
    if row is None:
        raise RunRefusedError(f"there is no campaign {code}")
    campaign, closes, still_open = row
    if minute_seconds(closes) > at.timestamp() and still_open:
        raise RunRefusedError(
            f"{code} still takes gifts, for {still_open} projects: close them first"
            " (jusha instruct close-project code=…)"
        )
    return int(campaign)


def begin_run(
    connection: psycopg.Connection[Any],
    code: str,
    *,
    reason: str,
    by: str,
    second: str,
    residue_to: str,
) -> RefundRun:
    """Record that two persons decided to send a campaign back, and who gets what cannot be.

    Raises RunRefusedError. Reads: charities_payee. Writes: jusha_refundrun.
    """
    if not by or not second or by == second:
        raise RunRefusedError("two persons decide this: --by and --second are two names")
    if not reason.strip() or len(reason) > REASON_MAX:
        raise RunRefusedError(f"say why, in at most {REASON_MAX} letters: --reason")
    known = connection.execute("SELECT FROM charities_payee WHERE code = %s", (residue_to,))
    if residue_to and known.fetchone() is None:
        raise RunRefusedError(f"there is no charity {residue_to}")
    return RefundRun.objects.create(
        campaign=code, reason=reason.strip(), by=by, second=second, residue_to=residue_to
    )


def send_back(
    connection: psycopg.Connection[Any],
    campaign: int,
    *,
    by: str,
    second: str,
    wait_seconds: float = WAIT_SECONDS,
    told: Callable[[int], None] = lambda _booked: None,
) -> Run:
    """Append a refund of all that is left of each gift, and wait for the outcomes, by set.

    `told` is called with the number booked so far after each row. Safe to repeat: what is done
    is left out. A row and what had to be done before it commit together, on Django's connection;
    `connection` reads, in autocommit. Raises NotSettledError.
    Reads: giving_deed, giving_refund, settlement_outcome. Writes: the inbox.
    """
    codes: Counter[str] = Counter()
    amount = 0
    for gifts in _batches(connection, campaign):
        with transaction.atomic():
            waiting = hindered([Planned(gift.number, gift.left) for gift in gifts])
            named = {identity(gift): gift for gift in gifts if gift.number not in waiting}
            told_of = [_instruction(id_, gift, by, second) for id_, gift in named.items()]
            if told_of:
                append(django_connection(), lane=LANE, envelopes=[*told_of])
        codes[WAITS] += len(waiting)
        if not named:
            continue
        for id_, code in _outcomes(connection, list(named), wait_seconds):
            codes[code] += 1
            amount += named[id_].left if code == "done" else 0
        told(codes["done"])
    return Run(+codes, amount)


def sums(connection: psycopg.Connection[Any], campaign: int) -> list[Sums]:
    """How far the campaign's money went back, by channel and asset; one scan of its gifts.

    Reads: giving_deed, giving_refund, giving_repaid, payments_channel, jusha_sending.
    """
    return [Sums(*row) for row in connection.execute(SUMS_SQL, {"campaign": campaign})]


def identity(gift: Gift) -> bytes:
    """Name a gift's refund by what is left of it, so that a repeat is recognised."""
    said = f"refund of a stopped campaign\n{gift.number}\n{gift.before}"
    return sha256(said.encode()).digest()[:16]


def _instruction(id_: bytes, gift: Gift, by: str, second: str) -> Instruction:
    body = {"deed": gift.number, "amount": gift.left, "reason": REASON}
    return Instruction(id_, "refund", by, second, body)


def _batches(connection: psycopg.Connection[Any], campaign: int) -> Iterator[list[Gift]]:
    after = -1
    while True:
        wanted = {"campaign": campaign, "after": after, "most": ROW_REFUNDS_MAX}
        gifts = [Gift(*row) for row in connection.execute(NEXT_SQL, wanted).fetchall()]
        if not gifts:
            return
        yield gifts
        after = gifts[-1].number


def _outcomes(
    connection: psycopg.Connection[Any], ids: list[bytes], wait_seconds: float
) -> list[tuple[bytes, str]]:
    """The code of each instruction, once all have one."""
    asked = {"ids": [id_.hex() for id_ in ids]}
    deadline = time.monotonic() + wait_seconds
    while True:
        found = connection.execute(STANDING_SQL, asked).fetchall()
        if len(found) == len(ids):
            return [(bytes(row[0]), row[1]) for row in found]
        if time.monotonic() >= deadline:
            raise NotSettledError(f"{len(ids) - len(found)} of {len(ids)}")
        time.sleep(LOOK_EVERY_SECONDS)
