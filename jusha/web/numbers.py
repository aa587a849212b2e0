"""Numbers that live never go back in silence. Pure.

A total of what came in only grows; what went back is a total of its own and stands beside it. If a
total that only grows is smaller than what was told before, the database is an older one (a backup
was restored), and that is said until the number is as large again.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

GROWING: Final[tuple[str, ...]] = (
    "deeds",
    "gifts",
    "donated",
    "matched",
    "refunds",
    "refunded",
    "returned",
)
"""Names of totals that only grow, in today's numbers and in a campaign's."""


@dataclass(frozen=True, slots=True)
class Correction:
    """Totals went back: since when this is said, what stood there, and which reached it again."""

    since: datetime
    before: dict[str, int]


@dataclass(frozen=True, slots=True)
class Told:
    """Numbers as of a moment: `name` says of what (a day, a campaign). Sums are in fen."""

    name: str
    at: datetime
    numbers: dict[str, int]
    correction: Correction | None = None


def follow(before: Told | None, now: Told) -> Told:
    """What to tell after `before`: `now`, with a correction where a growing total went back.

    Another name (the next day) begins anew. As of never goes back either.
    """
    if before is None or before.name != now.name:
        return now
    peak = dict(before.numbers)
    if before.correction is not None:
        for name, value in before.correction.before.items():
            peak[name] = max(peak.get(name, 0), value)
    lost = {
        name: peak[name]
        for name in GROWING
        if name in peak and now.numbers.get(name, 0) < peak[name]
    }
    at = max(before.at, now.at)
    if not lost:
        return replace(now, at=at, correction=None)
    since = before.correction.since if before.correction is not None else before.at
    return replace(now, at=at, correction=Correction(since, lost))
