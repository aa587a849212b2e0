"""The teller process: writes the numbers that live, each second, as files that pages poll.

Beside them it says what is let go under load (governor.py).
"""

import threading
import time
from datetime import UTC, datetime
from typing import Final

import structlog
from django.db import connections

from jusha.config.metrics import teller as metrics
from jusha.config.processes.loop import Stop, run
from jusha.config.processes.why import Why
from jusha.inbox.connect import conninfo

EVERY_SECONDS: Final = 1.0
GOVERNOR: Final = "governor"
EVERYWHERE: Final = "0.0.0.0"  # noqa: S104 - compared with, to ask this machine instead

log = structlog.get_logger("teller")


def work(stop: Stop, why: Why) -> None:
    """Tell, once a second; a disk that refuses is said, and tried again."""
    from django.db.utils import InterfaceError, OperationalError  # noqa: PLC0415 - after setup

    from jusha.web.tell import Teller  # noqa: PLC0415 - models, after setup

    teller = Teller()
    while not stop:
        began = time.monotonic()
        _govern(stop)
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


def _govern(stop: Stop) -> None:
    """Measure load and say what is let go, in a thread of its own; nothing while it lives."""
    from django.conf import settings  # noqa: PLC0415 - after setup

    from jusha.config.governor import Governor, Measures, govern  # noqa: PLC0415 - after setup

    if any(thread.name == GOVERNOR for thread in threading.enumerate()):
        return  # it outlived the loss of the database after which this work begins anew
    host = "127.0.0.1" if settings.JUSHA_HOST == EVERYWHERE else settings.JUSHA_HOST
    measures = Measures(
        conninfo,
        door=f"http://{host}:{settings.JUSHA_DOOR_PORT}/door/v1/health",
        web=f"http://{host}:{settings.JUSHA_WEB_PORT}/live/today.json",
    )
    governor = Governor(settings.JUSHA_SHED)
    keep = (lambda: bool(stop), governor, measures)
    threading.Thread(target=govern, args=keep, name=GOVERNOR, daemon=True).start()


if __name__ == "__main__":
    run("teller", "web", work, gives_way=True)
