"""Tell the big screen: the curve, the provinces, the newest names, the pools, as one fragment.

Its totals are the teller's own file and go on when all this is let go.
"""

from collections import defaultdict
from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import translation

from jusha.campaigns import queries as campaigns
from jusha.campaigns.live import queries as live
from jusha.matching import queries as matching
from jusha.money.clock import local_day
from jusha.tlog import queries as tlog
from jusha.web import live_files
from jusha.web.board.pulse import SPAN, Seconds, pulse
from jusha.web.board.tiles import tiles
from jusha.web.region_words import region_name

AFTER: Final = timedelta(hours=1)
"""So long after its end a campaign's screen goes on."""
NAMES_SHOWN: Final = 8


class Screen:
    """Writes JUSHA_HOME/live/s/; one at a time. After a start it reads the last five minutes."""

    def __init__(self) -> None:
        live_files.sweep("s")
        self._seen: int | None = None
        self._seconds: defaultdict[int, Seconds] = defaultdict(Seconds)

    def tell(self, now: datetime, *, names: bool = True) -> int:
        """Write the screen of each campaign that runs; how many. Raises OSError.

        Without `names` none are shown: what then stands still must show nobody who is taken off
        the wall meanwhile. For the same reason files of screens that are over are taken away.
        """
        self._count(now)
        codes = campaigns.told_at(now, after_days=0) | self._ended_just(now)
        day = local_day(int(now.timestamp()))
        pools = matching.pools_of(list(codes), day=day, at=now)
        for campaign, code in codes.items():
            self._write(campaign, code, pools[campaign], now, names=names)
        keep = {live_files.screen_name(code) for code in codes.values()}
        live_files.keep_only(live_files.screen_name(""), keep)
        return len(codes)

    def _ended_just(self, now: datetime) -> dict[int, str]:
        return campaigns.told_at(now - AFTER, after_days=0)

    def _count(self, now: datetime) -> None:
        """Count what was settled since the last second; at the start, since five minutes ago."""
        size, since = tlog.size(), now - timedelta(seconds=SPAN)
        if self._seen is None:
            first = live.first_settled_since(since)
            self._seen = size if first is None else first
        for each in live.seconds_after(self._seen, size, since=since):
            self._seconds[each.campaign].add(each.second, each.gifts, each.given)
        self._seen = size
        for seconds in self._seconds.values():
            seconds.forget(int(since.timestamp()))

    def _write(
        self,
        campaign: int,
        code: str,
        pools: list[matching.PoolState],
        now: datetime,
        *,
        names: bool,
    ) -> None:
        given = live.provinces(campaign)
        context: dict[str, Any] = {
            "at": now,
            "pulse": pulse(self._seconds[campaign], now_s=int(now.timestamp())),
            "tiles": tiles(given),
            "names": [each.name for each in live.newest_names(campaign, most=NAMES_SHOWN)]
            if names
            else [],
            "pools": pools,
        }
        for language, _ in settings.LANGUAGES:
            with translation.override(language):
                named = [(region_name(tile.name), tile) for tile in context["tiles"]]
                most = sorted(named, key=lambda each: (-each[1].given, each[0]))
                html = render_to_string(
                    "web/parts/live_screen.html", context | {"named": named, "ordered": most}
                )
            name = live_files.fragment_name(live_files.screen_name(code), language)
            live_files.write(name, html.encode())
