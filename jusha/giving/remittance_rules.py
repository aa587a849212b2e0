"""Whether the money that a partner sent for a batch is the sum of the batch's results. Pure.

To the fen: a partner takes its fees apart from the gifts (they are the charity's cost, R-PAY-7), so
nothing is rounded and nothing is tolerated.
"""

from collections.abc import Iterable
from typing import Final, Literal, NamedTuple

State = Literal["matched", "short", "over", "no-money", "no-results"]
MATCHED: Final = "matched"


class Sums(NamedTuple):
    """One side of a batch: lines and fen."""

    lines: int = 0
    fen: int = 0


class Batch(NamedTuple):
    """A batch of a channel, both sides and what that means; `day` is its newest line's."""

    channel: str
    code: str
    results: Sums
    money: Sums
    day: int
    """Shanghai day number (money/clock.py)."""

    @property
    def state(self) -> State:
        """What the two sides say together."""
        return state_of(self.results, self.money)

    @property
    def missing(self) -> int:
        """Fen that did not come; below zero where more came."""
        return self.results.fen - self.money.fen


def state_of(results: Sums, money: Sums) -> State:
    """Say how a batch stands. A side without lines is missing, not zero."""
    if not money.lines:
        return "no-money"
    if not results.lines:
        return "no-results"
    if results.fen == money.fen:
        return "matched"
    return "short" if money.fen < results.fen else "over"


def unsettled(batches: Iterable[Batch]) -> list[Batch]:
    """Those that do not match, in their order."""
    return [batch for batch in batches if batch.state != MATCHED]
