"""The publisher process: the only one that reads the log's key."""

from typing import Final

import structlog
from django.conf import settings

from jusha.config.processes.loop import Stop, run
from jusha.config.processes.why import Why
from jusha.inbox.connect import connect
from jusha.merkle.errors import MerkleError
from jusha.tlog.publish import LogForkRefusedError, Publisher, PublisherRunningError

EVERY_SECONDS: Final = 0.3
TAKEN_SECONDS: Final = 0.5
REFUSED_SECONDS: Final = 5.0

log = structlog.get_logger("publisher")


def work(stop: Stop, why: Why) -> None:
    """Publish what settlement commits; stand still rather than fork."""
    try:
        publisher = Publisher(settings.JUSHA_LOG_DIR, origin=settings.JUSHA_LOG_ORIGIN)
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
                published = publisher.publish_next(connection)
                why.clear()
                if published == 0:
                    stop.wait(EVERY_SECONDS)
    except (LogForkRefusedError, MerkleError) as error:
        refuse(stop, why, error)
    finally:
        publisher.close()


def refuse(stop: Stop, why: Why, error: Exception) -> None:
    """Say why nothing is signed, and look again in a while: an operator may have helped."""
    if why.tell("refusing_to_sign", str(error)):
        log.error("refusing_to_sign", why=str(error))
    stop.wait(REFUSED_SECONDS)


if __name__ == "__main__":
    run("publisher", "web", work)
