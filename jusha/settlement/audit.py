"""Audit of settlement: every inbox row was settled once, in the batch whose digest covers it.

What stands in the inbox is decoded again: each settled deed must be in the replay guard
with its body and amount, each instruction must have an outcome, what does not is stuck.
"""

import re
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import msgspec
from psycopg import Connection

from jusha.inbox.envelopes import Deed, Envelope, Instruction, decode, digest
from jusha.ledger.findings import Finding, capped, compared
from jusha.settlement.audit_leaves import check_leaves
from jusha.settlement.pack import int8s, register, uuids

ROWS_AT_ONCE: Final = 20
ENVELOPES_AT_ONCE: Final = 20_000

DEEDS_SQL: Final = """
SELECT k.lane, k.n, k.place, k.amount, d.amount
FROM unnest(%s, %s, %s, %s, %s, %s) AS k (key, body, amount, lane, n, place)
LEFT JOIN giving_seen s ON s.key = k.key
LEFT JOIN giving_deed d ON d.number = s.number
WHERE s.key IS NULL OR (s.body = k.body AND d.amount IS DISTINCT FROM k.amount)
   OR (s.body <> k.body AND NOT EXISTS (
           SELECT FROM giving_case c
           WHERE c.number = s.number AND c.reason = 'same-id-other-body'))
ORDER BY k.lane, k.n, k.place"""

OUTCOMES_SQL: Final = """
SELECT k.lane, k.n, k.place
FROM unnest(%s, %s, %s, %s) AS k (id, lane, n, place)
LEFT JOIN settlement_outcome o ON o.id = k.id
WHERE o.id IS NULL ORDER BY k.lane, k.n, k.place"""


class Row(NamedTuple):
    """An inbox row as the audit reads it."""

    received_at: Any
    lane: int
    n: int
    envelopes: int
    payload: bytes


class Place(NamedTuple):
    """Where an envelope stands."""

    lane: int
    n: int
    place: int


class Lane:
    """One lane's rows in order, by a server-side cursor."""

    def __init__(self, connection: Connection[Any], lane: int) -> None:
        """Open the cursor; needs a transaction."""
        self.cursor = connection.cursor(f"audit_lane_{lane}")
        self.cursor.itersize = ROWS_AT_ONCE
        self.cursor.execute(
            "SELECT received_at, lane, n, count, payload FROM inbox_row WHERE lane = %s ORDER BY n",
            (lane,),
            binary=True,
        )
        self.rows = map(Row._make, self.cursor)
        self.next = next(self.rows, None)

    def until(self, n: int) -> Iterator[Row]:
        """Hand out the rows up to and including n."""
        while self.next is not None and self.next.n <= n:
            yield self.next
            self.next = next(self.rows, None)


class Envelopes:
    """Checks settled envelopes against what settlement wrote, a few thousand at a time."""

    def __init__(self, connection: Connection[Any], stuck: set[Place]) -> None:
        self.connection, self.stuck = connection, stuck
        self.deeds: list[tuple[Place, Deed]] = []
        self.instructions: list[tuple[Place, Instruction]] = []

    def take(self, row: Row) -> Iterator[Finding]:
        """Take a settled row's envelopes."""
        where = f"lane {row.lane} row {row.n}"
        try:
            envelopes = decode(row.payload)
        except (msgspec.DecodeError, ValueError) as error:
            if Place(row.lane, row.n, -1) not in self.stuck:
                yield Finding("settlement", "inbox row is damaged", where, found=str(error))
            return
        yield from compared("settlement", where, [("envelopes", row.envelopes, len(envelopes))])
        for number, envelope in enumerate(envelopes):
            self._sort(Place(row.lane, row.n, number), envelope)
        if len(self.deeds) + len(self.instructions) >= ENVELOPES_AT_ONCE:
            yield from self.flush()

    def _sort(self, place: Place, envelope: Envelope) -> None:
        if place in self.stuck:
            return
        if isinstance(envelope, Deed):
            self.deeds.append((place, envelope))
        elif isinstance(envelope, Instruction):
            self.instructions.append((place, envelope))

    def flush(self) -> Iterator[Finding]:
        """Check what was taken, by two set queries that look every key up in its index.

        Hash joins would read both whole tables once for every call.
        """
        self.connection.execute("SET LOCAL enable_hashjoin = off")
        self.connection.execute("SET LOCAL enable_mergejoin = off")
        yield from self._check()
        self.connection.execute("SET LOCAL enable_hashjoin = on")
        self.connection.execute("SET LOCAL enable_mergejoin = on")
        self.deeds, self.instructions = [], []

    def _check(self) -> Iterator[Finding]:
        for lane, n, place, amount, found in self.connection.execute(
            DEEDS_SQL,
            (
                uuids([deed.key for _, deed in self.deeds]),
                int8s([int.from_bytes(d.body[:8], "big", signed=True) for _, d in self.deeds]),
                int8s([deed.amount for _, deed in self.deeds]),
                *_columns([place for place, _ in self.deeds]),
            ),
        ).fetchall():
            where = f"lane {lane} row {n} envelope {place}"
            settled = "nothing settled" if found is None else str(found)
            yield Finding("settlement", "deed of the inbox", where, f"amount {amount}", settled)
        for lane, n, place in self.connection.execute(
            OUTCOMES_SQL,
            (
                uuids([instruction.id for _, instruction in self.instructions]),
                *_columns([place for place, _ in self.instructions]),
            ),
        ).fetchall():
            where = f"lane {lane} row {n} envelope {place}"
            yield Finding("settlement", "instruction without an outcome", where)


