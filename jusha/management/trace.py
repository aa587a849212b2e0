"""From the door to the leaf: what happened to one deed, and when, from what is stored anyway.

Nothing is sampled and nothing is written for it while gifts come in. Four records tell it all: the
inbox row (when it was received and, by the server's commit times, committed), the batch
that settled it (likewise), the entry's number, and the publisher's list of checkpoints.
"""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final, NamedTuple
from uuid import UUID

from psycopg import Connection

from jusha.inbox.envelopes import Deed, decode
from jusha.inbox.keys import deed_key
from jusha.money.assets import ASSETS_BY_NUMBER, decimal_text
from jusha.people.vault import load
from jusha.tlog.times import Published, first_covering

ORDER_NUMBER_MIN: Final = 10**15
"""Orders are numbered by their date; entries are counted from 0."""

COMMITTED: Final = (
    "CASE WHEN current_setting('track_commit_timestamp') = 'on'"
    " THEN pg_xact_commit_timestamp(xmin) END"
)
BATCH_SQL: Final = f"""
SELECT id, first, next, positions, settled_at, {COMMITTED}
FROM settlement_batch WHERE id = %s"""  # noqa: S608 - a constant of ours
ROWS_SQL: Final = f"""
SELECT r.lane, l.name, r.n, r.count, r.received_at, r.payload, r.committed
FROM (SELECT *, {COMMITTED} AS committed FROM inbox_row
      WHERE lane = %s AND n > %s AND n <= %s) r
JOIN inbox_lane l ON l.lane = r.lane
WHERE %s::timestamptz IS NULL OR r.received_at = %s
ORDER BY r.n"""  # noqa: S608 - as above
DEED_SQL: Final = """
SELECT d.received_at, d.effective_at, d.amount, d.asset, d.order_no, d.held, c.code
FROM giving_deed d JOIN payments_channel c ON c.id = d.channel WHERE d.number = %s"""


class NothingToTraceError(Exception):
    """No deed, order or entry is known by that name."""


class Step(NamedTuple):
    """One thing that happened: what, when, and where it can be seen."""

    name: str
    at: datetime
    where: str = ""


class Received(NamedTuple):
    """The inbox row that holds a deed, and its place there."""

    lane: str
    n: int
    place: int
    envelopes: int
    received_at: datetime
    committed_at: datetime | None
    key: bytes


class Batch(NamedTuple):
    """The settlement batch that wrote an entry; `settled_at` is when its transaction began."""

    id: int
    first: int
    next: int
    positions: dict[str, int]
    settled_at: datetime
    committed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Trace:
    """What is known of one deed, in the order in which it happened.

    `number` is None while it waits for settlement; `key` is 16 bytes and names the trace.
    """

    title: str
    key: bytes
    number: int | None
    steps: list[Step]
    waits: str = ""


def trace(connection: Connection[Any], home: Path, name: str) -> Trace:
    """Tell what happened to a deed, by its number, its order's or `channel:external id`.

    Reads: giving_deed, giving_seen, payments_order, payments_paid, payments_channel, inbox_lane,
    inbox_row, settlement_batch, tlog_entries; log/state/times. Raises NothingToTraceError.
    """
    channel, colon, external = name.partition(":")
    if colon:
        return _by_key(connection, home, _key(home, channel, external), name)
    if not name.isascii() or not name.isdigit():
        raise NothingToTraceError(f"{name}: give a number, or channel:external-id")
    number = int(name)
    if number >= ORDER_NUMBER_MIN:
        return _by_order(connection, home, number)
    return _by_number(connection, home, number)


def _key(home: Path, channel: str, external: str) -> bytes:
    if not (home / "secrets" / "dedupe.secret").exists():
        raise NothingToTraceError("secrets/dedupe.secret is not here, and names every deed")
    return deed_key(load(home, "dedupe"), channel, external)


def _by_key(connection: Connection[Any], home: Path, key: bytes, name: str) -> Trace:
    seen = connection.execute(
        "SELECT number FROM giving_seen WHERE key = %s", (UUID(bytes=key),)
    ).fetchone()
    if seen is not None:
        return _by_number(connection, home, int(seen[0]))
    row = connection.execute("SELECT max(id) FROM settlement_batch").fetchone()
    last = _batch(connection, int(row[0])) if row and row[0] else None
    found = _find(connection, last.positions if last else {}, None, None, {key})
    if found is None:
        raise NothingToTraceError(f"{name} was never received, or is in no row of the inbox")
    ahead = f"waits for settlement in lane {found.lane}, row {found.n}"
    return Trace(name, key, None, _received_steps(found), waits=ahead)


def _by_order(connection: Connection[Any], home: Path, order: int) -> Trace:
    row = connection.execute(
        "SELECT o.received_at, p.number FROM payments_order o"
        " LEFT JOIN payments_paid p ON p.order_no = o.no WHERE o.no = %s",
        (order,),
    ).fetchone()
    if row is None:
        raise NothingToTraceError(f"no order {order} is settled")
    ordered = Step("ordered", row[0], f"order {order}")
    if row[1] is None:
        key = order.to_bytes(16, "big")
        return Trace(f"order {order}", key, None, [ordered], waits="is not paid")
    found = _by_number(connection, home, int(row[1]))
    return Trace(found.title, found.key, found.number, _in_time([ordered, *found.steps]))


