"""Audit of settlement: the inbox is walked once more, and everything that followed must be there.

Batches, rows, envelopes, entries, deeds, matches and transfers are all read in the order of
the log and merged in one pass. What each envelope leads to is decided here again, by the
published rules; what stands in the database must be exactly that, and nothing more.
"""

import re
from collections import Counter
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from typing import Any, Final

import msgspec
from psycopg import Connection

from jusha.inbox.envelopes import Deed, Envelope, Instruction, Order, decode, digest
from jusha.ledger.findings import FINDINGS_MAX, Finding, capped, compared
from jusha.settlement.audit_closings import Closings
from jusha.settlement.audit_deeds import Deeds, digest_of
from jusha.settlement.audit_leaves import Leaves
from jusha.settlement.audit_read import Asked, Lane, Numbered, Place, Row
from jusha.settlement.audit_short import Short
from jusha.settlement.batch import collection_paused
from jusha.settlement.changes import NO_COMMITMENT
from jusha.settlement.find import ABOUT_DEEDS
from jusha.settlement.pack import int8s, register, uuids

ENVELOPES_AT_ONCE: Final = 20_000
FINDINGS_IN_ALL: Final = 400

REPEATS_SQL: Final = """
SELECT k.lane, k.n, k.place, k.amount, d.amount
FROM unnest(%s, %s, %s, %s, %s, %s, %s) AS k (key, body, amount, before, lane, n, place)
LEFT JOIN giving_seen s ON s.key = k.key
LEFT JOIN giving_deed d ON d.number = s.number
WHERE s.key IS NULL OR s.number >= k.before
   OR (s.body = k.body AND d.amount IS DISTINCT FROM k.amount)
   OR (s.body <> k.body AND NOT EXISTS (
           SELECT FROM giving_case c
           WHERE c.number = s.number AND c.reason = 'same-id-other-body'))
ORDER BY k.lane, k.n, k.place"""

ORDERS_SQL: Final = """
SELECT k.lane, k.n, k.place, format('%%s for %%s', k.amount, k.project),
       CASE WHEN o.no IS NOT NULL THEN format('%%s for %%s', o.amount, f.code) END
FROM unnest(%s, %s, %s, %s::text[], %s::bytea[], %s, %s, %s)
     AS k (id, no, amount, project, commitment, lane, n, place)
LEFT JOIN payments_order o ON o.no = k.no
LEFT JOIN projects_fund f ON f.project = o.project
WHERE (o.no IS NULL OR (o.amount, f.code, o.commitment)
       IS DISTINCT FROM (k.amount, k.project, k.commitment))
  AND NOT EXISTS (SELECT FROM settlement_outcome r WHERE r.id = k.id)
ORDER BY k.lane, k.n, k.place"""

OUTCOMES_SQL: Final = """
SELECT uuid_send(o.id), o.number, o.code
FROM unnest(%s) AS k (id) JOIN settlement_outcome o ON o.id = k.id"""

TERMS_SQL: Final = """
SELECT number, 'channel ' || code FROM payments_channel
UNION ALL SELECT number, 'charity ' || code FROM charities_payee
UNION ALL SELECT number, 'project ' || code FROM projects_fund
UNION ALL SELECT number, 'campaign ' || code FROM campaigns_terms
UNION ALL SELECT number, 'pool ' || code FROM matching_pool
UNION ALL SELECT number, 'rule ' || code || '.' || version FROM matching_rule
ORDER BY 1"""


