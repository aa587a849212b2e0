"""The door's process: its loop, its port, its end.

One thread does everything, so a message costs no waiting for the interpreter and no hand-over
between threads; docs/performance.md has what a server with threads of its own cost.
"""

import asyncio
import resource
import signal
from contextlib import suppress
from pathlib import Path
from typing import Final

import structlog
import uvloop

from jusha.door import metrics
from jusha.door.app import Door
from jusha.door.connection import Connection, Lobby
from jusha.door.intake import Intake
from jusha.door.live import Streams
from jusha.door.messages import Keys
from jusha.door.notices import Rails
from jusha.inbox.connect import conninfo
from jusha.people.vault import load

BACKLOG: Final = 4_096
SECRETS_EVERY_SECONDS: Final = 1.0
TICK_SECONDS: Final = 1.0
FINISH_SECONDS: Final = 8.0
"""How long a stop waits for answers; the supervisor kills after 10 s."""

log = structlog.get_logger("door")


def run(home: Path, *, host: str, port: int, behind_proxy: bool = False) -> None:
    """Serve until SIGTERM or SIGINT; what is not durable then was not answered.

    Raises OSError if the port is taken.
    """
    _allow_many_files()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(home, host=host, port=port, behind_proxy=behind_proxy))


async def _serve(home: Path, *, host: str, port: int, behind_proxy: bool) -> None:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    intake = Intake(
        url=conninfo(),
        lane="door",
        raw_key=load(home, "inbox-raw"),
        secret_key=load(home, "channels"),
    )
    metrics.watch_waiting(lambda: intake.waiting)
    keys = Keys(deed=load(home, "dedupe"), person=load(home, "person"))
    rails = Rails(home, keys)
    lobby = Lobby(Door(intake, keys, rails), Streams(home, behind_proxy=behind_proxy))
    server = await loop.create_server(lambda: Connection(lobby), host, port, backlog=BACKLOG)
    tasks = [
        loop.create_task(intake.run()),
        loop.create_task(intake.watch_secrets(SECRETS_EVERY_SECONDS, rails)),
        loop.create_task(_tick(lobby)),
    ]
    log.info("started", port=port)
    await stop.wait()
    server.close()
    lobby.finish()
    if lobby.connections:
        with suppress(TimeoutError):
            async with asyncio.timeout(FINISH_SECONDS):
                await lobby.gone.wait()
    for task in tasks:
        task.cancel()
    log.info("stopped", unanswered=intake.waiting)


async def _tick(lobby: Lobby) -> None:
    while True:
        await asyncio.sleep(TICK_SECONDS)
        lobby.tick()


def _allow_many_files() -> None:
    """A connection is a file; the limit that shells set is a fraction of what is allowed."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
