"""Once a day followers hear what those whom they follow published: one message, in the app."""

from datetime import datetime, time, timedelta
from typing import Any, Final
from uuid import UUID

import structlog
from django.utils.timezone import localdate, localtime, make_aware

from jusha.notices.rules import FOLLOWED, Consent
from jusha.notices.tell import tell
from jusha.people.consents import consenting
from jusha.stories.models import Follow
from jusha.stories.queries import news

HOUR: Final = 18
"""At six in the evening, Shanghai time: what came out from then to then is one day's."""
MOST: Final = 200
"""News that one digest is made of; who publishes more in a day is counted up to here."""

log = structlog.get_logger("stories")


def tell_digests(now: datetime) -> int:
    """Tell who follows, and agreed to hear of progress, what came out; how many were told.

    Of a day it is told once, however often this is called; before HOUR the day before is made up
    for. Who published nothing is not spoken of, and who follows only those hears nothing.
    Reads: jusha_follow, jusha_consent, what queries.news reads. Writes: jusha_message.
    """
    day = localdate(now) - timedelta(days=0 if localtime(now).hour >= HOUR else 1)
    until = make_aware(datetime.combine(day, time(HOUR)))
    since = until - timedelta(days=1)
    new = dict[str, list[str]]()
    codes = set(Follow.objects.values_list("charity", flat=True).distinct())
    for each in news(codes, most=MOST, since=since):
        if each.at <= until:
            new.setdefault(each.charity, []).append(each.title)
    if not new:
        return 0
    told = 0
    for account, followed in _followers(set(new)).items():
        facts: dict[str, Any] = {
            "day": day.isoformat(),
            "news": [[code, len(new[code]), new[code][0]] for code in sorted(followed)],
        }
        told += tell([account], kind=FOLLOWED, about=day.toordinal(), facts=facts, now=now)
    if told:
        log.info("followers_told", day=day.isoformat(), count=told)
    return told


def _followers(codes: set[str]) -> dict[UUID, list[str]]:
    """Which of the charities each follower follows that agreed to hear of progress."""
    found: dict[UUID, list[str]] = {}
    agreed = consenting(Consent.PROGRESS)
    rows = Follow.objects.filter(charity__in=codes, account__in=agreed)
    for account, charity in rows.values_list("account", "charity"):
        found.setdefault(account, []).append(charity)
    return found