class Walk:
    """One pass over everything that was settled."""

    def __init__(self, connection: Connection[Any], stuck: set[Place]) -> None:
        """Open all streams; needs a transaction."""
        self.connection, self.stuck = connection, stuck
        self.stuck_rows = {(place.lane, place.n) for place in stuck}
        self.deeds = Deeds(connection)
        self.leaves = Leaves(connection, self.deeds)
        self.closings = Closings(connection, self.deeds, self.leaves)
        self.short = Short(self.deeds)
        self.obeyed: set[bytes] = set()
        self.outcomes: dict[bytes, tuple[int, str]] = {}
        self.repeats: list[tuple[Place, Deed, int]] = []
        self.orders: list[tuple[Place, Order]] = []

    def close(self) -> None:
        """Close all streams."""
        self.deeds.entries.batches.close()
        for stream in self.streams():
            stream.cursor.close()

    def streams(self) -> list[Numbered]:
        """All streams whose rows must have an entry."""
        return [*self.deeds.streams(), *self.leaves.streams()]

    def take(self, row: Row) -> Iterator[Finding]:
        """Check what one inbox row led to."""
        where = f"lane {row.lane} row {row.n}"
        try:
            envelopes = decode(row.payload)
        except (msgspec.DecodeError, ValueError) as error:
            if Place(row.lane, row.n, -1) not in self.stuck:
                yield Finding("settlement", "inbox row is damaged", where, found=str(error))
            return
        yield from compared("settlement", where, [("envelopes", row.envelopes, len(envelopes))])
        self._read_for(envelopes)
        hashed, some_stuck = digest_of(row.payload), (row.lane, row.n) in self.stuck_rows
        for number, envelope in enumerate(envelopes):
            place = Place(row.lane, row.n, number)
            if some_stuck and place in self.stuck:
                continue
            yield from self._follow(envelope, row, place, hashed)
        if len(self.repeats) + len(self.orders) >= ENVELOPES_AT_ONCE:
            yield from self.flush()

    def _follow(
        self, envelope: Envelope, row: Row, place: Place, hashed: bytes
    ) -> Iterable[Finding]:
        """Check what one envelope led to; repeats and orders are kept to be looked up together."""
        if type(envelope) is Deed:
            found = self.short.check(envelope, row)
            if found is not None:
                return found
            if self.deeds.is_next(envelope):
                return self.deeds.check(envelope, row, place, hashed)
            self.repeats.append((place, envelope, self.deeds.entries.number))
        elif type(envelope) is Order:
            self.orders.append((place, envelope))
            if self.deeds.accepts(envelope):
                self.deeds.state.ordered.add(envelope.no)
        elif type(envelope) is Instruction:
            return self._instruction(envelope, row, place)
        return ()

    def _read_for(self, envelopes: list[Envelope]) -> None:
        """Read at once what the envelopes of a row refer to."""
        numbers, orders, ids = set[int](), list[int](), list[bytes]()
        for envelope in envelopes:
            if type(envelope) is Deed:
                if envelope.order:
                    orders.append(envelope.order)
                if envelope.invite:
                    numbers.add(envelope.invite)
            elif type(envelope) is Instruction:
                ids.append(envelope.id)
                if envelope.kind in ABOUT_DEEDS:
                    deed = envelope.body.get("deed")
                    numbers.update([deed] if isinstance(deed, int) else [])
        lookup = self.deeds.lookup
        if orders:
            lookup.read_orders(orders)
            numbers.update(order.invite for order in lookup.orders.values() if order)
        if numbers - {0}:
            lookup.read_deeds(numbers - {0})
        if ids:
            rows = self.connection.execute(OUTCOMES_SQL, (uuids(ids),), binary=True)
            self.outcomes = {row[0]: (row[1], row[2]) for row in rows}

    def _instruction(self, asked: Instruction, row: Row, place: Place) -> Iterator[Finding]:
        if asked.id in self.obeyed:
            return
        self.obeyed.add(asked.id)
        self.short.forget()
        outcome = self.outcomes.get(asked.id)
        if outcome is None:
            yield Finding("settlement", "instruction without an outcome", str(place))
            return
        number, code = outcome
        nothing_left = asked.kind == "close-claims" and number == 0
        if code != "done" or nothing_left:
            return
        check = self.closings.check if asked.kind == "close-claims" else self.leaves.check
        yield from check(Asked(number, asked, row.received_us))

    def flush(self) -> Iterator[Finding]:
        """Check repeats and orders by two set queries that look every key up in its index.

        Hash joins would read whole tables once for every call.
        """
        self.connection.execute("SET LOCAL enable_hashjoin = off")
        self.connection.execute("SET LOCAL enable_mergejoin = off")
        if self.repeats:
            yield from self._check_repeats()
        if self.orders:
            yield from self._check_orders()
        self.connection.execute("SET LOCAL enable_hashjoin = on")
        self.connection.execute("SET LOCAL enable_mergejoin = on")
        self.repeats, self.orders = [], []

    def _check_repeats(self) -> Iterator[Finding]:
        deeds = [deed for _, deed, _ in self.repeats]
        for *place, amount, found in self.connection.execute(
            REPEATS_SQL,
            (
                uuids([deed.key for deed in deeds]),
                int8s([int.from_bytes(deed.body[:8], "big", signed=True) for deed in deeds]),
                int8s([deed.amount for deed in deeds]),
                int8s([before for _, _, before in self.repeats]),
                *_columns([place for place, _, _ in self.repeats]),
            ),
        ).fetchall():
            settled = "nothing settled" if found is None else str(found)
            what, wanted = "deed of the inbox", f"amount {amount}"
            yield Finding("settlement", what, str(Place(*place)), wanted, settled)

    def _check_orders(self) -> Iterator[Finding]:
        orders = [order for _, order in self.orders]
        for *place, wanted, found in self.connection.execute(
            ORDERS_SQL,
            (
                uuids([order.no.to_bytes(16, "big") for order in orders]),
                int8s([order.no for order in orders]),
                int8s([order.amount for order in orders]),
                [order.project for order in orders],
                [order.commitment or NO_COMMITMENT for order in orders],
                *_columns([place for place, _ in self.orders]),
            ),
        ).fetchall():
            where, settled = str(Place(*place)), "nothing settled" if found is None else found
            yield Finding("settlement", "order of the inbox", where, wanted, settled)

    def finish(self) -> Iterator[Finding]:
        """Check what is left, then tell of rows that belong to no entry and of sums that differ."""
        yield from self.flush()
        deeds = self.deeds
        yield from deeds.entries.skip_to(1 << 62)
        for stream in self.streams():
            for number in stream.rest():
                what, where = f"{stream.name} without an entry", f"number {number}"
                yield Finding("settlement", what, where)
        for kept in (deeds.late, deeds.late_transfers):
            for id_ in kept:
                what = "match for an earlier gift without an entry"
                yield Finding("settlement", what, f"match {id_}", found=str(kept[id_]))
        extra = [deeds.retro_rows, deeds.retro_transfers]
        if any(extra):
            what = "matches for earlier gifts that no entry told of"
            yield Finding("settlement", what, "all entries", "0", str(extra))
        for number, what in self.connection.execute(TERMS_SQL).fetchall():
            if number not in self.leaves.told:
                yield Finding("settlement", "terms without an entry", f"number {number}", "", what)
        yield from self.closings.rest()
        yield from deeds.state.differences()
        for secret in sorted(deeds.gifts.unknown):
            yield Finding("settlement", "secret is not at hand", secret, kind="waiting")


