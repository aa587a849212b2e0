"""The board process: teams, rankings, the big screen, the wall of names, and pages as files.

It is the first to be let go: a part that the level names is not worked on, and its files stay as
they are. Killed at any moment it goes on from its tables.
"""

import time
from datetime import UTC, datetime
from typing import Final

import structlog
from django.db import connections

from jusha.config.metrics import board as metrics
from jusha.config.processes.loop import Stop, run
from jusha.config.processes.why import Why

EVERY_SECONDS: Final = 1.0

log = structlog.get_logger("board")


def work(stop: Stop, why: Why) -> None:
    """Tell, once a second; a disk that refuses is said, and tried again."""
    from django.db.utils import InterfaceError, OperationalError  # noqa: PLC0415 - after setup

    from jusha.web import shed  # noqa: PLC0415 - models, after setup
    from jusha.web.board.tell import Board  # noqa: PLC0415 - as above

    board = Board()
    while not stop:
        began = time.monotonic()
        try:
            done = board.tell(datetime.now(UTC), shed.level())
            for part in done.parts:
                metrics.told(part)
            metrics.rendered(done.pages)
            why.clear()
        except OSError as error:
            if why.tell("board_unwritten", str(error)):
                log.error("board_unwritten", error=str(error))  # noqa: TRY400 - it says it all
        except (OperationalError, InterfaceError) as error:
            connections.close_all()
            if why.tell("database_away", str(error)):
                log.warning("database_away", error=str(error).strip())
        stop.wait(max(EVERY_SECONDS - (time.monotonic() - began), 0.0))
    connections.close_all()


if __name__ == "__main__":
    run("board", "web", work, gives_way=True)
