"""Settle one batch: read, find, decide, write, in one transaction with its positions.

A crash before the commit leaves nothing; after it, everything and the positions, so
the next writer goes on behind it. The same code settles one envelope or five thousand.

While a backlog waits, a batch is decided while the one before it is stored
(docs/design/0004-settlement-pipeline.md). Transactions still follow one another, and
whatever goes wrong ends in the plain way: one batch, one transaction, nothing beside it.
"""

import gc
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
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
from jusha.settlement.commitments import SecretMissingError
from jusha.settlement.decide import decide
from jusha.settlement.fence import FencedOffError, hold_epoch
from jusha.settlement.find import apart, find, looks_back
from jusha.settlement.load import load_world
from jusha.settlement.pack import register
from jusha.settlement.store import Beside, Storer, ThreadBeside
from jusha.settlement.write import Parcel, pack, send

ROWS_MAX: Final = 2_000
ENVELOPES_MAX: Final = 10_000
"""A batch twice as large as a full inbox row: balances are updated once for more gifts."""
BATCHES_MAX: Final = 16
"""After so many batches of a backlog the caller gets to look around: some seconds."""
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND: Final = timedelta(microseconds=1)

log = structlog.get_logger("settlement")


@dataclass(slots=True)
class Settled:
    """What one call of `settle_next` did."""

    rows: int = 0
    envelopes: int = 0
    entries: int = 0
    stuck: int = 0

    def add(self, other: "Settled") -> None:
        """Count another batch in."""
        self.rows += other.rows
        self.envelopes += other.envelopes
        self.entries += other.entries
        self.stuck += other.stuck


@dataclass(slots=True)
class Work:
    """One batch on its way through the steps."""

    first: int
    rows: list[InboxRow] = field(default_factory=list)
    batch: list[tuple[Place, Envelope]] = field(default_factory=list)
    stuck: list[tuple[int, int, int, str, datetime]] = field(default_factory=list)


@dataclass(slots=True)
class Sent:
    """A batch that another thread is storing."""

    work: Work
    changes: Changes
    done: Settled
    stored: Future[None]