def _columns(places: list[Place]) -> tuple[Any, Any, Any]:
    return (
        int8s([place.lane for place in places]),
        int8s([place.n for place in places]),
        int8s([place.place for place in places]),
    )


def check(connection: Connection[Any]) -> list[Finding]:
    """Walk all batches, then tell of stuck envelopes; needs a transaction.

    Reads: every table that settlement writes, the inbox, and the folder of secrets.
    """
    register(connection)
    stuck = _stuck(connection)
    return [
        *_walked(connection, {place for place, _ in stuck}),
        *capped(
            Finding("settlement", "envelope is stuck", str(place), found=error, kind="waiting")
            for place, error in stuck
        ),
    ]


def _walked(connection: Connection[Any], stuck: set[Place]) -> list[Finding]:
    with collection_paused(), closing(_check_batches(connection, stuck)) as findings:
        return each_capped(findings)


def each_capped(findings: Iterable[Finding]) -> list[Finding]:
    """Keep the first findings of each kind and say where there are more."""
    kept: list[Finding] = []
    counts: Counter[str] = Counter()
    for finding in findings:
        counts[finding.what] += 1
        if counts[finding.what] <= FINDINGS_MAX:
            kept.append(finding)
        elif counts[finding.what] == FINDINGS_MAX + 1:
            kept.append(Finding(finding.room, finding.what, "more places", kind=finding.kind))
        if len(kept) >= FINDINGS_IN_ALL:
            kept.append(Finding("settlement", "too much is wrong to go on", finding.where))
            break
    return kept


def _stuck(connection: Connection[Any]) -> list[tuple[Place, str]]:
    rows = connection.execute(
        "SELECT lane, n, place, error FROM settlement_stuck ORDER BY lane, n, place"
    ).fetchall()
    return [(Place(*row[:3]), re.sub(r"\s+", " ", row[3])) for row in rows]


def _check_batches(connection: Connection[Any], stuck: set[Place]) -> Generator[Finding]:
    lanes = {
        lane: Lane(connection, lane)
        for (lane,) in connection.execute("SELECT lane FROM inbox_lane ORDER BY lane").fetchall()
    }
    walk = Walk(connection, stuck)
    try:
        yield from _walk_batches(connection, lanes, walk)
    finally:
        walk.close()
        for lane in lanes.values():
            lane.cursor.close()


def _walk_batches(
    connection: Connection[Any], lanes: dict[int, Lane], walk: Walk
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
                yield from walk.take(row)
            yield from walk.deeds.entries.skip_to(next_)
            yield from compared(
                "settlement", where, [("entries", next_, walk.deeds.entries.number)]
            )
            expected_id, epoch, size, positions = id_ + 1, of_epoch, next_, after
    yield from walk.finish()
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
