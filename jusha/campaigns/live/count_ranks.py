"""Count what was settled into the rankings, a slice of the log at a time, each entry once.

One writer settles in the order of numbers, so what was counted below a number is counted for good:
a slice costs what is new in it, however old and large the campaign is (docs/performance.md).
"""

from typing import Final, NamedTuple

from jusha.campaigns.live.queries import count_step, counted_to

SLICE: Final = 100_000
"""Entries a transaction: some seconds of the fullest minute known."""


class Counted(NamedTuple):
    """What one slice did: gifts counted, and below which entry all are."""

    gifts: int
    number: int


def count_next(size: int) -> Counted | None:
    """Count at most SLICE entries below `size`; None if there is nothing new.

    Another counter at the same moment leaves nothing counted twice: one of them finds the cursor
    moved and does nothing. Reads, writes: see sql/rank_step.sql.
    """
    after = counted_to()
    upto = min(after + SLICE, size)
    if upto <= after:
        return None
    gifts = count_step(after=after, upto=upto)
    return None if gifts is None else Counted(gifts, upto)
