"""The publisher process: the only one that reads the log's key."""

from typing import Final

import structlog
from django.conf import settings

from jusha.config.processes.loop import Stop, run
from jusha.inbox.connect import connect
from jusha.tlog.publish import LogForkRefusedError, Publisher, PublisherRunningError

EVERY_SECONDS: Final = 0.3
REFUSED_SECONDS: Final = 5.0

log = structlog.get_logger("publisher")


def work(stop: Stop) -> None:
    """Publish what settlement commits; stand still rather than fork."""
    try:
        publisher = Publisher(settings.JUSHA_LOG_DIR, origin=settings.JUSHA_LOG_ORIGIN)
    except PublisherRunningError:
        log.info("waiting_for_the_key")
        stop.wait(REFUSED_SECONDS)
        return
    except LogForkRefusedError as error:
        log.error("refusing_to_sign", why=str(error))
        stop.wait(REFUSED_SECONDS)
        return
    try:
        with connect(autocommit=True) as connection:
            while not stop:
                published = publisher.publish_next(connection)
                if published == 0:
                    stop.wait(EVERY_SECONDS)
    except LogForkRefusedError as error:
        log.error("refusing_to_sign", why=str(error))
        stop.wait(REFUSED_SECONDS)
    finally:
        publisher.close()


if __name__ == "__main__":
    run("publisher", "web", work)
