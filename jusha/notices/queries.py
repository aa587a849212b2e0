"""Reading messages for pages."""

from typing import Final
from uuid import UUID

from jusha.notices.models import Broadcast, Message

PAGE: Final = 50


def unread(account: UUID) -> int:
    """How many messages an account has not looked at. Reads: jusha_message."""
    return Message.objects.filter(account=account, read_at=None).count()


def newest(account: UUID) -> list[Message]:
    """The newest PAGE messages of an account. Reads: jusha_message."""
    return list(Message.objects.filter(account=account).order_by("-id")[:PAGE])


def broadcasts(charities: list[str]) -> list[Broadcast]:
    """The newest PAGE broadcasts of charities. Reads: jusha_broadcast."""
    return list(Broadcast.objects.filter(charity__in=charities).order_by("-id")[:PAGE])


def broadcasts_waiting(charities: list[str], account: str) -> int:
    """How many broadcasts wait for a second person other than `account`."""
    found = Broadcast.objects.filter(charity__in=charities, confirmed_at=None)
    return found.exclude(by=account).count()
