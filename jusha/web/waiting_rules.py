"""The line of those who pressed donate: in order of arrival, at the pace that the machine takes.

Pure but for its own memory, which holds no more than who asked lately: places are counted by
arrival times that the askers bring back, so a restart forgets nobody. Whoever is away keeps their
arrival, and holds up nobody for longer than AWAY_SECONDS.
"""

from bisect import bisect_left, insort
from threading import Lock
from typing import Final

BURST_SECONDS: Final = 2
"""So many seconds' worth may go at once after a quiet time."""
AWAY_SECONDS: Final = 30
"""Who did not ask for so long is passed over until they ask again."""
ASK_EVERY_SECONDS: Final = 5
SWEEP_MS: Final = 1_000


class Line:
    """Who waits, by arrival. Times are in milliseconds of one clock."""

    def __init__(self, *, a_second: int, now_ms: int = 0) -> None:
        """`a_second`: how many go on a second; 0: everybody, at once."""
        self._a_second = a_second
        self._lock = Lock()
        self._room = a_second * BURST_SECONDS * 1_000
        """Thousandths of a place that are free."""
        self._at_ms = self._swept_ms = now_ms
        self._line: list[tuple[int, str]] = []
        self._seen_ms: dict[tuple[int, str], int] = {}

    def ask(self, who: str, *, arrived_ms: int, now_ms: int) -> int:
        """0: go on now; else the place in line, from 1. Whoever goes on is forgotten."""
        if not self._a_second:
            return 0
        with self._lock:
            self._refill(now_ms)
            me = (arrived_ms, who)
            if me not in self._seen_ms:
                insort(self._line, me)
            self._seen_ms[me] = now_ms
            place = bisect_left(self._line, me) + 1
            if place * 1_000 > self._room:
                return place
            self._room -= 1_000
            self._drop(me)
            return 0

    def give_back(self) -> None:
        """Free the place of who went on and made no order."""
        with self._lock:
            most = self._a_second * BURST_SECONDS * 1_000
            self._room = min(most, self._room + 1_000)

    def leave(self, who: str, *, arrived_ms: int) -> None:
        """Hold no place for somebody who will not ask again."""
        with self._lock:
            if (arrived_ms, who) in self._seen_ms:
                self._drop((arrived_ms, who))

    def wait_seconds(self, place: int) -> int:
        """How long a place takes at this pace, at least a second."""
        return -(-place // self._a_second) if self._a_second else 1

    @property
    def length(self) -> int:
        """How many wait."""
        return len(self._line)

    def _refill(self, now_ms: int) -> None:
        most = self._a_second * BURST_SECONDS * 1_000
        self._room = min(most, self._room + max(now_ms - self._at_ms, 0) * self._a_second)
        self._at_ms = max(self._at_ms, now_ms)
        if now_ms - self._swept_ms >= SWEEP_MS:
            self._swept_ms = now_ms
            away = now_ms - AWAY_SECONDS * 1_000
            for each in [who for who, seen in self._seen_ms.items() if seen < away]:
                self._drop(each)

    def _drop(self, who: tuple[int, str]) -> None:
        del self._seen_ms[who]
        del self._line[bisect_left(self._line, who)]
