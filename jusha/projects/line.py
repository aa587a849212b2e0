"""How a money line is spent: from the front, passing over what refunds made void. Pure.

Each fen of a line is left, void or spent. Everything before the spent head is spent or void,
everything behind it left or void, so the head, the spent head and the voids behind it say all
(docs/design/0027-spending.md).
"""

from bisect import bisect_left
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from jusha.money.split import cut_permille

PROGRAMME: Final = 1
RUNNING: Final = 2
LINES: Final = {"programme": PROGRAMME, "running": RUNNING}


class Interval(NamedTuple):
    """A piece of a line, in fen: `start` included, `end` not."""

    start: int
    end: int

    @property
    def length(self) -> int:
        """How many fen it has."""
        return self.end - self.start


@dataclass(slots=True)
class Spending:
    """How far a line is spent, and what is void behind that.

    `voids` are in order, do not touch, and all begin at `spent` or behind it.
    """

    spent: int = 0
    voids: list[Interval] = field(default_factory=list)
    void: int = 0
    """The fen of `voids` together."""

    def left(self, head: int) -> int:
        """How many fen of a line with this head can be spent."""
        return head - self.spent - self.void

    def take(self, amount: int) -> Interval:
        """Spend the next `amount` fen, at least 1 and never more than are left; say which.

        What the interval has beyond `amount` are voids that it passed over.
        """
        start, at, need, passed = self.spent, self.spent, amount, 0
        for void in self.voids:
            if need <= void.start - at:
                break
            need -= void.start - at
            at = void.end
            self.void -= void.length
            passed += 1
        del self.voids[:passed]
        self.spent = at + need
        return Interval(start, self.spent)

    def cut(self, start: int, length: int) -> Interval:
        """Make fen void that never were before; say which were not spent: only they can be.

        The others, at the front, stay spent: somebody else has to pay for them.
        """
        end = start + length
        unspent = Interval(min(max(start, self.spent), end), end)
        if unspent.length:
            self._keep(unspent)
        return unspent

    def _keep(self, new: Interval) -> None:
        """Put a void in its place, joined with those that it touches."""
        at = bisect_left(self.voids, new)
        low, high, (start, end) = at, at, new
        if at and self.voids[at - 1].end == start:
            low, start = at - 1, self.voids[at - 1].start
        if at < len(self.voids) and self.voids[at].start == end:
            high, end = at + 1, self.voids[at].end
        self.voids[low:high] = [Interval(start, end)]
        self.void += new.length


def overlap(interval: Interval, other: Interval) -> int:
    """Say how many fen two pieces of one line have in common."""
    return max(min(interval.end, other.end) - max(interval.start, other.start), 0)


def intervals(
    amount: int, permille: int, at: tuple[int, int], refunded: int
) -> dict[int, Interval]:
    """Where what is left of a gift lies in both lines: what went back left their ends."""
    programme, running = cut_permille(amount, permille)
    running_back = running * refunded // amount
    return {
        PROGRAMME: Interval(at[0], at[0] + programme - (refunded - running_back)),
        RUNNING: Interval(at[1], at[1] + running - running_back),
    }
