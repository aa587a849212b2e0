"""Numbers that live: read at most once a second for all visitors together."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from django.core.cache import cache
from django.utils import timezone

from jusha.campaigns import queries as campaigns
from jusha.giving import queries as giving
from jusha.matching import queries as matching
from jusha.money.clock import local_day

KEEP_SECONDS: Final = 1


@dataclass(frozen=True, slots=True)
class Standing:
    """A campaign's numbers as of one moment; sums in fen."""

    raised: campaigns.Raised
    by_project: dict[int, campaigns.Raised]
    pools: list[matching.PoolState]
    at: datetime


def today() -> giving.Today:
    """Today's deeds in Shanghai, as of at most a second ago."""
    found: giving.Today | None = cache.get("web:today")
    if found is None:
        now = timezone.now()
        midnight = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
        found = giving.since(midnight, at=now)
        cache.set("web:today", found, KEEP_SECONDS)
    return found


def standing(campaign: int) -> Standing:
    """A campaign's totals and pools, as of at most a second ago."""
    key = f"web:campaign:{campaign}"
    found: Standing | None = cache.get(key)
    if found is None:
        now = timezone.now()
        by_project = campaigns.raised_in(campaign)
        found = Standing(
            sum(by_project.values(), campaigns.Raised()),
            by_project,
            matching.pools(campaign, day=local_day(int(now.timestamp())), at=now),
            now,
        )
        cache.set(key, found, KEEP_SECONDS)
    return found


def shanghai_day(now: datetime) -> str:
    """The Shanghai calendar day, as 2026-09-09."""
    return (now.astimezone(UTC) + timedelta(hours=8)).strftime("%Y-%m-%d")
