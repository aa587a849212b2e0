"""Numbers that live: as the teller wrote them, or as the database has them where it did not.

The teller (jusha/web/tell.py) writes files each second that pages poll; a first view takes the same
file while it is fresh. Where it is not, the numbers are read here, at most once a second for all
visitors together, and laid against what was told last, so that they do not go back in silence.
"""

import json
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from django.core.cache import cache
from django.utils import timezone

from jusha.campaigns import queries as campaigns
from jusha.giving import queries as giving
from jusha.matching import queries as matching
from jusha.money.clock import day_text, local_day
from jusha.web import live_files
from jusha.web.held import held
from jusha.web.numbers import Correction, Told, follow

KEEP_SECONDS: Final = 1
FRESH: Final = timedelta(seconds=5)
"""A file older than this is the database's to replace in a first view."""
TODAY: Final = "today"


@dataclass(frozen=True, slots=True)
class Today:
    """A Shanghai day so far: deeds given, yuan in fen, and what of yuan went back today."""

    deeds: int
    given: int
    refunds: int
    refunded: int
    at: datetime
    correction: Correction | None = None

    @property
    def numbers(self) -> str:
        """What the page's script compares, as JSON."""
        return json.dumps({"deeds": self.deeds, "given": self.given})


@dataclass(frozen=True, slots=True)
class Standing:
    """A campaign's numbers as of one moment; sums in fen."""

    raised: campaigns.Raised
    by_project: dict[int, campaigns.Raised]
    pools: list[matching.PoolState]
    at: datetime
    correction: Correction | None = None

    @property
    def numbers(self) -> str:
        """What the page's script compares, as JSON."""
        raised = self.raised
        return json.dumps({"gifts": raised.gifts, "given": raised.given, "matched": raised.matched})


@held
def today() -> Today:
    """Today's deeds in Shanghai: told at most FRESH ago, or read at most a second ago."""
    now = timezone.now()
    told = live_files.read(TODAY)
    if told is None or told.name != shanghai_day(now) or now - told.at > FRESH:
        told = follow(told, read_today(now))
    return as_today(told)


def read_today(now: datetime) -> Told:
    """Today's numbers from the database, in three queries."""
    begins = giving.day_begins(midnight(now))
    sums = giving.tally(midnight(now), after=begins)
    refunds, refunded = giving.refunded_after(begins)
    return told_today(now, sums, refunds, refunded)


def told_today(now: datetime, sums: giving.Tally, refunds: int, refunded: int) -> Told:
    """Today's numbers under their names."""
    numbers = {
        "deeds": sums.deeds, "donated": sums.given, "refunds": refunds, "refunded": refunded,
    }  # fmt: skip
    return Told(shanghai_day(now), now, numbers)


def as_today(told: Told) -> Today:
    """Today's numbers as pages name them."""
    n = told.numbers
    return Today(n["deeds"], n["donated"], n["refunds"], n["refunded"], told.at, told.correction)


def standing(campaign: int, code: str = "") -> Standing:
    """A campaign's totals and pools, as of at most a second ago.

    By its `code` they are laid against what was told of it last.
    """
    key = f"web:campaign:{campaign}"
    found: Standing | None = cache.get(key)
    if found is None:
        now = timezone.now()
        by_project = campaigns.raised_in(campaign)
        day = local_day(int(now.timestamp()))
        found = standing_of(by_project, matching.pools(campaign, day=day, at=now), now)
        before = live_files.read(live_files.campaign_name(code)) if code else None
        told = follow(before, told_standing(code, found))
        found = replace(found, at=told.at, correction=told.correction)
        cache.set(key, found, KEEP_SECONDS)
    return found


def standing_of(
    by_project: dict[int, campaigns.Raised], pools: list[matching.PoolState], now: datetime
) -> Standing:
    """Put a campaign's numbers together."""
    return Standing(sum(by_project.values(), campaigns.Raised()), by_project, pools, now)


def told_standing(code: str, found: Standing) -> Told:
    """A campaign's totals under their names: gross, and what went back beside them."""
    raised = found.raised
    return Told(
        code,
        found.at,
        {
            "gifts": raised.gifts,
            "donated": raised.given + raised.refunded,
            "refunded": raised.refunded,
            "matched": raised.matched + raised.returned,
            "returned": raised.returned,
        },
    )


def midnight(now: datetime) -> datetime:
    """When the Shanghai day of a moment began."""
    return timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)


def shanghai_day(now: datetime) -> str:
    """The Shanghai calendar day, as 2026-09-09."""
    return day_text(local_day(int(now.timestamp())))
