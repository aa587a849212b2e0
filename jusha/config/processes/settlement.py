"""The settlement process: takes the shard, then settles whatever the inbox holds."""

import os
import socket
from pathlib import Path
from typing import Final

import structlog
from django.conf import settings

from jusha.config.processes.loop import Stop, run
from jusha.inbox.connect import connect
from jusha.merkle.checkpoint import parse_checkpoint
from jusha.merkle.note import parse_note
from jusha.settlement.batch import FencedOffError, Settlement
from jusha.settlement.fence import AlreadySettlingError, take_over

IDLE_SECONDS: Final = 0.01
TAKEN_SECONDS: Final = 1.0

log = structlog.get_logger("settlement")


def published_size(log_dir: Path) -> int:
    """The size of the published log, 0 if nothing is published."""
    path = log_dir / "public" / "checkpoint"
    return parse_checkpoint(parse_note(path.read_bytes()).text).size if path.exists() else 0


def work(stop: Stop) -> None:
    """Settle until told to stop or fenced off."""
    with connect() as connection:
        try:
            epoch = take_over(connection, holder=f"{socket.gethostname()}/{os.getpid()}")
        except AlreadySettlingError:
            log.info("waiting_for_the_shard")
            stop.wait(TAKEN_SECONDS)
            return
        settlement = Settlement(connection, epoch=epoch)
        signed = published_size(settings.JUSHA_LOG_DIR)
        if signed > settlement.world.next_number:
            log.error(
                "refusing_to_settle",
                published=signed,
                settled=settlement.world.next_number,
                why="the database is older than the published log; see docs/operating.md",
            )
            stop.wait(TAKEN_SECONDS * 5)
            return
        log.info("settling", epoch=epoch, next_number=settlement.world.next_number)
        while not stop:
            try:
                done = settlement.settle_next()
            except FencedOffError as error:
                log.warning("fenced_off", error=str(error))
                return
            if done.rows == 0:
                stop.wait(IDLE_SECONDS)
            elif done.stuck:
                log.error("envelopes_stuck", count=done.stuck)


if __name__ == "__main__":
    run("settlement", "settle", work)
