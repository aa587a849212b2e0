"""The publisher process: the only one that reads the log's key."""

import time
from datetime import UTC, datetime
from typing import Final

import structlog
from django.conf import settings

from jusha.config.processes.loop import Stop, run
from jusha.config.processes.why import Why
from jusha.inbox.connect import connect
from jusha.merkle.errors import MerkleError
from jusha.tlog import metrics
from jusha.tlog.publish import (
    ENTRIES_MAX,
    LogForkRefusedError,
    Publisher,
    PublisherRunningError,
)
from jusha.tlog.times import note_published

EVERY_SECONDS: Final = 0.3
TAKEN_SECONDS: Final = 0.5
REFUSED_SECONDS: Final = 5.0

log = structlog.get_logger("publisher")


def work(stop: Stop, why: Why) -> None:
    """Publish what settlement commits; stand still rather than fork."""
    try:
        publisher = Publisher(
            settings.JUSHA_LOG_DIR, origin=settings.JUSHA_LOG_ORIGIN, ask_witnesses=True
        )
    except PublisherRunningError:
        if why.tell("waiting_for_the_key", "another publisher holds the log's key"):
            log.info("waiting_for_the_key")
        stop.wait(TAKEN_SECONDS)
        return
    except LogForkRefusedError as error:
        refuse(stop, why, error)
        return
    try:
        with connect(autocommit=True) as connection:
            while not stop:
                began = time.perf_counter()
                published = publisher.publish_next(connection)
                why.clear()
                if published:
                    note(publisher, seconds=time.perf_counter() - began)
                else:
                    publisher.tend_witnesses()
                if published < ENTRIES_MAX:
                    # A checkpoint costs the disk a dozen flushes however few entries it adds.
                    stop.wait(EVERY_SECONDS)
            while publisher.publish_next(connection):
                # What was settled before the stop is published before the end.
                note(publisher, seconds=0.0)
    except (LogForkRefusedError, MerkleError) as error:
        refuse(stop, why, error)
    finally:
        publisher.close()


def note(publisher: Publisher, *, seconds: float) -> None:
    """Count a checkpoint, and write down when it was published."""
    size = publisher.signed.checkpoint.size
    metrics.published(size, seconds=seconds)
    note_published(settings.JUSHA_LOG_DIR, size, datetime.now(UTC))


def refuse(stop: Stop, why: Why, error: Exception) -> None:
    """Say why nothing is signed, and look again in a while: an operator may have helped."""
    if why.tell("refusing_to_sign", str(error)):
        log.error("refusing_to_sign", why=str(error))
    stop.wait(REFUSED_SECONDS)


if __name__ == "__main__":
    run("publisher", "web", work, gives_way=True)
