"""Whether a bank's running balance runs, from line to line. Pure.

Each line's balance is the one before, plus what came in, less what went out. Where it is not,
lines are missing in between, or one was changed.
The chain says how much is missing, not how many lines: that stays unknown, and is said so.
"""

from collections.abc import Iterator
from typing import NamedTuple

from jusha.giving.gift_maps import GiftMap
from jusha.payments.bills.statement import MICRO, micro

UNIT_MICRO = {"fen": MICRO, "yuan": MICRO // 100}
"""Millionths of what is written, for one smallest unit of money."""


class Break(NamedTuple):
    """Between two lines the balance jumps; `missing` is what the lines do not account for.

    In the smallest unit; positive where more came in than the lines show. The lines are
    numbers in the file, of the last one before and the first one behind.
    """

    before: int
    line: int
    missing: int


class Chain:
    """Follows a statement line by line and collects where its balance breaks."""

    def __init__(self, given: GiftMap, header: list[str]) -> None:
        assert given.balance is not None
        self.places = [header.index(name) for name in given.balance_columns]
        self.unit = UNIT_MICRO[given.amount.unit]
        self.commas = given.amount.thousands_commas
        self.newest_first = given.balance.newest_first
        self.last: tuple[int, int, int] | None = None
        """The line before: its number, its balance, what it moved."""
        self.steps = 0
        self.unread = 0
        """Lines whose balance or amounts are no numbers: the chain starts anew behind them."""
        self.breaks: list[Break] = []

    def follow(self, line: int, cells: list[str]) -> None:
        """Take the next line of the statement, in the file's order."""
        read = [self._money(cells[place]) for place in self.places]
        balance = read[0]
        if balance is None or None in read or not cells[self.places[0]].strip():
            self.unread += 1
            self.last = None
            return
        moved = (read[1] or 0) - abs(sum(value or 0 for value in read[2:]))
        if self.last is not None:
            before, was, moved_before = self.last
            gap = was - balance - moved_before if self.newest_first else balance - was - moved
            self.steps += 1
            if gap:
                self.breaks.append(Break(before, line, gap))
        self.last = line, balance, moved

    def _money(self, text: str) -> int | None:
        plain = text.strip()
        if self.commas:
            plain = plain.replace(",", "")
        value = micro(plain) if plain else 0
        return value // self.unit if value is not None and value % self.unit == 0 else None


def told(chain: Chain) -> Iterator[str]:
    """Say what the chain found, in plain English, one sentence a break."""
    yield (
        f"{chain.steps:,} steps from line to line, {len(chain.breaks):,} do not add up,"
        f" {chain.unread:,} lines without a readable balance"
    )
    for gap in chain.breaks:
        word = "came in" if gap.missing > 0 else "went out"
        yield (
            f"between line {gap.before:,} and line {gap.line:,}: {abs(gap.missing):,} {word} that"
            " no line shows; one or more lines are missing, or one was changed"
        )
