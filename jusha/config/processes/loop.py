"""What every process of Jusha does alike: stop on a signal, wait for the database, begin anew."""

import contextlib
import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final

import psycopg
import structlog

from jusha.config import logs
from jusha.config.metrics.serve import serve
from jusha.config.processes.why import Why

RETRY_SECONDS: Final = 0.3
WAY_NICENESS: Final = 10

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


def give_way() -> None:
    """Ask the kernel for less of a busy processor.

    Where it shares processors out among sessions (autogroup), a niceness counts only within
    one, so that the session's is set as well.
    """
    os.nice(WAY_NICENESS)
    with contextlib.suppress(OSError):  # no Linux, or no autogroup
        Path("/proc/self/autogroup").write_text(str(WAY_NICENESS))


def run(
    name: str, role: str, work: Callable[[Stop, Why], None], *, gives_way: bool = False
) -> None:
    """Run `work` until it is told to stop, beginning anew whenever the database goes away.

    Any other error ends the process with its reason in JUSHA_HOME/run/<name>.json; the
    supervisor starts it again. A process that `gives_way` leaves a busy processor to the
    others: its work waits in the inbox, but nobody who sent something waits for an answer.
    """
    if gives_way:
        give_way()
    os.environ["JUSHA_DB_ROLE"] = role
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "jusha.config.settings")
    stop = Stop()  # before the slow imports: a stop during them is a clean stop too
    import django  # noqa: PLC0415 - the role is chosen before the settings are read
    from django.conf import settings  # noqa: PLC0415 - as above

    django.setup()
    logs.configure(name)
    serve(name, base_port=settings.JUSHA_METRICS_PORT)
    why = Why(settings.HOME, name)
    log.info("started", pid=os.getpid())
    while not stop:
        try:
            work(stop, why)
        except (psycopg.OperationalError, psycopg.InterfaceError) as error:
            log.warning("database_away", error=str(error).strip())
            why.tell("database_away", str(error))
            stop.wait(RETRY_SECONDS)
        except Exception as error:
            log.exception("failed")
            why.tell("failed", f"{type(error).__name__}: {error}")
            raise
    why.clear()
    log.info("stopped")
