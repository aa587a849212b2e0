"""A random share within a published range, for some of the gifts (99公益日 2018).

The draw comes from a seed that was committed an hour before and is revealed when the
day is over, so that everyone can draw again (blueprint decision 8).
"""

import msgspec

from jusha.matching.kinds.ask import Ask, happens, pick

PERMILLE_MAX = 100_000


class RandomRange(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="random-range"
):
    """Per mille of the gift, `low`..`high` evenly, with a chance of `chance` per mille."""

    low: int
    high: int
    chance: int = 1000

    def wrong(self) -> str:
        """Say what is wrong with these terms, or ""."""
        fine = 0 <= self.low <= self.high <= PERMILLE_MAX and 0 < self.chance <= 1000  # noqa: PLR2004
        return "" if fine else "a random range needs 0 <= low <= high and a chance of 1..1000"


def random_range(kind: RandomRange, ask: Ask) -> int:
    """Return floor(amount x drawn per mille / 1000), or 0 where the chance did not come true."""
    if not happens(ask.draw, kind.chance):
        return 0
    return ask.amount * pick(ask.draw, kind.low, kind.high) // 1000
