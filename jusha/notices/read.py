"""Note that an account has looked at its messages."""

from datetime import datetime
from uuid import UUID

from jusha.notices.models import Message


def mark_read(account: UUID, *, upto: int, now: datetime) -> int:
    """Mark messages up to an id as read; how many were new. Writes: jusha_message."""
    new = Message.objects.filter(account=account, id__lte=upto, read_at=None)
    return new.update(read_at=now)
