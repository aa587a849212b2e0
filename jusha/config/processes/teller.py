"""The teller process: writes the numbers that live, each second, as files that pages poll."""

import time
from datetime import UTC, datetime
from typing import Final

import structlog
from django.db import connections

from jusha.config.metrics import teller as metrics
from jusha.config.processes.loop import Stop, run
from jusha.config.processes.why import Why

EVERY_SECONDS: Final = 1.0

log = structlog.get_logger("teller")


def work(stop: Stop, why: Why) -> None:
    """Tell, once a second; a disk that refuses is said, and tried again."""
    from django.db.utils import InterfaceError, OperationalError  # noqa: PLC0415 - after setup

    from jusha.web.tell import Teller  # noqa: PLC0415 - models, after setup

    teller = Teller()
    while not stop:
        began = time.monotonic()
        try:
            metrics.told(teller.tell(datetime.now(UTC)))
            why.clear()
        except OSError as error:
            if why.tell("numbers_unwritten", str(error)):
                log.error("numbers_unwritten", error=str(error))  # noqa: TRY400 - it says it all
        except (OperationalError, InterfaceError) as error:
            connections.close_all()
            if why.tell("database_away", str(error)):
                log.warning("database_away", error=str(error).strip())
        stop.wait(max(EVERY_SECONDS - (time.monotonic() - began), 0.0))
    connections.close_all()


if __name__ == "__main__":
    run("teller", "web", work, gives_way=True)
