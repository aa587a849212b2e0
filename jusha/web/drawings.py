"""Fields of grains as SVG paths, kept by their counts: the same sand is not drawn twice.

Every number here decides a picture completely, so a drawing may be kept for ever; a front
page costs the more the more often its thousand dots are written anew.
"""

from bisect import bisect_left
from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate
from typing import Final, NamedTuple

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from jusha.giving.queries import Minute
from jusha.web import grains, words

TONES: Final = 3
NEWEST: Final = 5
"""How many grains of a tower are still new: as many as an eye counts at once."""
KEPT: Final = 512


@lru_cache(maxsize=KEPT)
def heap(size: int, given: int, both: int) -> SafeString:
    """A heap of `size` grains: `given` of sand, up to `both` of matches, the rest hoped for."""
    places = grains.heap(size).places
    return (
        _path("grain-ghost", places[both:])
        + _path("grain-matched", places[given:both])
        + _toned(places[:given])
    )


@lru_cache(maxsize=KEPT)
def tower(laid: int) -> SafeString:
    """The tower with `laid` grains in place, the newest of them in cinnabar."""
    places = grains.tower().places
    sand = max(laid - NEWEST, 0)
    return (
        _path("grain-ghost", places[laid:])
        + _toned(places[:sand])
        + _path("grain-new", places[sand:laid])
    )


def _toned(places: tuple[grains.Place, ...]) -> SafeString:
    toned = enumerate(grains.tones(places, TONES), 1)
    return format_html_join("", '<path class="grain-{}" d="{}"/>', toned)


def _path(name: str, places: tuple[grains.Place, ...]) -> SafeString:
    return format_html('<path class="{}" d="{}"/>', name, grains.dots(places))


class Row(NamedTuple):
    """What had come in by the end of an hour."""

    until: str
    gifts: int
    given: int


class Curve(NamedTuple):
    """A day's line: paths in a drawing, the point of now, the sentence and the table beneath."""

    width: int
    height: int
    base: int
    path: str
    area: str
    now_x: int
    now_y: int
    begins: str
    ends: str
    told: str
    rows: list[Row]


CURVE: Final = (960, 220)
CURVE_TOP: Final = 16
"""Room for the point of now."""
POINTS: Final = 120
"""A line of more points shows no more to an eye."""
SPAN_MIN: Final = 10
"""Minutes; a shorter day has no shape yet."""


def curve(minutes: Sequence[Minute], *, until: int) -> Curve | None:
    """What had come in from the first gift on up to minute `until` of the day; zero-based.

    None while that is no longer than SPAN_MIN minutes.
    """
    if not minutes or until - minutes[0].minute < SPAN_MIN:
        return None
    start = minutes[0].minute
    sums = list(accumulate((each.given for each in minutes), initial=0))
    gifts = list(accumulate((each.gifts for each in minutes), initial=0))
    known = [each.minute for each in minutes]

    def by(minute: int) -> int:
        """How many of the listed minutes are over at the start of `minute`."""
        return bisect_left(known, minute)

    width, height = CURVE
    base, most = height - 2, max(sums[-1], 1)
    steps = min(POINTS, until - start)
    places = [start + (until - start) * step // steps for step in range(steps + 1)]
    points = [
        (
            (minute - start) * width // (until - start),
            base - sums[by(minute)] * (base - CURVE_TOP) // most,
        )
        for minute in places
    ]
    line = "M" + "L".join(f"{x} {y}" for x, y in points)
    told = gettext("从 %(begin)s 到 %(end)s 一共 %(gifts)s 笔，%(sum)s。") % {
        "begin": words.day_minute(start),
        "end": words.day_minute(until),
        "gifts": f"{gifts[by(until)]:,}",
        "sum": words.money(sums[by(until)]),
    }
    hours = [*range((start // 60 + 1) * 60, until, 60), until]
    rows = [Row(words.day_minute(at), gifts[by(at)], sums[by(at)]) for at in hours]
    return Curve(
        width, height, base, line, f"{line}V{base}H0Z", *points[-1],
        words.day_minute(start), words.day_minute(until), told, rows,
    )  # fmt: skip
