"""One address a process: http://127.0.0.1:<JUSHA_METRICS_PORT + place>/metrics.

It never leaves this machine, because figures of money are the operator's. A process whose port is
taken works on without figures and tries again: a restarted worker may meet the one before it.
"""

import threading
import time
from typing import Final

import structlog
from prometheus_client import (
    REGISTRY,
    CollectorRegistry,
    disable_created_metrics,
    start_http_server,
)

HOST: Final = "127.0.0.1"
PLACES: Final = (
    "supervisor",
    "door",
    "web",
    "jobs",
    "settlement",
    "publisher",
    "teller",
    "payments",
    "hooks",
    "board",
)
"""A process's place is added to the base port."""
TRY_AGAIN_SECONDS: Final = 2.0

log = structlog.get_logger("metrics")
# When a counter began says nothing that its fall to 0 does not.
disable_created_metrics()  # type: ignore[no-untyped-call] # the package's own omission


def port_of(process: str, *, base_port: int) -> int:
    """The port of one process; 0 where `base_port` is 0, which serves nothing."""
    return base_port + PLACES.index(process) if base_port else 0


def serve(process: str, *, base_port: int, registry: CollectorRegistry = REGISTRY) -> None:
    """Serve the process's figures from a thread of its own, which costs nothing between questions.

    Returns at once; a port that is taken is told to the log, and tried until it is free.
    """
    if port := port_of(process, base_port=base_port):
        threading.Thread(target=_begin, args=(port, registry), name="metrics", daemon=True).start()


def _begin(port: int, registry: CollectorRegistry) -> None:
    told = False
    while True:
        try:
            start_http_server(port, addr=HOST, registry=registry)
        except OSError as error:
            if not told:
                log.warning("metrics_port_taken", port=port, error=str(error))
            told = True
            time.sleep(TRY_AGAIN_SECONDS)
        else:
            return
