"""The payments process: alone holds the merchants' keys; signs orders, asks the rails, refunds.

It serves no port. It begins when JUSHA_HOME/rails.toml names a rail, and reads the keys anew when
their files change. One of its kind works at a time; a second one waits.
"""

import time
from typing import Any, Final

import psycopg
import structlog

from jusha.config.metrics import payments as metrics
from jusha.config.modes import require_rails
from jusha.config.processes.loop import Stop, run
from jusha.config.processes.why import Why
from jusha.inbox.connect import connect
from jusha.payments.wake import LISTEN_SQL

LOOK_SECONDS: Final = 1.0
WAIT_SECONDS: Final = 0.2
FLYING_SECONDS: Final = 0.01
LOCK_SQL: Final = "SELECT pg_try_advisory_lock(hashtext('jusha payments'))"

log = structlog.get_logger("payments")


def work(stop: Stop, why: Why) -> None:
    """Work as long as the rails' files stay the same; then begin anew."""
    from django.conf import settings  # noqa: PLC0415 - after setup

    from jusha.payments.rails import config  # noqa: PLC0415 - as above

    if not settings.JUSHA_SIMULATOR:
        require_rails(settings.JUSHA_MODE)
    stamp = config.stamp(settings.HOME)
    try:
        rails = config.clients(settings.HOME, is_sandbox=settings.JUSHA_SIMULATOR)
    except config.RailsUnreadableError as error:
        if why.tell("rails_unreadable", str(error)):
            log.error("rails_unreadable", error=str(error))  # noqa: TRY400 - it says it all
        stop.wait(LOOK_SECONDS)
        return
    if not rails:
        why.tell("no_rails", "rails.toml names none")
        stop.wait(LOOK_SECONDS)
        return
    with connect(autocommit=True) as connection:
        if not connection.execute(LOCK_SQL).fetchone()[0]:  # type: ignore[index] # one row
            why.tell("another_works", "another payments process holds the lock")
            stop.wait(LOOK_SECONDS)
            return
        why.clear()
        log.info("rails_open", rails=sorted(rails))
        connection.execute(LISTEN_SQL)
        _serve(stop, connection, rails, lambda: config.stamp(settings.HOME) != stamp)


def _serve(stop: Stop, connection: psycopg.Connection[Any], rails: Any, changed: Any) -> None:
    from django.conf import settings  # noqa: PLC0415 - after setup

    from jusha.giving.rail_bills_fetch import RailBills, own_connection  # noqa: PLC0415 - as above
    from jusha.giving.send_refunds import Refunds  # noqa: PLC0415 - as above
    from jusha.payments.attempt import Attempts, Keys  # noqa: PLC0415 - as above
    from jusha.people.vault import load  # noqa: PLC0415 - as above

    home = settings.HOME
    merchants = load(home, "merchants")
    keys = Keys(deed=load(home, "dedupe"), person=load(home, "person"), merchants=merchants)
    attempts, refunds = Attempts(rails, keys), Refunds(rails, merchants_key=merchants)
    bills = RailBills(rails, keys, connect=own_connection, folder=home / "bills")
    looked_at = time.monotonic()
    try:
        while not stop:
            moved = attempts.round(connection) + refunds.round(connection)
            bills.round(connection)  # a bill takes its time: nobody waits for it
            flying = len(attempts.flights) + len(refunds.flights)
            metrics.moved(moved, flying=flying)
            if time.monotonic() - looked_at > LOOK_SECONDS:
                looked_at = time.monotonic()
                if changed():
                    log.info("rails_changed")
                    return
            if flying:
                time.sleep(FLYING_SECONDS)
            elif not moved:
                _wait(connection)
    finally:
        attempts.flights.finish()
        refunds.flights.finish()
        bills.flights.finish()


def _wait(connection: psycopg.Connection[Any]) -> None:
    """Sleep until somebody asks, or something may be due."""
    for _ in connection.notifies(timeout=WAIT_SECONDS, stop_after=1):
        pass


if __name__ == "__main__":
    run("payments", "web", work)
