"""A broadcast to a project's donors: one person writes it, another of the charity sends it."""

from datetime import datetime

from jusha.notices.models import Broadcast
from jusha.notices.rules import check_text


class NotBroadcastError(Exception):
    """It cannot be sent: by the same person, twice, or it is gone. The text is a short code."""


def propose(*, charity: str, project: str, text: str, by: str) -> Broadcast:
    """Keep a broadcast until a second person sends it. Raises ValueError for its text.

    Writes: jusha_broadcast.
    """
    return Broadcast.objects.create(charity=charity, project=project, text=check_text(text), by=by)


def confirm(number: int, *, charities: tuple[str, ...], second: str, now: datetime) -> None:
    """Let a broadcast go out. Raises NotBroadcastError. Writes: jusha_broadcast."""
    waiting = Broadcast.objects.filter(pk=number, charity__in=charities, confirmed_at=None)
    if waiting.filter(by=second).exists():
        raise NotBroadcastError("same-person")
    if not waiting.update(second=second, confirmed_at=now):
        raise NotBroadcastError("not-waiting")


def withdraw(number: int, *, charities: tuple[str, ...]) -> None:
    """Take back what nobody confirmed yet. Raises NotBroadcastError. Writes: jusha_broadcast."""
    waiting = Broadcast.objects.filter(pk=number, charity__in=charities, confirmed_at=None)
    if not waiting.delete()[0]:
        raise NotBroadcastError("not-waiting")
