"""Lines of a bill that send money back become refunds of the gifts that they name.

A refund is found again by the rail's own number of it, so that reading a bill twice, or another
bill with the same line, sends nothing twice. What does not fit (no such gift, more than is left of
it, another amount than before) is shown and left to a person: nothing is guessed.
"""

from collections import Counter
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, NamedTuple

import psycopg

from jusha.giving.refund_lines import (
    DONE,
    NO_GIFT,
    OTHER_AMOUNT,
    OVER_GIFT,
    REFUSED,
    REPEATED,
    SENT,
    SEVERAL_GIFTS,
    Back,
    Standing,
)
from jusha.inbox.append import append
from jusha.inbox.envelopes import Instruction
from jusha.inbox.keys import deed_key

LANE: Final = "import"
ROW_REFUNDS_MAX: Final = 1_000
REFERENCE_MAX: Final = 64
REASON: Final = "a refund line of the charity's bill"
SQL: Final = Path(__file__).parent / "sql"
STANDING_SQL: Final = (SQL / "refunds_standing.sql").read_text()
GIFTS_SQL: Final = (SQL / "gifts_of_names.sql").read_text()
SETTLED_SQL: Final = (SQL / "import_settled.sql").read_text()


class _Known(NamedTuple):
    """What settlement made of a refund."""

    code: str
    refund: int
    gift: int
    amount: int


def take_back(
    connection: psycopg.Connection[Any],
    backs: Sequence[Back],
    *,
    charity: str,
    secret: bytes,
    by: str,
    second: str,
) -> list[Standing]:
    """Append a refund for each line whose gift is known and large enough; say how each stands.

    Once it is settled, the line is told as the rail's word that the money went back. Safe to
    repeat. `secret` is the installation's for names of deeds; the two persons answer for the
    bills. Needs an autocommit connection. Reads: settlement_outcome, giving_refund, giving_seen,
    giving_name, giving_deed. Writes: inbox_row, inbox_lane.
    """
    ids = [identity(charity, back) for back in backs]
    known = _known(connection, ids)
    unanswered = [back for back, id_ in zip(backs, ids, strict=True) if id_ not in known]
    gifts = _gifts(connection, unanswered, secret)
    met: set[bytes] = set()
    spent: Counter[int] = Counter()
    standings = []
    for back, id_ in zip(backs, ids, strict=True):
        if id_ in met:
            standings.append(Standing(back, REPEATED))
            continue
        met.add(id_)
        standing = _standing(back, known.get(id_), gifts, spent)
        if standing.state == SENT:
            spent[standing.gift] += back.amount
        standings.append(standing)
    told = [_refund(charity, s, by, second) for s in standings if s.state == SENT]
    told += _delivered(connection, charity, standings, by)
    for start in range(0, len(told), ROW_REFUNDS_MAX):
        append(connection, lane=LANE, envelopes=[*told[start : start + ROW_REFUNDS_MAX]])
    return standings


def identity(charity: str, back: Back) -> bytes:
    """Name a refund by the rail's own number of it, so that a repeat is recognised."""
    said = f"refund of a bill\n{charity}\n{back.channel}\n{back.external_id}"
    return sha256(said.encode()).digest()[:16]


def is_settled(connection: psycopg.Connection[Any]) -> bool:
    """Say whether settlement has taken all that imports have appended.

    Reads: inbox_lane, settlement_batch.
    """
    row = connection.execute(SETTLED_SQL, {"lane": LANE}).fetchone()
    return bool(row and row[0])


def _refund(charity: str, standing: Standing, by: str, second: str) -> Instruction:
    back = standing.back
    body = {"deed": standing.gift, "amount": back.amount, "reason": REASON}
    return Instruction(identity(charity, back), "refund", by, second, body)


def _delivered(
    connection: psycopg.Connection[Any], charity: str, standings: Sequence[Standing], by: str
) -> list[Instruction]:
    """A bill's refund line is the rail's word that the money went back: what is owed no longer."""
    done = {sha256(identity(charity, s.back) + b" sent").digest()[:16]: s.back for s in standings
            if s.state == DONE}  # fmt: skip
    gifts = {s.back: s.gift for s in standings}
    known = _known(connection, list(done))
    return [
        Instruction(id_, "refund-sent", by, body={
            "deed": gifts[back], "amount": back.amount,
            "reference": back.external_id[:REFERENCE_MAX],
        })
        for id_, back in done.items() if id_ not in known
    ]  # fmt: skip


def _standing(
    back: Back, known: _Known | None, gifts: dict[str, list[tuple[int, int]]], spent: Counter[int]
) -> Standing:
    if known is not None:
        state = DONE if known.amount == back.amount else OTHER_AMOUNT
        if known.code != "done":
            return Standing(back, OVER_GIFT if known.code == "more-than-is-left" else REFUSED)
        return Standing(back, state, known.refund, known.gift)
    found = gifts.get(f"{back.channel}\n{back.of}", [])
    if len(found) != 1:
        return Standing(back, SEVERAL_GIFTS if found else NO_GIFT)
    gift, left = found[0]
    state = SENT if back.amount <= left - spent[gift] else OVER_GIFT
    return Standing(back, state, gift=gift)


def _known(connection: psycopg.Connection[Any], ids: list[bytes]) -> dict[bytes, _Known]:
    if not ids:
        return {}
    rows = connection.execute(STANDING_SQL, {"ids": [each.hex() for each in ids]})
    return {id_: _Known(*rest) for id_, *rest in rows}


def _gifts(
    connection: psycopg.Connection[Any], backs: Sequence[Back], secret: bytes
) -> dict[str, list[tuple[int, int]]]:
    """By channel and number: the gifts that it names, each with what is left of it."""
    names = {
        deed_key(secret, back.channel, back.of): f"{back.channel}\n{back.of}" for back in backs
    }
    found: dict[str, list[tuple[int, int]]] = {}
    if names:
        rows = connection.execute(GIFTS_SQL, {"keys": [key.hex() for key in names]})
        for key, number, left in rows:
            found.setdefault(names[key], []).append((number, left))
    return found
