"""Settlement as the simulator runs it: the real one, with its second thread made of turns."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from random import Random
from typing import Any

import psycopg

from jusha.settlement.batch import Settled, Settlement
from jusha.settlement.fence import AlreadySettlingError, FencedOffError, take_over
from jusha.settlement.pack import register
from jusha.settlement.write import Parcel
from tests.simulator.connections import Connection, Server
from tests.simulator.processes import Died, Process


class Stored(Future[None]):
    """A parcel that is stored now, at a turn of the reader, or when somebody waits for it."""

    def __init__(self, store: Callable[[Parcel], None], parcel: Parcel) -> None:
        super().__init__()
        self._store, self._parcel = store, parcel
        self._begun = False

    def store(self) -> None:
        """Store it, once."""
        if self._begun:
            return
        self._begun = True
        try:
            self._store(self._parcel)
        except BaseException as error:  # noqa: BLE001 - as a thread does: the waiter gets it
            self.set_exception(error)
        else:
            self.set_result(None)

    def result(self, timeout: float | None = None) -> None:
        """Wait for it."""
        self.store()
        super().result(timeout)


class TurnStorer:
    """Stores when the seed says."""

    def __init__(self, process: Process, random: Random) -> None:
        self.process, self.random = process, random
        self.last: Stored | None = None

    def submit(self, store: Callable[[Parcel], None], parcel: Parcel, /) -> Future[None]:
        """Take a parcel; the one before it is stored by now."""
        self.last = stored = Stored(store, parcel)
        when = self.random.randrange(3)
        if when == 0:
            stored.store()
        elif when == 1 and self.process.meanwhile is None:
            self.process.meanwhile = stored.store
            self.process.meanwhile_after = self.random.randrange(8)
        return stored

    def finish(self) -> None:
        """Store what was taken, if the process still lives."""
        if self.last is not None and not self.process.dead:
            self.last.store()


class TurnBeside:
    """A second connection, or none, and a storer that takes turns."""

    def __init__(self, server: Server, process: Process, random: Random) -> None:
        self.server, self.process, self.random = server, process, random

    @contextmanager
    def reader(self, _connection: Any) -> Iterator[Any]:
        """Open a second connection to what `connection` writes; None if there is none to be had."""
        if self.random.random() < 0.1:
            yield None
            return
        try:
            reader = Connection(self.server, self.process, autocommit=True)
        except psycopg.OperationalError:
            yield None
            return
        with reader:
            register(reader)  # type: ignore[arg-type] # a connection by its manners
            yield reader

    @contextmanager
    def storer(self) -> Iterator[TurnStorer]:
        """Begin to store."""
        storer = TurnStorer(self.process, self.random)
        try:
            yield storer
        finally:
            storer.finish()


class SimulatedSettler:
    """One slot for a settlement process, that the supervisor starts again when it ends."""

    def __init__(self, server: Server, name: str, random: Random) -> None:
        self.server, self.name, self.random = server, name, random
        self.process = Process(name)
        self.settlement: Settlement | None = None
        self.told: list[str] = []

    def start(self, *, envelopes_max: int) -> bool:
        """Start the process; False if another holds the shard or the database fails."""
        self.process = Process(self.name, told=self.told)
        return self._guarded(lambda: self._begin(envelopes_max)) is not None

    def _begin(self, envelopes_max: int) -> Settlement:
        connection: Any = Connection(self.server, self.process)
        epoch = take_over(connection, holder=self.name)
        connection.rollback()
        self.settlement = Settlement(
            connection,
            epoch=epoch,
            envelopes_max=envelopes_max,
            beside=TurnBeside(self.server, self.process, self.random),
        )
        return self.settlement

    def step(self) -> Settled | None:
        """Settle what comes next; None if the process ended over it."""
        assert self.settlement is not None
        done: Settled | None = self._guarded(self.settlement.settle_next)
        return done

    def _guarded(self, act: Callable[[], Any]) -> Any:
        """Run part of the process; what production survives by a restart ends it here."""
        try:
            return act()
        except (
            psycopg.OperationalError,
            psycopg.InterfaceError,
            FencedOffError,
            AlreadySettlingError,
            Died,
        ):
            self.die()
            return None

    def die(self) -> None:
        """End at once."""
        self.process.die()
        self.settlement = None
