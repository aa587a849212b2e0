"""Tell the rankings: count what is new, and write the lists as files."""

import time
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import translation

from jusha.campaigns import queries as campaigns
from jusha.campaigns.live import queries as live
from jusha.campaigns.live.count_ranks import count_next
from jusha.campaigns.live.rank_rules import (
    Kind,
    Order,
    Place,
    Sum,
    census_on,
    orders_of,
    ranked,
)
from jusha.tlog import queries as tlog
from jusha.web import live_files
from jusha.web.board.rank_words import Named, list_name, listed, names
from jusha.web.numbers import Told, follow
from jusha.web.tell import AFTER_DAYS

EVERY_SECONDS: Final = 3
BUDGET_SECONDS: Final = 2.0
"""So long one call counts; what is left waits for the next, and as of says where it stands."""
ANEW: Final = timedelta(minutes=1)
"""So often lists are ordered although no gift came: a team may have been taken down."""
Lists = dict[tuple[Kind, Order], list[Place]]


class Line(NamedTuple):
    """A place with its name."""

    place: Place
    named: Named


class Rankings:
    """Writes JUSHA_HOME/live/r/; one at a time. Its memory is the tables and the files."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        live_files.sweep("r")
        self._clock = clock
        self._marks: deque[tuple[int, datetime]] = deque()
        self._totals: dict[int, Sum] = {}
        self._lists: dict[int, Lists] = {}
        self._ordered_at: dict[int, datetime] = {}
        self._bodies: dict[tuple[str, str], str] = {}

    def tell(self, now: datetime) -> int:
        """Count and write; how many campaigns were ordered. Raises OSError.

        As of is the last moment whose whole log is counted: until there is one, nothing is told.
        """
        self._marks.append((tlog.size(), now))
        until = self._clock() + BUDGET_SECONDS
        while count_next(self._marks[-1][0]) is not None and self._clock() < until:
            pass
        at = self._whole_at(live.counted_to())
        if at is None:
            return 0
        codes = campaigns.told_at(now, after_days=AFTER_DAYS)
        totals = live.totals(codes)
        anew = 0
        for campaign, code in codes.items():
            total = totals.get(campaign, Sum("", 0, 0, 0))
            if total != self._totals.get(campaign) or self._is_old(campaign, now):
                self._lists[campaign] = self._order(campaign, code, at)
                self._totals[campaign], self._ordered_at[campaign] = total, now
                anew += 1
            self._write(campaign, code, total, at)
        return anew

    def _is_old(self, campaign: int, now: datetime) -> bool:
        return now - self._ordered_at[campaign] >= ANEW

    def _whole_at(self, counted: int) -> datetime | None:
        """The newest moment at which the log had no entry that is not counted."""
        done = [at for size, at in self._marks if size <= counted]
        while len(self._marks) > 1 and self._marks[0][1] < max(done, default=self._marks[0][1]):
            self._marks.popleft()
        return max(done, default=None)

    def _order(self, campaign: int, code: str, at: datetime) -> Lists:
        """Read and order a campaign's lists; those that changed are rendered."""
        tops, census = live.tops(campaign), census_on(at.date())
        before, found = self._lists.get(campaign, {}), {}
        for kind in Kind:
            heads = census.people if census and kind is Kind.PROVINCE else None
            shown = listed(kind, tops[kind])
            for order in orders_of(kind):
                places = found[kind, order] = ranked(shown, order, heads=heads)
                if places != before.get((kind, order)):
                    self._render(code, kind, order, places, census)
        return found

    def _render(
        self, code: str, kind: Kind, order: Order, places: list[Place], census: object
    ) -> None:
        for language, _ in settings.LANGUAGES:
            with translation.override(language):
                known = names(kind, [each.sum.code for each in places])
                lines = [Line(each, known[each.sum.code]) for each in places]
                context = {"lines": lines, "kind": kind.name.lower(), "order": order} | (
                    {"census": census} if order == "heads" else {}
                )
                html = render_to_string("web/parts/ranking.html", context)
            self._bodies[live_files.ranking_name(code, list_name(kind, order)), language] = html

    def _write(self, campaign: int, code: str, total: Sum, at: datetime) -> None:
        """Write every list with its new as of: the fragments first, then the JSON."""
        name = live_files.ranking_name(code)
        told = follow(live_files.read(name), told_totals(code, total, at))
        found: dict[str, Any] = {}
        shells = {}
        for language, _ in settings.LANGUAGES:
            with translation.override(language):
                shells[language] = render_to_string("web/parts/live_ranking.html", {"told": told})
        for (kind, order), places in self._lists[campaign].items():
            each = live_files.ranking_name(code, list_name(kind, order))
            for language, shell in shells.items():
                html = shell.replace("<!--list-->", self._bodies[each, language])
                live_files.write(live_files.fragment_name(each, language), html.encode())
            found[list_name(kind, order)] = [as_row(place) for place in places]
        live_files.write(f"{name}.json", live_files.as_json(told, lists=found))


def told_totals(code: str, total: Sum, now: datetime) -> Told:
    """What all of a campaign's lists add up to, under the names that never go back in silence."""
    numbers = {"gifts": total.gifts, "donated": total.donated, "refunded": total.refunded}
    return Told(code, now.astimezone(UTC), numbers)


def as_row(place: Place) -> dict[str, int | str | None]:
    """A line of the JSON; sums in fen."""
    one = place.sum
    return {
        "place": place.place, "code": one.code, "gifts": one.gifts, "persons": one.persons,
        "given": one.amount, "refunded": one.refunded, "per_10000": place.heads,
    }  # fmt: skip