def _columns(places: list[Place]) -> tuple[Any, Any, Any]:
    return (
        int8s([place.lane for place in places]),
        int8s([place.n for place in places]),
        int8s([place.place for place in places]),
    )


def check(connection: Connection[Any]) -> list[Finding]:
    """Check batches, envelopes, stuck ones and every log entry; needs a transaction.

    Reads: settlement_batch, settlement_writer, settlement_stuck, settlement_outcome,
    inbox_row, giving_seen, giving_deed, giving_case, and what check_leaves reads.
    """
    register(connection)
    stuck = _stuck(connection)
    return [
        *capped(_check_batches(connection, {place for place, _ in stuck})),
        *check_leaves(connection),
        *capped(
            Finding(
                "settlement",
                "envelope is stuck",
                f"lane {place.lane} row {place.n} envelope {place.place}",
                found=error,
                kind="waiting",
            )
            for place, error in stuck
        ),
    ]


def _stuck(connection: Connection[Any]) -> list[tuple[Place, str]]:
    rows = connection.execute(
        "SELECT lane, n, place, error FROM settlement_stuck ORDER BY lane, n, place"
    ).fetchall()
    return [(Place(*row[:3]), re.sub(r"\s+", " ", row[3])) for row in rows]


def _check_batches(connection: Connection[Any], stuck: set[Place]) -> Iterator[Finding]:
    lanes = {
        lane: Lane(connection, lane)
        for (lane,) in connection.execute("SELECT lane FROM inbox_lane ORDER BY lane").fetchall()
    }
    try:
        yield from _walk_batches(connection, lanes, Envelopes(connection, stuck))
    finally:
        for lane in lanes.values():
            lane.cursor.close()


def _walk_batches(
    connection: Connection[Any], lanes: dict[int, Lane], envelopes: Envelopes
) -> Iterator[Finding]:
    positions: dict[str, int] = {}
    expected_id, epoch, size = 1, 0, 0
    with connection.cursor("audit_batches") as cursor:
        cursor.execute(
            "SELECT id, epoch, positions, first, next, digest FROM settlement_batch ORDER BY id",
            binary=True,
        )
        for id_, of_epoch, after, first, next_, hashed in cursor:
            where = f"batch {id_}"
            rows = [
                row
                for name, n in after.items()
                if int(name) in lanes
                for row in lanes[int(name)].until(n)
            ]
            rows.sort(key=lambda row: (row.received_at, row.lane, row.n))
            pairs = [
                ("batch number", expected_id, id_),
                ("first entry", size, first),
                ("positions", _reached(positions, rows), after),
                ("digest", digest([row.payload for row in rows]).hex(), hashed.hex()),
                ("epoch runs backwards", max(epoch, of_epoch), of_epoch),
            ]
            yield from compared("settlement", where, pairs)
            for row in rows:
                yield from envelopes.take(row)
            expected_id, epoch, size, positions = id_ + 1, of_epoch, next_, after
    yield from envelopes.flush()
    yield from _check_end(connection, epoch, size)


def _reached(before: dict[str, int], rows: list[Row]) -> dict[str, int]:
    """Where a batch of these rows must have ended."""
    reached = dict(before)
    for row in rows:
        reached[str(row.lane)] = row.n
    return reached


def _check_end(connection: Connection[Any], epoch: int, size: int) -> Iterator[Finding]:
    row = connection.execute(
        "SELECT (SELECT epoch FROM settlement_writer WHERE shard = 0),"
        " (SELECT coalesce(max(first + count), 0) FROM tlog_entries)"
    ).fetchone()
    assert row is not None
    writer, entries = row
    if writer is None or epoch > writer:
        yield Finding(
            "settlement", "epoch of the writer", "shard 0", f"{epoch} or later", str(writer)
        )
    yield from compared("settlement", "last batch", [("entries written", entries, size)])
