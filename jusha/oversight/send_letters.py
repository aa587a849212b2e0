"""Send the letters to reporters that are due; what does not leave is tried again."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

import structlog

from jusha.notices.carriers import Carrier, Words
from jusha.notices.rules import MAIL_TRIES_MAX, mail_after
from jusha.oversight.models import ComplaintLetter
from jusha.oversight.words import is_mail, read_contact, read_words

AT_ONCE_MAX: Final = 50

log = structlog.get_logger("jobs")


def send_letters(carrier: Carrier, *, words_of: Callable[[int, str], Words], now: datetime) -> int:
    """Send at most AT_ONCE_MAX letters; how many left.

    `words_of` is given the complaint's number and what was said. A letter whose contact or words
    were erased is given up. A crash between sending and noting it sends the same letter, with
    the same id, once more. Reads, writes: jusha_complaintletter.
    """
    sent = 0
    due = ComplaintLetter.objects.filter(mail_at__lte=now).order_by("mail_at")[:AT_ONCE_MAX]
    for letter in due:
        contact = read_contact(letter.complaint)
        said = read_words(letter.complaint).get(letter.step, "")
        if not is_mail(contact) or not said:
            letter.delete()
            continue
        try:
            told = words_of(letter.complaint, said)
            carrier.carry(contact, told, key=f"complaint-{letter.step}")
        except OSError as error:
            log.warning("letter_not_sent", kind="complaint", error=type(error).__name__)
            _later(letter, now)
        else:
            letter.delete()
            sent += 1
    return sent


def _later(letter: ComplaintLetter, now: datetime) -> None:
    letter.mail_tries += 1
    if letter.mail_tries > MAIL_TRIES_MAX:
        letter.delete()
        return
    letter.mail_at = now + timedelta(seconds=mail_after(letter.mail_tries))
    letter.save(update_fields=["mail_tries", "mail_at"])
