"""The hooks process: tells webhooks what was published. It alone calls addresses of partners.

It has its own connection and nobody waits for it; it may stand still for days and loses nothing.
One of its kind works at a time; a second one waits.
"""

import time
from datetime import UTC, datetime
from typing import Final

import structlog
from django.db import InterfaceError, OperationalError, connections

from jusha.config.metrics import hooks as metrics
from jusha.config.processes.loop import Stop, run
from jusha.config.processes.why import Why
from jusha.inbox.connect import connect

WAIT_SECONDS: Final = 1.0
FLYING_SECONDS: Final = 0.02
SWEEP_SECONDS: Final = 3_600.0
LOCK_SQL: Final = "SELECT pg_try_advisory_lock(hashtext('jusha hooks'))"

log = structlog.get_logger("hooks")


def work(stop: Stop, why: Why) -> None:
    """Tell and send until stopped; without a database, wait for it."""
    with connect(autocommit=True) as lock:
        if not lock.execute(LOCK_SQL).fetchone()[0]:  # type: ignore[index] # one row
            why.tell("another_works", "another hooks process holds the lock")
            stop.wait(WAIT_SECONDS)
            return
        try:
            _serve(stop, why)
        except (OperationalError, InterfaceError) as error:
            log.warning("database_away", error=str(error).strip())
            why.tell("database_away", str(error))
            stop.wait(WAIT_SECONDS)
        finally:
            connections.close_all()


def _serve(stop: Stop, why: Why) -> None:
    from jusha.api.idempotency import sweep  # noqa: PLC0415 - models, after setup
    from jusha.api.tell import Hooks  # noqa: PLC0415 - as above

    hooks, swept_at = Hooks(), -SWEEP_SECONDS
    try:
        while not stop:
            done = hooks.round(datetime.now(UTC))
            metrics.round_done(done, flying=len(hooks.flights))
            if time.monotonic() - swept_at > SWEEP_SECONDS:
                log.info("answers_swept", count=sweep(datetime.now(UTC)))
                swept_at = time.monotonic()
            why.clear()
            stop.wait(FLYING_SECONDS if done or len(hooks.flights) else WAIT_SECONDS)
    finally:
        hooks.flights.finish()


if __name__ == "__main__":
    run("hooks", "web", work, gives_way=True)