class Settlement:
    """The one writer of a shard, with the world it keeps between batches.

    `beside` reads on and stores while the next batch is decided (default: a second
    connection and a thread).
    """

    def __init__(
        self,
        connection: Connection[Any],
        *,
        epoch: int,
        envelopes_max: int = ENVELOPES_MAX,
        beside: Beside | None = None,
    ) -> None:
        register(connection)
        self.connection = connection
        self.epoch = epoch
        self.envelopes_max = envelopes_max
        self.beside = beside or ThreadBeside()
        self.world = load_world(connection)
        connection.commit()

    def settle_next(self) -> Settled:
        """Settle the next rows of the inbox, if there are any; all of it is stored on return.

        One batch, or up to BATCHES_MAX of them while the inbox gives full ones. Raises
        FencedOffError when a newer writer has begun, and psycopg.OperationalError when
        the database is gone: the caller starts anew and nothing is half done.
        """
        with collection_paused():
            done = self._settle(self._read_next)
            if 2 * done.envelopes >= self.envelopes_max or done.rows == ROWS_MAX:
                self._settle_backlog(done)
        return done

    def settle_rows(self, rows: list[InboxRow]) -> Settled:
        """Settle exactly these rows as one batch, as a replay does."""
        return self._settle(lambda: rows)

    def _settle(self, take: Callable[[], list[InboxRow]]) -> Settled:
        try:
            with self.connection.transaction():
                work = Work(first=self.world.next_number, rows=take())
                if not work.rows:
                    return Settled()
                hold_epoch(self.connection, self.epoch)
                self._unpack(work)
                for part in apart(work.batch):
                    self._settle_part(work, part)
                parcel = Parcel()
                self._pack_batch(parcel, work)
                send(self.connection, parcel)
        except BaseException:
            self._forget()
            raise
        return self._count(work)

    def _settle_backlog(self, done: Settled) -> None:
        """Settle further batches, each decided while the one before it is stored."""
        sent: Sent | None = None
        try:
            with self.beside.reader(self.connection) as reader, self.beside.storer() as storer:
                if reader is None:
                    return
                for _ in range(BATCHES_MAX):
                    rows = self._read_next(reader)
                    if not rows:
                        break
                    sent = self._overlap(reader, storer, rows, sent, done)
                self._finish(sent, done)
        except BaseException:
            self._forget()  # the storer has ended: what it stored is stored, the rest is not
            raise

    def _overlap(
        self,
        reader: Connection[Any],
        storer: Storer,
        rows: list[InboxRow],
        sent: Sent | None,
        done: Settled,
    ) -> Sent | None:
        """Decide a batch while the one before it is stored, then have this one stored.

        If the one before could not be stored, this one's decisions are thrown away: its
        rows are read again. If this one cannot be decided, it is settled the plain way.
        """
        work = Work(first=self.world.next_number, rows=rows)
        self._unpack(work)
        in_parts = len(list(apart(work.batch))) > 1
        if in_parts or looks_back(work.batch):
            if not self._finish(sent, done):
                return None
            sent = None
            if in_parts:
                done.add(self._settle(lambda: rows))
                return None
        before = sent.changes if sent else None
        try:
            found = find(reader, self.world, work.batch, before=before)
            changes = decide(self.world, found, work.batch)
            parcel = pack(self.world, changes)
            self._pack_batch(parcel, work)
        except (psycopg.OperationalError, psycopg.InterfaceError, SecretMissingError):
            raise
        except Exception:
            log.exception("batch_undecided", first=work.first)
            if self._finish(sent, done):
                self._forget()
                done.add(self._settle(lambda: rows))
            return None
        if not self._finish(sent, done):
            return None
        return Sent(work, changes, self._count(work), storer.submit(self._store, parcel))

    def _store(self, parcel: Parcel) -> None:
        """Store a decided batch, positions included, if this writer still holds the shard."""
        with self.connection.transaction():
            hold_epoch(self.connection, self.epoch)
            send(self.connection, parcel)

    def _finish(self, sent: Sent | None, done: Settled) -> bool:
        """Wait until a batch is stored; one that the database refused is settled the plain way.

        Returns False in that case: what was decided behind it is of no worth.
        """
        if sent is None:
            return True
        try:
            sent.stored.result()
        except (psycopg.OperationalError, psycopg.InterfaceError, FencedOffError):
            raise
        except Exception:
            log.exception("batch_refused", first=sent.work.first)
            self._forget()
            done.add(self._settle(lambda: sent.work.rows))
            return False
        done.add(sent.done)
        return True

    def _read_next(self, connection: Connection[Any] | None = None) -> list[InboxRow]:
        return read(
            connection or self.connection,
            positions=self.world.positions,
            rows_max=ROWS_MAX,
            envelopes_max=self.envelopes_max,
        )

    def _unpack(self, work: Work) -> None:
        for row in work.rows:
            received_us = (row.received_at - EPOCH) // MICROSECOND
            try:
                envelopes = decode(row.payload)
            except ValueError as error:  # a damaged row is parked whole
                work.stuck.append((row.lane, row.n, -1, str(error), row.received_at))
                continue
            lane, n, payload = row.lane, row.n, row.payload
            work.batch += [
                (Place(lane, n, place, received_us, payload), envelope)
                for place, envelope in enumerate(envelopes)
            ]

    def _settle_part(self, work: Work, part: list[tuple[Place, Envelope]]) -> None:
        """Settle part of a batch; what cannot be settled is halved until it stands alone.

        Every failed try is rolled back to its savepoint and the world read anew, so
        the rest of the batch never sees it.
        """
        if not part:
            return
        drawn = self.world.drawn  # no table tells how far into a row its digest stands
        try:
            with self.connection.transaction():
                found = find(self.connection, self.world, part)
                send(self.connection, pack(self.world, decide(self.world, found, part)))
        except (psycopg.OperationalError, psycopg.InterfaceError, SecretMissingError):
            raise
        except Exception as error:
            self.world = load_world(self.connection)
            self.world.drawn = drawn
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

    def _pack_batch(self, parcel: Parcel, work: Work) -> None:
        """Move the positions on, and add what says so to the batch's transaction."""
        world = self.world
        for row in work.rows:
            world.positions[str(row.lane)] = row.n
        world.batch += 1
        parcel.run_many(
            "INSERT INTO settlement_stuck (lane, n, place, error, at) VALUES (%s, %s, %s, %s, %s)",
            work.stuck,
        )
        parcel.run(
            "INSERT INTO settlement_batch (id, epoch, positions, first, next, digest)"
            " VALUES (%s, %s, %s, %s, %s, %b)",
            (
                world.batch,
                self.epoch,
                Jsonb(dict(world.positions)),
                work.first,
                world.next_number,
                digest([row.payload for row in work.rows]),
            ),
        )

    def _count(self, work: Work) -> Settled:
        return Settled(
            rows=len(work.rows),
            envelopes=len(work.batch),
            entries=self.world.next_number - work.first,
            stuck=len(work.stuck),
        )

    def _forget(self) -> None:
        """Read the world anew after a failed batch; a lost connection leaves that to a restart."""
        if not self.connection.broken and not self.connection.closed:
            self.connection.rollback()  # an earlier reading may have failed half-way
            self.world = load_world(self.connection)
            self.connection.commit()


@contextmanager
def collection_paused() -> Iterator[None]:
    """Keep the cyclic garbage collector out of a batch: it would walk the whole world for nothing.

    What a batch leaves behind is freed by its reference counts.
    """
    running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if running:
            gc.enable()
