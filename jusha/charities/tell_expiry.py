"""Tell a charity's people before their certificate ends, and on its last day."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final

import structlog
from django.utils.timezone import localdate

from jusha.charities.models import Certificate
from jusha.charities.queries import members
from jusha.notices.rules import CERTIFICATE_ENDS
from jusha.notices.tell import tell

LATE_DAYS: Final = 7
"""How long after its last day a letter still leaves, if nothing ran meanwhile."""
ABOUT: Final = 10_000

log = structlog.get_logger("charities")


def tell_expiry(now: datetime, days: Collection[int]) -> int:
    """One letter to each member for each of `days` before the end; how many are new.

    A day on which nothing ran is made up for: the nearest day that was reached counts. Who holds a
    certificate that lasts longer is told nothing. Safe to repeat.
    Reads: jusha_certificate, jusha_member. Writes: jusha_message.
    """
    today, told = localdate(now), 0
    ends = today - timedelta(days=LATE_DAYS), today + timedelta(days=max(days, default=0))
    for each in Certificate.objects.filter(valid_until__range=ends).order_by("id"):
        newer = Certificate.objects.filter(charity=each.charity, id__gt=each.pk)
        left = (each.valid_until - today).days
        reached = [day for day in days if left <= day]
        if newer.exists() or not reached:
            continue
        facts = {"charity": each.charity, "until": each.valid_until.isoformat(), "days": left}
        told += tell(
            [member.account_id for member in members(each.charity)],
            kind=CERTIFICATE_ENDS,
            about=each.pk * ABOUT + min(reached),
            facts=facts,
            now=now,
        )
    if told:
        log.info("certificate_ends_told", count=told)
    return told