def _by_number(connection: Connection[Any], home: Path, number: int) -> Trace:
    batch = _batch_of(connection, number)
    deed = connection.execute(DEED_SQL, (number,)).fetchone()
    if deed is None:
        key = b"entry".ljust(8, b"\0") + number.to_bytes(8, "big")
        steps = [*_settled_steps(batch), *_published_steps(home, number)]
        return _told(f"entry {number}, which is no deed", key, number, steps)
    received_at, effective_at, amount, asset, order, held, channel = deed
    before = _batch(connection, batch.id - 1).positions if batch.id > 1 else {}
    keys = None
    found = _find(connection, before, batch.positions, received_at, keys, number=number)
    if found is None:
        raise NothingToTraceError(f"entry {number} is in no row of its batch: run jusha audit")
    code = ASSETS_BY_NUMBER[asset].code
    title = f"deed {number}: {decimal_text(amount, code)} {code} through {channel}"
    title += f", order {order}" if order else ""
    title += ", held" if held else ""
    steps = [
        Step("paid", effective_at, "by the channel's clock, or the receipt's"),
        *_received_steps(found),
        *_settled_steps(batch),
        *_published_steps(home, number),
    ]
    return _told(title, found.key, number, steps)


def _told(title: str, key: bytes, number: int, steps: list[Step]) -> Trace:
    shown = any(step.name == "published" for step in steps)
    return Trace(title, key, number, _in_time(steps), waits="" if shown else "is not published yet")


def _in_time(steps: list[Step]) -> list[Step]:
    return sorted(steps, key=lambda step: step.at)


def _received_steps(found: Received) -> list[Step]:
    where = f"lane {found.lane}, row {found.n}, place {found.place} of {found.envelopes}"
    steps = [Step("received", found.received_at, where)]
    if found.committed_at is not None:
        steps.append(
            Step("committed", found.committed_at, "the answer follows when it is flushed to disk")
        )
    return steps


def _settled_steps(batch: Batch) -> list[Step]:
    where = f"batch {batch.id}, entries {batch.first} to {batch.next - 1}"
    if batch.committed_at is not None:
        return [Step("settled", batch.committed_at, where)]
    return [Step("settled", batch.settled_at, f"{where}; its transaction began then")]


def _published_steps(home: Path, number: int) -> list[Step]:
    told: Published | None = first_covering(home / "log", number)
    return [Step("published", told.at, f"checkpoint of {told.size}")] if told else []


def _batch(connection: Connection[Any], identity: int) -> Batch:
    row = connection.execute(BATCH_SQL, (identity,)).fetchone()
    assert row is not None, "batches are numbered without gaps"
    return Batch(*row)


def _batch_of(connection: Connection[Any], number: int) -> Batch:
    """The batch that wrote an entry, found by halving: batches and entries grow together."""
    row = connection.execute("SELECT coalesce(max(id), 0) FROM settlement_batch").fetchone()
    low, high = 1, int(row[0]) if row else 0
    if high == 0 or number >= _batch(connection, high).next:
        raise NothingToTraceError(f"there is no entry {number} yet")
    while low < high:
        middle = (low + high) // 2
        if _batch(connection, middle).next > number:
            high = middle
        else:
            low = middle + 1
    return _batch(connection, low)


def _find(
    connection: Connection[Any],
    after: dict[str, int],
    upto: dict[str, int] | None,
    received_at: datetime | None,
    keys: set[bytes] | None,
    *,
    number: int | None = None,
) -> Received | None:
    """Find a deed in the rows between two positions: by its key, or by the number it got.

    `upto` None means: to the end of each lane.
    """
    for (lane,) in connection.execute("SELECT lane FROM inbox_lane ORDER BY lane").fetchall():
        bounds = (after.get(str(lane), 0), 2**62 if upto is None else upto.get(str(lane), 0))
        rows = connection.execute(ROWS_SQL, (lane, *bounds, received_at, received_at))
        for _, name, n, count, at, payload, committed in rows:
            places = {
                envelope.key: place
                for place, envelope in enumerate(decode(bytes(payload)))
                if isinstance(envelope, Deed)
            }
            wanted = keys if keys is not None else _numbered(connection, places, number)
            for key in wanted & places.keys():
                return Received(name, n, places[key], count, at, committed, key)
    return None


def _numbered(
    connection: Connection[Any], places: dict[bytes, int], number: int | None
) -> set[bytes]:
    """Which of the keys settlement gave that number."""
    rows = connection.execute(
        "SELECT key FROM giving_seen WHERE key = ANY(%s) AND number = %s",
        ([UUID(bytes=key) for key in places], number),
    ).fetchall()
    return {key.bytes for (key,) in rows}
