"""Messages and letters, in a thread beside the jobs: a slow mail server delays no seal."""

import threading
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

import structlog
from django.db import InterfaceError, OperationalError, connections

from jusha.config.processes.loop import Stop

EVERY_SECONDS: Final = 3.0

log = structlog.get_logger("jobs")


def begin(stop: Stop) -> threading.Thread:
    """Start the thread; it ends with the process, or soon after `stop`."""
    thread = threading.Thread(target=_run, args=(stop,), name="letters", daemon=True)
    thread.start()
    return thread


def _run(stop: Stop) -> None:
    while not stop:
        try:
            one_round(datetime.now(UTC))
        except (OperationalError, InterfaceError) as error:
            log.warning("letters_wait", error=str(error).strip())
        except Exception:  # nobody waits for a message; the next round tries again
            log.exception("letters_failed")
        finally:
            connections.close_all()
        stop.wait(EVERY_SECONDS)


def one_round(now: datetime) -> int:
    """Tell what was settled, send what was written and is due; how many letters left."""
    from django.conf import settings  # noqa: PLC0415 - models, after setup

    from jusha.giving.tell_donors import (  # noqa: PLC0415 - as above
        send_broadcasts,
        tell_arrived,
        tell_donors,
    )
    from jusha.inbox.connect import django_connection  # noqa: PLC0415 - as above
    from jusha.notices.carriers import Letters  # noqa: PLC0415 - as above
    from jusha.notices.send import send_due  # noqa: PLC0415 - as above
    from jusha.oversight.send_letters import send_letters  # noqa: PLC0415 - as above
    from jusha.people.accounts import address_of  # noqa: PLC0415 - as above
    from jusha.people.consents import consenting, has_consent  # noqa: PLC0415 - as above
    from jusha.people.models import UserAccount  # noqa: PLC0415 - as above
    from jusha.web.complaint_words import letter as complaint_letter  # noqa: PLC0415 - as above
    from jusha.web.notice_words import letter  # noqa: PLC0415 - as above

    connection = django_connection()
    tell_donors(connection)
    willing = list(consenting("progress-messages"))
    tell_arrived(connection, willing)
    send_broadcasts(connection, willing)
    if not settings.MAIL.leaves:
        return 0

    def address(account: UUID) -> str:
        found = UserAccount.objects.filter(pk=account).first()
        return address_of(found) if found else ""

    carrier = Letters(settings.JUSHA_SITE.partition("://")[2].partition(":")[0])
    return send_letters(carrier, words_of=complaint_letter, now=now) + send_due(
        carrier,
        address_of=address,
        may_send=has_consent,
        words_of=letter,
        now=now,
    )
