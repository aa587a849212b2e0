"""The jobs process: what the clock asks for, in one plain loop."""

from datetime import UTC, datetime
from typing import Final

import structlog

from jusha.config.metrics import jobs as metrics
from jusha.config.processes.loop import Stop, run
from jusha.config.processes.why import Why
from jusha.inbox.connect import connect
from jusha.settlement.closer import Closer, ask
from jusha.settlement.jobs import Sealer, keep_raw_partitions

ROUND_SECONDS: Final = 5
ROUNDS_A_SEAL: Final = 12
ROUNDS_A_DAY: Final = 24 * 60 * ROUNDS_A_SEAL

log = structlog.get_logger("jobs")


def work(stop: Stop, why: Why) -> None:
    """Close what is due, seal each minute, keep partitions each day."""
    sealer, closer = Sealer(), Closer()
    rounds = 0
    with connect(autocommit=True) as connection:
        while not stop:
            now = datetime.now(UTC)
            if rounds % ROUNDS_A_DAY == 0:
                log.info("raw_partitions", dropped=keep_raw_partitions(connection, now))
            if steps := ask(connection, closer.due(connection, now)):
                log.info("closing_steps_asked", count=steps)
                metrics.asked("closing", steps)
            if rounds % ROUNDS_A_SEAL == 0 and (
                seals := ask(connection, sealer.due(connection, now))
            ):
                log.info("seals_asked", count=seals)
                metrics.asked("seal", seals)
            metrics.round_done()
            why.clear()
            rounds += 1
            stop.wait(ROUND_SECONDS)


if __name__ == "__main__":
    run("jobs", "web", work, gives_way=True)
