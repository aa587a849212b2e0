"""The teller of live numbers: each second what settlement has done, as files that pages poll.

What was counted up to a number is counted for good (one writer settles in the order of numbers),
so a second costs one question when nothing happened and a fixed number of questions when something
did, however many gifts and campaigns there are. The files are its only memory: a teller that was
killed goes on from them, and never tells less without saying so.
"""

from dataclasses import replace
from datetime import datetime
from typing import Any, Final

import structlog
from django.conf import settings
from django.template.loader import render_to_string
from django.utils import translation

from jusha.campaigns import queries as campaigns
from jusha.giving import queries as giving
from jusha.matching import queries as matching
from jusha.money.clock import local_day
from jusha.tlog import queries as tlog
from jusha.web import live_files
from jusha.web.live import (
    TODAY,
    Standing,
    as_today,
    midnight,
    shanghai_day,
    standing_of,
    told_standing,
    told_today,
)
from jusha.web.numbers import Told, follow

AFTER_DAYS: Final = 30
"""So long after its end a campaign is told: late messages, releases, refunds."""

log = structlog.get_logger("teller")


class Teller:
    """Writes the files of JUSHA_HOME/live; one process at a time."""

    def __init__(self) -> None:
        live_files.sweep("", "c", "t")
        self._day = ""
        self._before_day = self._size = -1
        self._sums = giving.Tally(0, 0, -1)
        self._refunds = (0, 0)
        self._minute: datetime | None = None
        self._campaigns: dict[int, str] = {}
        self._standings: dict[int, Standing] = {}
        self._last: dict[str, Told | None] = {}

    def tell(self, now: datetime) -> int:
        """Write what is so now; return how many things were told. Raises OSError.

        One query if nothing was settled in this minute since the last call; at most eleven.
        """
        size = tlog.size()
        minute = now.replace(second=0, microsecond=0)
        if size != self._size or minute != self._minute:
            self._look(now, size)
            self._size, self._minute = size, minute
        self._write_today(now)
        for campaign, code in self._campaigns.items():
            self._write_campaign(code, self._standings[campaign], now)
        return 1 + len(self._campaigns)

    def _look(self, now: datetime, size: int) -> None:
        """Read what changed."""
        day = shanghai_day(now)
        if day != self._day or size < self._size:  # the next day, or an older database
            self._before_day = giving.day_begins(midnight(now))
            self._sums = giving.Tally(0, 0, self._before_day)
            self._day = day
        more = giving.tally(midnight(now), after=self._sums.last)
        self._sums = giving.Tally(
            self._sums.deeds + more.deeds, self._sums.given + more.given, more.last
        )
        self._refunds = giving.refunded_after(self._before_day)
        self._campaigns = campaigns.told_at(now, after_days=AFTER_DAYS)
        sums = campaigns.raised_in_all(self._campaigns)
        pools = matching.pools_of(
            list(self._campaigns), day=local_day(int(now.timestamp())), at=now
        )
        self._standings = {each: standing_of(sums[each], pools[each], now) for each in sums}

    def _write_today(self, now: datetime) -> None:
        told = self._follow(TODAY, told_today(now, self._sums, *self._refunds))
        self._write(TODAY, told, "web/parts/live_today.html", {"today": as_today(told)})

    def _write_campaign(self, code: str, found: Standing, now: datetime) -> None:
        name = live_files.campaign_name(code)
        told = self._follow(name, told_standing(code, replace(found, at=now)))
        shown = replace(found, at=told.at, correction=told.correction)
        self._write(name, told, "web/parts/live_standing.html", {"standing": shown})
        self._fragments(
            live_files.total_name(code), "web/parts/live_total.html", {"standing": shown}
        )

    def _follow(self, name: str, now: Told) -> Told:
        """What to tell after what was told last, which the file remembers for a new teller."""
        if name not in self._last:
            self._last[name] = live_files.read(name)
        before = self._last[name]
        told = self._last[name] = follow(before, now)
        if told.correction is not None and (before is None or before.correction is None):
            log.warning("numbers_went_back", name=name, before=told.correction.before)
        return told

    def _write(self, name: str, told: Told, template: str, context: dict[str, Any]) -> None:
        """The fragments first: whoever reads the JSON finds fragments at least as new."""
        self._fragments(name, template, context)
        live_files.write(f"{name}.json", live_files.as_json(told))

    def _fragments(self, name: str, template: str, context: dict[str, Any]) -> None:
        for language, _ in settings.LANGUAGES:
            with translation.override(language):
                fragment = render_to_string(template, context).encode()
            live_files.write(live_files.fragment_name(name, language), fragment)
