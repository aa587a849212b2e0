"""Send the letters that are due, one after another; what does not leave is tried again."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import structlog

from jusha.notices.carriers import Carrier, Words
from jusha.notices.models import Message
from jusha.notices.rules import KINDS, MAIL_TRIES_MAX, Consent, mail_after

AT_ONCE_MAX: Final = 50

log = structlog.get_logger("jobs")


def send_due(
    carrier: Carrier,
    *,
    address_of: Callable[[UUID], str],
    may_send: Callable[[UUID, Consent], bool],
    words_of: Callable[[Message], Words],
    now: datetime,
) -> int:
    """Send at most AT_ONCE_MAX letters; how many left.

    Asked again before each: who withdrew meanwhile, or was erased ("" as address), gets none.
    A crash between sending and noting it sends the same letter, with the same id, once more.
    Writes: jusha_message.
    """
    sent = 0
    for message in Message.objects.filter(mail_at__lte=now).order_by("mail_at")[:AT_ONCE_MAX]:
        consent, address = KINDS[message.kind], address_of(message.account)
        message.mail_at = None
        if address and (consent is Consent.SERVICE or may_send(message.account, consent)):
            try:
                carrier.carry(address, words_of(message), key=f"notice-{message.pk}")
            except OSError as error:
                log.warning("letter_not_sent", kind=message.kind, error=type(error).__name__)
                message.mail_tries += 1
                if message.mail_tries <= MAIL_TRIES_MAX:
                    message.mail_at = now + timedelta(seconds=mail_after(message.mail_tries))
            else:
                message.mailed_at = now
                sent += 1
        message.save(update_fields=["mail_at", "mail_tries", "mailed_at"])
    return sent
