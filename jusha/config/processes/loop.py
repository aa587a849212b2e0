"""What every process of Jusha does alike: stop on a signal, wait for the database, begin anew."""

import os
import signal
import threading
from collections.abc import Callable
from typing import Final

import psycopg
import structlog

from jusha.config import logs

RETRY_SECONDS: Final = 0.3

log = structlog.get_logger("process")


class Stop:
    """Set by SIGTERM or SIGINT; work is left at the next safe place."""

    def __init__(self) -> None:
        self._event = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._event.set())

    def __bool__(self) -> bool:
        return self._event.is_set()

    def wait(self, seconds: float) -> bool:
        """Sleep, but not beyond a signal; say whether to stop."""
        return self._event.wait(seconds)


def run(name: str, role: str, work: Callable[[Stop], None]) -> None:
    """Run `work` until it is told to stop, beginning anew whenever the database goes away."""
    os.environ["JUSHA_DB_ROLE"] = role
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "jusha.config.settings")
    import django  # noqa: PLC0415 - the role is chosen before the settings are read

    django.setup()
    logs.configure(name)
    stop = Stop()
    log.info("started", pid=os.getpid())
    while not stop:
        try:
            work(stop)
        except (psycopg.OperationalError, psycopg.InterfaceError) as error:
            log.warning("database_away", error=str(error).strip())
            stop.wait(RETRY_SECONDS)
    log.info("stopped")
