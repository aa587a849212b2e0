"""Settle one batch: read, find, decide, write, in one transaction with its positions.

A crash before the commit leaves nothing; after it, everything and the positions, so
the next writer goes on behind it. The same code settles one envelope or five thousand.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import psycopg
import structlog
from psycopg import Connection
from psycopg.types.json import Jsonb

from jusha.inbox.envelopes import Envelope, decode, digest
from jusha.inbox.read import InboxRow, read
from jusha.settlement.changes import Changes, Place
from jusha.settlement.decide import decide
from jusha.settlement.find import find
from jusha.settlement.load import load_world
from jusha.settlement.pack import register
from jusha.settlement.world import World
from jusha.settlement.write import write

ROWS_MAX: Final = 2_000
ENVELOPES_MAX: Final = 5_000
PARTITION_AHEAD: Final = 1 << 22
"""New partitions are made this many entry numbers before they are needed."""
PARTITION_STEP: Final = 1 << 24
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND: Final = timedelta(microseconds=1)

log = structlog.get_logger("settlement")


class FencedOffError(Exception):
    """Another settlement process has taken a newer epoch; this one must stop."""


@dataclass(slots=True)
class Settled:
    """What one call of `settle_next` did."""

    rows: int = 0
    envelopes: int = 0
    entries: int = 0
    stuck: int = 0


@dataclass(slots=True)
class Work:
    """One batch on its way through the steps."""

    rows: list[InboxRow] = field(default_factory=list)
    batch: list[tuple[Place, Envelope]] = field(default_factory=list)
    stuck: list[tuple[int, int, int, str, datetime]] = field(default_factory=list)


class Settlement:
    """The one writer of a shard, with the world it keeps between batches."""

    def __init__(self, connection: Connection[Any], *, epoch: int) -> None:
        register(connection)
        self.connection = connection
        self.epoch = epoch
        self.world = load_world(connection)
        connection.commit()

    def settle_next(self) -> Settled:
        """Settle the next rows of the inbox, if there are any.

        Raises FencedOffError when a newer writer has begun, and psycopg.OperationalError
        when the database is gone: the caller starts anew and nothing is half done.
        """
        return self._settle(self._read_next)

    def settle_rows(self, rows: list[InboxRow]) -> Settled:
        """Settle exactly these rows as one batch, as a replay does."""
        return self._settle(lambda: rows)

    def _settle(self, take: Callable[[], list[InboxRow]]) -> Settled:
        first = self.world.next_number
        try:
            with self.connection.transaction():
                work = Work(rows=take())
                if not work.rows:
                    return Settled()
                self._fence()
                self._unpack(work)
                self._settle_part(work, work.batch)
                self._store_batch(work, first)
        except BaseException:
            self._forget()
            raise
        return Settled(
            rows=len(work.rows),
            envelopes=len(work.batch),
            entries=self.world.next_number - first,
            stuck=len(work.stuck),
        )

    def _read_next(self) -> list[InboxRow]:
        return read(
            self.connection,
            positions=self.world.positions,
            rows_max=ROWS_MAX,
            envelopes_max=ENVELOPES_MAX,
        )

    def _fence(self) -> None:
        """Hold the writer's row until the commit; a newer epoch in it means: stop."""
        row = self.connection.execute(
            "SELECT epoch FROM settlement_writer WHERE shard = 0 FOR SHARE"
        ).fetchone()
        if row is None or row[0] != self.epoch:
            raise FencedOffError(f"epoch {self.epoch} is over")

    def _unpack(self, work: Work) -> None:
        for row in work.rows:
            received_us = (row.received_at - EPOCH) // MICROSECOND
            try:
                envelopes = decode(row.payload)
            except ValueError as error:  # a damaged row is parked whole
                work.stuck.append((row.lane, row.n, -1, str(error), row.received_at))
                continue
            for place, envelope in enumerate(envelopes):
                work.batch.append((Place(row.lane, row.n, place, received_us), envelope))

    def _settle_part(self, work: Work, part: list[tuple[Place, Envelope]]) -> None:
        """Settle part of a batch; what cannot be settled is halved until it stands alone.

        Every failed try is rolled back to its savepoint and the world read anew, so
        the rest of the batch never sees it.
        """
        if not part:
            return
        try:
            with self.connection.transaction():
                changes = self._decide_and_write(part)
        except (psycopg.OperationalError, psycopg.InterfaceError):
            raise
        except Exception as error:
            self.world = load_world(self.connection)
            if len(part) > 1:
                middle = len(part) // 2
                self._settle_part(work, part[:middle])
                self._settle_part(work, part[middle:])
                return
            place = part[0][0]
            at = EPOCH + place.received_us * MICROSECOND
            log.exception("envelope_stuck", lane=place.lane, n=place.n, place=place.place)
            work.stuck.append(
                (place.lane, place.n, place.place, f"{type(error).__name__}: {error}", at)
            )
        else:
            self._make_room(changes)

    def _decide_and_write(self, part: list[tuple[Place, Envelope]]) -> Changes:
        found = find(self.connection, self.world, part)
        changes = decide(self.world, found, part)
        write(self.connection, self.world, changes)
        return changes

    def _make_room(self, changes: Changes) -> None:
        """Make partitions well before the numbers reach them."""
        ahead = self.world.next_number + PARTITION_AHEAD
        if ahead // PARTITION_STEP > (changes.first + PARTITION_AHEAD) // PARTITION_STEP:
            self.connection.execute("SELECT jusha_make_partitions(%s)", (ahead,))

    def _store_batch(self, work: Work, first: int) -> None:
        world = self.world
        for row in work.rows:
            world.positions[str(row.lane)] = row.n
        world.batch += 1
        if work.stuck:
            with self.connection.cursor() as cursor:
                cursor.executemany(
                    "INSERT INTO settlement_stuck (lane, n, place, error, at)"
                    " VALUES (%s, %s, %s, %s, %s)",
                    work.stuck,
                )
        self.connection.execute(
            "INSERT INTO settlement_batch (id, epoch, positions, first, next, digest)"
            " VALUES (%s, %s, %s, %s, %s, %b)",
            (
                world.batch,
                self.epoch,
                Jsonb(world.positions),
                first,
                world.next_number,
                digest([row.payload for row in work.rows]),
            ),
        )

    def _forget(self) -> None:
        """Read the world anew after a failed batch; a lost connection leaves that to a restart."""
        if not self.connection.broken and not self.connection.closed:
            self.world = load_world(self.connection)
            self.connection.commit()
