"""Tell some accounts one thing: in the app, and by letter where the kind is one of letters."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from jusha.notices.models import Message
from jusha.notices.rules import BY_MAIL


def tell(
    accounts: Iterable[UUID], *, kind: str, about: int, facts: dict[str, Any], now: datetime
) -> int:
    """Tell each account once, however often it is called; how many are new.

    `about` numbers what it is about within its kind; `facts` hold no person's data.
    Writes: jusha_message.
    """
    mail_at = now if kind in BY_MAIL else None
    new = 0
    for account in accounts:
        _, is_new = Message.objects.get_or_create(
            account=account, kind=kind, about=about, defaults={"facts": facts, "mail_at": mail_at}
        )
        new += is_new
    return new
