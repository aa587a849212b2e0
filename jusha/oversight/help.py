"""A person in need is led on to a charity that may help: sealed, to that charity alone.

Asking for help for oneself is no public fundraising (Charity Law 124 gives it to platforms of their
own), so nothing of it is ever shown: no page, list, search or feed. Words and contact are forgotten
as soon as somebody of the charity has taken them, or when KEEP_DAYS are over.
"""

from datetime import date, datetime, timedelta
from typing import Final, NamedTuple
from uuid import UUID

import msgspec
import structlog
from django.conf import settings
from django.db import transaction

from jusha.charities.models import Charity
from jusha.charities.queries import qualified
from jusha.oversight.models import HelpReferral
from jusha.oversight.rules import ComplaintRefusedError, check_words
from jusha.oversight.words import read_contact_text
from jusha.people.vault import load, seal, unseal

SECRET: Final = "help"  # noqa: S105 - the name of a file
KEEP_DAYS: Final = 30
LISTED_MAX: Final = 100

log = structlog.get_logger("oversight")


class Asked(NamedTuple):
    """What a person in need wrote."""

    number: int
    at: datetime
    words: str
    contact: str


def helpers(day: date) -> list[Charity]:
    """Charities whom somebody may be led to: those that may raise money on a day, by code."""
    return list(Charity.objects.filter(code__in=qualified(day)).order_by("code"))


def refer(*, charity: str, words: str, contact: str, day: date) -> None:
    """Lead a person on. Raises ComplaintRefusedError: no-charity, no-words, bad-contact.

    Writes: jusha_helpreferral.
    """
    if not any(each.code == charity for each in helpers(day)):
        raise ComplaintRefusedError("no-charity")
    said, reached = check_words(words), read_contact_text(contact)
    if not reached:
        raise ComplaintRefusedError("bad-contact")
    with transaction.atomic():
        made = HelpReferral.objects.create(charity=charity)
        plain = msgspec.msgpack.encode((said, reached))
        made.sealed = seal(load(settings.HOME, SECRET), plain, _about(made.pk))
        made.save(update_fields=["sealed"])
    log.info("help_referred", charity=charity)


def waiting(charities: tuple[str, ...]) -> list[Asked]:
    """The first LISTED_MAX that wait to be taken up by charities, oldest first.

    Reads: jusha_helpreferral.
    """
    found = HelpReferral.objects.filter(charity__in=charities, sealed__isnull=False)
    return [_opened(each) for each in found.order_by("id")[:LISTED_MAX]]


def count_waiting(charities: tuple[str, ...]) -> int:
    """How many wait to be taken up by charities; nothing is opened. Reads: jusha_helpreferral."""
    return HelpReferral.objects.filter(charity__in=charities, sealed__isnull=False).count()


def take(number: int, *, charities: tuple[str, ...], by: UUID, now: datetime) -> None:
    """Note that a charity's member took a referral up; what was written is forgotten.

    Of another charity's nothing changes. Writes: jusha_helpreferral.
    """
    found = HelpReferral.objects.filter(pk=number, charity__in=charities, taken_by=None)
    found.update(sealed=None, taken_by=by, taken_at=now)


def forget_old(now: datetime) -> int:
    """Forget what nobody took in KEEP_DAYS; how many. Writes: jusha_helpreferral."""
    old = HelpReferral.objects.filter(at__lt=now - timedelta(days=KEEP_DAYS), sealed__isnull=False)
    return old.update(sealed=None)


def _opened(found: HelpReferral) -> Asked:
    plain = unseal(load(settings.HOME, SECRET), bytes(found.sealed or b""), _about(found.pk))
    words, contact = msgspec.msgpack.decode(plain, type=tuple[str, str])
    return Asked(found.pk, found.at, words, contact)


def _about(number: int) -> bytes:
    return f"help {number}".encode()
