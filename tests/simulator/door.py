"""The front door as the simulator runs it: the real Intake and messages, on virtual time.

What the door's connection is asked waits in `pending` until the schedule answers it, so
that messages gather behind a commit as they do in production.
"""

import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, Final
from unittest.mock import patch

import psycopg

from jusha.door import intake as intake_module
from jusha.door.intake import COMMIT_SECONDS, RECONNECT_SECONDS, DoorFullError, Intake
from jusha.door.messages import Keys
from tests.simulator.connections import Connection, Cursor, Server
from tests.simulator.loop import VirtualLoop
from tests.simulator.processes import LOST, UNREPORTED, Gone, Process

KEYS: Final = Keys(deed=bytes(32), person=bytes(range(32)))
RAW_KEY: Final = bytes(32)
SILENT: Final = "silent"


@dataclass(slots=True)
class Pending:
    """A statement on its way to the database."""

    connection: "AsyncConnection"
    act: Callable[[], Cursor]
    answer: asyncio.Future[Cursor]


class DoorLoop(VirtualLoop):
    """The loop of one door, by which its connections find it."""

    def __init__(self, door: "SimulatedDoor") -> None:
        super().__init__()
        self.door = door


async def connect(_url: str, *, autocommit: bool) -> "AsyncConnection":
    """Connect the door whose loop runs to its server."""
    assert autocommit
    loop: Any = asyncio.get_running_loop()
    return AsyncConnection(loop.door.server, loop.door.pending, loop)


def simulated_connections() -> AbstractContextManager[object]:
    """Let doors connect to simulated servers."""
    async_connection = SimpleNamespace(connect=connect)
    fake = SimpleNamespace(AsyncConnection=async_connection, Error=psycopg.Error)
    return patch.object(intake_module, "psycopg", fake)


class AsyncConnection:
    """What Intake uses of psycopg.AsyncConnection."""

    def __init__(self, server: Server, pending: list[Pending], loop: VirtualLoop) -> None:
        self._connection = Connection(server, Process("door's connection"), autocommit=True)
        self._pending, self._loop = pending, loop

    async def execute(self, sql: str, params: Any) -> Cursor:
        """Ask, and wait for the schedule to answer."""
        pending = Pending(
            self, lambda: self._connection.execute(sql, params), self._loop.create_future()
        )
        self._pending.append(pending)
        return await pending.answer

    async def close(self) -> None:
        """Let go."""
        self._connection.close()


class SimulatedDoor:
    """One run of the door."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.loop = DoorLoop(self)  # type: ignore[abstract] # the rest is not used
        self.pending: list[Pending] = []
        self.intake: Intake = self.loop.run(
            lambda: Intake(url="", lane="door", raw_key=RAW_KEY, secret_key=RAW_KEY)
        )
        self.task = self.loop.spawn(self.intake.run())

    def take(self, path: str, channel: str, body: bytes) -> asyncio.Future[None] | None:
        """Take a message in; None if the door is full."""
        envelopes = KEYS.read(path, channel, body)
        try:
            future: asyncio.Future[None] = self.loop.run(lambda: self.intake.put(envelopes, body))
        except DoorFullError:
            return None
        return future

    def answer(self, how: str = "") -> bool:
        """Let the database answer what it was asked first; False if it was asked nothing.

        `how`: well, LOST, UNREPORTED, or SILENT (the door gives up waiting), or SILENT and
        UNREPORTED both: it was done and nobody heard.
        """
        if not self.pending:
            return False
        asked = self.pending.pop(0)
        error: psycopg.Error | None = None
        done = Cursor(asked.connection._connection)
        if LOST not in how:
            try:
                done = asked.act()
            except psycopg.Error as refused:
                error = refused
        if SILENT in how:
            self.loop.advance(COMMIT_SECONDS)
        elif error or how:
            gone = error or Gone(how)
            self.loop.run(lambda: asked.answer.set_exception(gone))
        else:
            self.loop.run(lambda: asked.answer.set_result(done))
        return True

    def wait(self) -> None:
        """Let the pause after a failure pass."""
        self.loop.advance(RECONNECT_SECONDS)

    def die(self, *, reached: bool) -> None:
        """End at once; what was on its way may have reached the database."""
        if self.pending and reached:
            self.answer(UNREPORTED)
        self.task.cancel()
        self.loop.run()
