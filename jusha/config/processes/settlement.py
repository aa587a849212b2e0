"""The settlement process: takes the shard, then settles whatever the inbox holds."""

import contextlib
import os
import socket
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import structlog
from django.conf import settings
from psycopg import Connection

from jusha.config.processes.loop import WAY_NICENESS, Stop, run
from jusha.config.processes.why import REFUSING, Why
from jusha.inbox.connect import connect
from jusha.merkle.checkpoint import parse_checkpoint
from jusha.merkle.note import parse_note
from jusha.settlement import metrics
from jusha.settlement.batch import Settlement
from jusha.settlement.closer import SecretKeeper, ask
from jusha.settlement.fence import AlreadySettlingError, FencedOffError, take_over
from jusha.settlement.secrets import installed

SECRETS_SECONDS: Final = 10.0
IDLE_SECONDS: Final = 0.01
MANY: Final = 200
"""Envelopes in a batch from which on more are coming all the time."""
PACE_SECONDS: Final = 0.2
"""Then a batch begins only so long after the one before it: what a batch costs whatever its
size is shared by more gifts."""
TAKEN_SECONDS: Final = 1.0
REFUSED_SECONDS: Final = 5.0

log = structlog.get_logger("settlement")


def published_size(log_dir: Path) -> int:
    """The size of the published log, 0 if nothing is published."""
    path = log_dir / "public" / "checkpoint"
    return parse_checkpoint(parse_note(path.read_bytes()).text).size if path.exists() else 0


def behind_the_log(connection: Connection[Any], log_dir: Path) -> str:
    """Say how this database is older than the published log; "" if it is not.

    Reads: tlog_entries, and the published checkpoint.
    """
    row = connection.execute("SELECT coalesce(max(first + count), 0) FROM tlog_entries").fetchone()
    settled = int(row[0]) if row else 0
    published = published_size(log_dir)
    if published <= settled:
        return ""
    return (
        f"{published} entries are published and this database has {settled}: it is older than"
        " the public log, so nothing is settled and the door is closed; see docs/operating.md"
    )


def work(stop: Stop, why: Why) -> None:
    """Settle until told to stop or fenced off."""
    with connect() as connection:
        try:
            epoch = take_over(connection, holder=f"{socket.gethostname()}/{os.getpid()}")
        except AlreadySettlingError:
            if why.tell("waiting_for_the_shard", "another settlement process holds the shard"):
                log.info("waiting_for_the_shard")
            stop.wait(TAKEN_SECONDS)
            return
        behind = behind_the_log(connection, settings.JUSHA_LOG_DIR)
        connection.rollback()
        if behind:
            if why.tell(REFUSING, behind):
                log.error(REFUSING, why=behind)
            stop.wait(REFUSED_SECONDS)
            return
        give_way_too(connection)
        settlement = Settlement(connection, epoch=epoch)
        metrics.WORLD.watch(settlement)
        log.info("settling", epoch=epoch, next_number=settlement.world.next_number)
        alarm(connection, why)
        try:
            settle(settlement, stop, why)
        except FencedOffError as error:
            log.warning("fenced_off", error=str(error))


def give_way_too(connection: Connection[Any]) -> None:
    """Ask the kernel for less of a busy processor for the database's end of this connection too.

    It works as long as this process does, and would take from the door what this one leaves.
    Only where it is a PostgreSQL process of this machine, and we have the right.
    """
    pid = connection.info.backend_pid
    with contextlib.suppress(OSError):
        name = Path(f"/proc/{pid}/comm").read_text().strip()
        if connection.info.host.startswith("/") and name == "postgres":
            os.setpriority(os.PRIO_PROCESS, pid, WAY_NICENESS)


def settle(settlement: Settlement, stop: Stop, why: Why) -> None:
    """Settle batch after batch until told to stop. Raises FencedOffError."""
    keeper, next_look = SecretKeeper(installed()), 0.0
    while not stop:
        if time.monotonic() >= next_look:
            with settlement.connection.transaction():
                due = keeper.due(settlement.connection, datetime.now(UTC))
                ask(settlement.connection, due)
            next_look = time.monotonic() + SECRETS_SECONDS
        began = time.perf_counter()
        done = settlement.settle_next()
        if done.rows == 0:
            stop.wait(IDLE_SECONDS)
            continue
        seconds = time.perf_counter() - began
        metrics.settled(done, seconds=seconds)
        if done.envelopes >= MANY and seconds < PACE_SECONDS:
            stop.wait(PACE_SECONDS - seconds)
        if done.stuck:
            log.error("envelopes_stuck", count=done.stuck)
            alarm(settlement.connection, why)


def alarm(connection: Connection[Any], why: Why) -> None:
    """Keep showing that envelopes stand aside, or that nothing is wrong.

    Reads: settlement_stuck.
    """
    row = connection.execute("SELECT count(*) FROM settlement_stuck").fetchone()
    connection.rollback()
    if row and row[0]:
        text = "envelopes could not be settled and stand aside; the rest goes on"
        why.tell("envelopes_stuck", f"{row[0]} {text}")
    else:
        why.clear()


if __name__ == "__main__":
    run("settlement", "settle", work, gives_way=True)
