"""The jobs process: what the clock asks for, in one plain loop."""

from datetime import UTC, datetime
from typing import Final

import structlog

from jusha.config.processes.loop import Stop, run
from jusha.config.processes.why import Why
from jusha.inbox.connect import connect
from jusha.settlement.jobs import Sealer, keep_raw_partitions

SEAL_EVERY_SECONDS: Final = 60
ROUNDS_A_DAY: Final = 24 * 60

log = structlog.get_logger("jobs")


def work(stop: Stop, why: Why) -> None:
    """Seal each minute, keep partitions each day."""
    sealer = Sealer()
    rounds = 0
    with connect(autocommit=True) as connection:
        while not stop:
            now = datetime.now(UTC)
            if rounds % ROUNDS_A_DAY == 0:
                log.info("raw_partitions", dropped=keep_raw_partitions(connection, now))
            asked = sealer.seal_changed(connection, now)
            if asked:
                log.info("seals_asked", count=asked)
            why.clear()
            rounds += 1
            stop.wait(SEAL_EVERY_SECONDS)


if __name__ == "__main__":
    run("jobs", "web", work)
