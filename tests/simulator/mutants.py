"""Faults planted on purpose, to prove that the simulator finds faults.

Each mutant breaks one promise of the product for the time of a `with`. A mutant that a
few hundred histories do not find is a hole in the simulator.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Final
from unittest.mock import patch

import msgspec
import psycopg

from jusha.door.intake import Intake
from jusha.inbox import read as read_module
from jusha.projects.line import Interval, Spending
from jusha.settlement import batch, find, load, match
from jusha.settlement.batch import Settlement
from jusha.settlement.world import World
from jusha.tlog import publish
from jusha.tlog.files import Disk
from jusha.tlog.publish import Publisher
from tests.simulator import special
from tests.simulator.settler import SimulatedSettler
from tests.simulator.statements import SPECIAL, one_line

Mutant = Callable[[], AbstractContextManager[Any]]


def positions_before_entries() -> AbstractContextManager[Any]:
    """The positions are committed, and only then what was settled."""
    real = Settlement._store

    def store(self: Settlement, parcel: Any) -> None:
        last = parcel.steps.pop()
        with self.connection.transaction():
            self.connection.execute(last.sql, last.values)
        real(self, parcel)

    return patch.object(Settlement, "_store", store)


def no_fence() -> AbstractContextManager[Any]:
    """A writer that lost the shard goes on."""
    return patch.object(batch, "hold_epoch", lambda *_: None)


def no_replay_guard() -> AbstractContextManager[Any]:
    """Deeds of earlier batches are not looked for."""
    return patch.object(find, "_find_seen", lambda *_: None)


def nothing_laid_over() -> AbstractContextManager[Any]:
    """A batch does not see what the one before it, not stored yet, decided."""
    return patch.object(find, "_lay_over", lambda *_: None)


def world_kept_after_failure() -> AbstractContextManager[Any]:
    """Caps and balances of a batch that was rolled back stay in memory."""

    def forget(self: Settlement) -> None:
        if not self.connection.broken and not self.connection.closed:
            self.connection.rollback()

    def guarded(settler: Any, act: Callable[[], Any]) -> Any:
        try:
            return act()
        except psycopg.OperationalError:
            if settler.settlement and not settler.settlement.connection.closed:
                return None
            settler.die()
            return None
        except BaseException:  # noqa: BLE001 - as production's supervisor
            settler.die()
            return None

    @contextmanager
    def both() -> Iterator[None]:
        with (
            patch.object(Settlement, "_forget", forget),
            patch.object(SimulatedSettler, "_guarded", guarded),
        ):
            yield

    return both()


def signs_before_storing() -> AbstractContextManager[Any]:
    """The publisher shows a checkpoint before it has noted that it signed it."""
    real_store, real_show = Publisher._store, Publisher._show

    def store(self: Publisher, signed: Any) -> None:
        real_show(self, signed)
        real_store(self, signed)

    return patch.object(Publisher, "_store", store)


def no_sync() -> AbstractContextManager[Any]:
    """Names are never made durable."""
    return patch.object(publish, "sync_names", lambda *_, **__: None)


def state_in_place() -> AbstractContextManager[Any]:
    """The publisher's record is written over the old one, not beside it."""

    def write(path: Any, data: bytes, *, mode: int = 0o644, disk: Disk) -> None:
        disk.make(path.parent)
        disk.write(path, data, mode=mode)

    return patch.object(publish, "write_whole", write)


def answers_before_durable() -> AbstractContextManager[Any]:
    """The door says yes and then commits."""
    real = Intake._commit

    async def commit(self: Intake, taken: Any) -> None:
        self._answer(taken, stored=True)
        await real(self, taken)

    def answer(self: Intake, taken: Any, *, stored: bool) -> None:
        for message in taken:
            if not message.answer.done():
                self._count -= len(message.envelopes)
                self._bytes -= len(message.raw)
                message.answer.set_result(None)

    @contextmanager
    def both() -> Iterator[None]:
        with patch.object(Intake, "_commit", commit), patch.object(Intake, "_answer", answer):
            yield

    return both()


def reads_by_time() -> AbstractContextManager[Any]:
    """Settlement asks for rows after a time and not after a place, and so skips late ones."""
    text = one_line(read_module.READ_SQL)
    real = SPECIAL[text]
    newest: dict[Any, Any] = {}

    def late(session: Any, given: Any) -> Any:
        found = real(session, given)
        after = newest.get(id(session.database), session.now.min.replace(tzinfo=session.now.tzinfo))
        rows = [row for row in found.rows if row[3] >= after]
        if rows:
            newest[id(session.database)] = rows[-1][3]
        return found._replace(rows=rows)

    return patch.dict(SPECIAL, {text: late})


def cap_not_counted() -> AbstractContextManager[Any]:
    """A person's use of the day is forgotten between batches."""
    return patch.object(find, "_find_usage", lambda *_: None)


def refund_twice() -> AbstractContextManager[Any]:
    """An instruction that is repeated is obeyed again."""
    return patch.object(find, "OUTCOMES_SQL", "SELECT uuid_send(o.id) FROM unnest(%s) AS k (id)"
                        " JOIN settlement_outcome o ON o.id = k.id WHERE o.number < 0")  # fmt: skip


def pool_overdrawn() -> AbstractContextManager[Any]:
    """A match may take more than the pool has."""
    real = match.room_of

    def room_of(*given: Any) -> Any:
        return msgspec.structs.replace(real(*given), pool=1 << 40)

    return patch.object(match, "room_of", room_of)


def digest_written_again() -> AbstractContextManager[Any]:
    """After a failed try, a row's digest is written once more."""
    real = load.load_world

    def load_forgetful(connection: Any) -> Any:
        world = real(connection)
        return Forgetful(**{name: getattr(world, name) for name in world.__slots__})

    return patch.object(batch, "load_world", load_forgetful)


def coupon_twice() -> AbstractContextManager[Any]:
    """Nobody looks which coupons were used in earlier batches."""
    return patch.object(find, "_find_coupons", lambda *_: None)


def multiplied_again() -> AbstractContextManager[Any]:
    """Nobody looks who was invited by a gift in earlier batches."""
    return patch.object(find, "_find_invites", lambda *_: None)


def refunded_claims_paid() -> AbstractContextManager[Any]:
    """A gift of which something was refunded still has a share."""
    return patch.object(special, "broken_deeds", lambda _: set[int]())


def voids_forgotten() -> AbstractContextManager[Any]:
    """A settlement that starts again does not know what is void on the lines."""
    return patch.object(special.Voids, "ahead", lambda *_: [])


def spent_is_made_void() -> AbstractContextManager[Any]:
    """A refund makes void what an expense was paid of, and nobody covers it."""

    def cut(_self: Spending, start: int, length: int) -> Interval:
        return Interval(start, start + length)

    return patch.object(Spending, "cut", cut)


class Forgetful(World):
    """Does not keep what it is told of the row it stands in."""

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, (0, 0) if name == "drawn" and value != (0, 0) else value)


MUTANTS: Final[tuple[Mutant, ...]] = (
    positions_before_entries,
    no_fence,
    no_replay_guard,
    nothing_laid_over,
    world_kept_after_failure,
    signs_before_storing,
    no_sync,
    state_in_place,
    answers_before_durable,
    reads_by_time,
    cap_not_counted,
    refund_twice,
    pool_overdrawn,
    digest_written_again,
    coupon_twice,
    multiplied_again,
    refunded_claims_paid,
    voids_forgotten,
    spent_is_made_void,
)
