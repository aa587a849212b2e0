"""Kinds of messages, and what a person must have agreed to before one is sent. Pure.

`service` follows from the gift itself (PIPL article 13, performing what was agreed) and needs no
consent; `progress` and `appeal` are sent only to who said so, and a withdrawal holds at once.
"""

from enum import StrEnum
from typing import Final


class Consent(StrEnum):
    """The class of a message."""

    SERVICE = "service"
    PROGRESS = "progress-messages"
    """What became of the money; also the name of the consent in people/consents.py."""
    APPEAL = "appeal-messages"
    """Asks for more."""


RECEIVED: Final = "gift-received"
HELD: Final = "gift-held"
REFUNDED: Final = "refund-booked"
REPAID: Final = "refund-arrived"
PASSED_ON: Final = "refund-passed-on"
BROADCAST: Final = "broadcast"
ARRIVED: Final = "money-arrived"
NOTICE: Final = "platform-notice"
CERTIFICATE_ENDS: Final = "certificate-ends"
CERTIFICATE_ENDED: Final = "certificate-ended"
APPLICATION: Final = "application-ended"
REPORT_DUE: Final = "report-due"
REPORT_LATE: Final = "report-late"
PAYEE_CHANGE: Final = "payee-change"
FOLLOWED: Final = "followed-news"
PLATFORM: Final = ""
"""In a broadcast's place for the charity: the platform itself tells donors what it decided."""

KINDS: Final = {
    RECEIVED: Consent.SERVICE,
    HELD: Consent.SERVICE,
    REFUNDED: Consent.SERVICE,
    REPAID: Consent.SERVICE,
    PASSED_ON: Consent.SERVICE,
    BROADCAST: Consent.PROGRESS,
    ARRIVED: Consent.PROGRESS,
    NOTICE: Consent.SERVICE,
    CERTIFICATE_ENDS: Consent.SERVICE,
    CERTIFICATE_ENDED: Consent.SERVICE,
    APPLICATION: Consent.SERVICE,
    REPORT_DUE: Consent.SERVICE,
    REPORT_LATE: Consent.SERVICE,
    PAYEE_CHANGE: Consent.SERVICE,
    FOLLOWED: Consent.PROGRESS,
}
IN_APP: Final = frozenset({RECEIVED, FOLLOWED})
"""Told in the app alone: nobody wants a letter for each yuan, or each day."""
BY_MAIL: Final = frozenset(KINDS) - IN_APP
TEXT_MAX: Final = 500
MAIL_TRIES_MAX: Final = 6
MAIL_FIRST_SECONDS: Final = 60


def mail_after(tries: int) -> int:
    """Seconds until a letter that did not leave is tried again: 1, 2, 4, 8, 16, 32 minutes."""
    return int(MAIL_FIRST_SECONDS * 2 ** min(tries, MAIL_TRIES_MAX))


def check_text(text: str) -> str:
    """Return a broadcast's text as it is kept. Raises ValueError if it is empty or too long."""
    kept = text.strip()
    if not 0 < len(kept) <= TEXT_MAX:
        raise ValueError(f"{len(kept)} characters")
    return kept
