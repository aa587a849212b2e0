"""The big screen's curve: gifts a second over the last five minutes, drawn as a still SVG. Pure."""

from collections import deque
from collections.abc import Iterable
from typing import Final, NamedTuple

SPAN: Final = 300
"""Seconds shown."""
STEP: Final = 5
"""Seconds a bar: one a second would be thinner than an eye sees from ten metres."""
WIDTH: Final = 1_200
HEIGHT: Final = 260
GAP: Final = 4


class Bar(NamedTuple):
    """One bar, in the drawing's units."""

    x: int
    y: int
    width: int
    height: int
    is_newest: bool


class Minute(NamedTuple):
    """A row of the table beneath: how many minutes ago it began, gifts, and fen."""

    ago: int
    gifts: int
    given: int


class Pulse(NamedTuple):
    """Bars with the same numbers in words."""

    bars: list[Bar]
    most_a_second: int
    gifts: int
    given: int
    minutes: list[Minute]


class Seconds:
    """What came in by second, the last SPAN of them; older ones are forgotten."""

    def __init__(self) -> None:
        self._of: dict[int, list[int]] = {}
        self._order: deque[int] = deque()

    def add(self, second: int, gifts: int, given: int) -> None:
        """Add what one second got; it may be told in parts."""
        if second not in self._of:
            self._of[second] = [0, 0]
            self._order.append(second)
        self._of[second][0] += gifts
        self._of[second][1] += given

    def forget(self, before: int) -> None:
        """Forget what is older."""
        for second in [each for each in self._order if each < before]:
            del self._of[second]
            self._order.remove(second)

    def between(self, first: int, end: int) -> tuple[int, int]:
        """Gifts and fen of the seconds first <= s < end."""
        found = [self._of[each] for each in range(first, end) if each in self._of]
        return sum(each[0] for each in found), sum(each[1] for each in found)


def pulse(seconds: Seconds, *, now_s: int) -> Pulse:
    """The last SPAN seconds as bars of STEP seconds, the newest at the right; zero-based."""
    first = now_s - SPAN
    counts = [seconds.between(at, at + STEP)[0] for at in range(first, now_s, STEP)]
    most = max([*counts, 1])
    width = WIDTH // len(counts)
    bars = [
        Bar(n * width, HEIGHT - high, width - GAP, high, n == len(counts) - 1)
        for n, high in enumerate(_heights(counts, most))
    ]
    gifts, given = seconds.between(first, now_s)
    minutes = [
        Minute(ago, *seconds.between(now_s - ago * 60, now_s - ago * 60 + 60))
        for ago in range(SPAN // 60, 0, -1)
    ]
    return Pulse(bars, -(-max(counts) // STEP), gifts, given, minutes)


def _heights(counts: Iterable[int], most: int) -> list[int]:
    """A bar that stands for something is never invisible."""
    return [max(each * HEIGHT // most, 3) if each else 0 for each in counts]
