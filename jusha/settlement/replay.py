"""Replay: settle a recorded inbox again, in an empty database, and compare every row.

Decision 1 says that replaying the inbox gives the same bytes. Here that is done: the
same rows, cut into the same batches (settlement_batch says which), through the same
code. What comes out must equal what stands in the books, entry for entry.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from psycopg import Connection, sql

from jusha.inbox.envelopes import Instruction, decode, digest
from jusha.inbox.read import InboxRow
from jusha.settlement.batch import Settlement
from jusha.settlement.fence import take_over
from jusha.settlement.secrets import installed

DIFFERENCES_MAX: Final = 20

# A range of the primary key for each lane: joined plainly, the planner reads a lane from its start.
BATCH_ROWS_SQL: Final = """
SELECT r.lane, r.n, r.count, r.received_at, r.payload
FROM unnest(%(lanes)s::smallint[], %(after)s::bigint[], %(upto)s::bigint[]) u (lane, after, upto)
CROSS JOIN LATERAL (
    SELECT * FROM inbox_row WHERE lane = u.lane AND n > u.after AND n <= u.upto ORDER BY n OFFSET 0
) r
ORDER BY r.received_at, r.lane, r.n"""

# What a row may tell of the run itself and not of the inbox: who settled it, and when.
COLUMNS_LEFT_OUT: Final = {"settlement_batch": ("epoch", "settled_at")}
TABLES_SQL: Final = """
SELECT c.relname FROM pg_class c
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
  AND c.relname !~ '^(jusha|django|account|mfa|giving_rail)_'
  AND c.relname NOT IN ('inbox_raw', 'settlement_writer')
ORDER BY c.relname"""


INSTRUCTED_SQL: Final = """
SELECT payload FROM inbox_row JOIN inbox_lane USING (lane)
WHERE name IN ('jobs', 'console') ORDER BY lane, n"""


class TargetNotEmptyError(Exception):
    """The target database has been settled in, or holds an inbox, already."""


class InboxDiffersError(Exception):
    """The inbox no longer holds the rows that a batch was made of, by its digest."""


@dataclass(slots=True)
class Replayed:
    """What a replay did, and where it came out differently (nothing, if all is well)."""

    batches: int = 0
    envelopes: int = 0
    entries: int = 0
    stuck: int = 0
    differences: list[str] = field(default_factory=list)

    @property
    def equal(self) -> bool:
        """Whether books and log came out the same."""
        return not self.differences


class Batch(NamedTuple):
    """A recorded batch: its number, positions after it, and what came of it."""

    id: int
    positions: dict[str, int]
    first: int
    next: int
    digest: bytes


def replay(source: Connection[Any], target: Connection[Any]) -> Replayed:
    """Copy the source's inbox into the empty target, settle its batches again, and compare.

    Both in transaction mode, in the same schema; the source is read in one snapshot and
    not changed, so it may go on settling. Differences are returned, not raised. Raises
    TargetNotEmptyError, InboxDiffersError, psycopg.Error. Reads: all hot tables. Writes:
    the target.
    """
    done = Replayed()
    with source.transaction():
        source.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        with target.transaction():
            _check_empty(target)
            _copy_inbox(source, target)
        _learn_secrets(source)
        settlement = Settlement(target, epoch=take_over(target, holder="replay"))
        positions: dict[str, int] = {}
        for batch in _batches(source):
            _settle_again(settlement, _rows(source, positions, batch), batch, done)
            positions = batch.positions
        with target.transaction():
            done.differences += _compare_tables(source, target)
    done.differences = done.differences[:DIFFERENCES_MAX]
    return done


def _settle_again(
    settlement: Settlement, rows: list[InboxRow], batch: Batch, done: Replayed
) -> None:
    """Settle one recorded batch and note the first numbers that differ."""
    if digest([row.payload for row in rows]) != batch.digest:
        raise InboxDiffersError(f"batch {batch.id}")
    settled = settlement.settle_rows(rows)
    done.batches += 1
    done.envelopes += settled.envelopes
    done.entries += settled.entries
    done.stuck += settled.stuck
    if settlement.world.next_number != batch.next:
        done.differences.append(
            f"batch {batch.id}: next number {batch.next}, replayed {settlement.world.next_number}"
        )


def _check_empty(target: Connection[Any]) -> None:
    row = target.execute(
        "SELECT (SELECT count(*) FROM settlement_batch) + (SELECT count(*) FROM inbox_row)"
    ).fetchone()
    if row is None or row[0]:
        raise TargetNotEmptyError(target.info.dbname)


def _copy_inbox(source: Connection[Any], target: Connection[Any]) -> None:
    """Copy lanes and rows; the raw messages are not needed, envelopes are what was settled."""
    for lane in source.execute("SELECT lane, name, last_n, last_received_at::text FROM inbox_lane"):
        target.execute(
            "INSERT INTO inbox_lane VALUES (%s, %s, %s, %s) ON CONFLICT (lane) DO UPDATE"
            " SET last_n = excluded.last_n, last_received_at = excluded.last_received_at",
            lane,
        )
    columns = "(lane, n, count, received_at, payload)"
    with (
        source.cursor().copy(f"COPY inbox_row {columns} TO STDOUT (FORMAT BINARY)") as out,
        target.cursor().copy(f"COPY inbox_row {columns} FROM STDIN (FORMAT BINARY)") as into,
    ):
        for block in out:
            into.write(block)


def _learn_secrets(source: Connection[Any]) -> None:
    """Take in what the inbox reveals, so that draws can be replayed where no secret lies."""
    for (payload,) in source.execute(INSTRUCTED_SQL, binary=True):
        for envelope in decode(payload):
            if isinstance(envelope, Instruction) and envelope.kind == "reveal":
                secret = envelope.body.get("secret")
                if isinstance(secret, bytes):
                    installed().learn(secret)


def _batches(source: Connection[Any]) -> Iterator[Batch]:
    with source.cursor("replay_batches") as cursor:
        cursor.execute(
            "SELECT id, positions, first, next, digest FROM settlement_batch ORDER BY id",
            binary=True,
        )
        for row in cursor:
            yield Batch(*row)


def _rows(source: Connection[Any], after: dict[str, int], batch: Batch) -> list[InboxRow]:
    """The rows between two positions, in the public order."""
    moved = [lane for lane, n in batch.positions.items() if n != after.get(lane, 0)]
    found = source.execute(
        BATCH_ROWS_SQL,
        {
            "lanes": [int(lane) for lane in moved],
            "after": [after.get(lane, 0) for lane in moved],
            "upto": [batch.positions[lane] for lane in moved],
        },
        binary=True,
    )
    return [InboxRow(*row) for row in found]


def _compare_tables(source: Connection[Any], target: Connection[Any]) -> Iterator[str]:
    """Compare every table that settlement writes by the number and the hashes of its rows."""
    for (name,) in source.execute(TABLES_SQL).fetchall():
        left_out = COLUMNS_LEFT_OUT.get(name, ())
        query = sql.SQL(
            "SELECT count(*), sum(hashtextextended((to_jsonb(t) - %s::text[])::text, 0)::numeric)"
            " FROM {} AS t"
        ).format(sql.Identifier(name))
        mine, replayed = (
            connection.execute(query, (list(left_out),)).fetchone()
            for connection in (source, target)
        )
        if mine != replayed:
            counts = [found[0] if found else 0 for found in (mine, replayed)]
            yield f"{name}: {counts[0]} rows here, {counts[1]} replayed, and they are not the same"
