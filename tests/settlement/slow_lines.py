"""A money line as a row of fen, each left, void or spent: the slowest and plainest form there is.

Shares no code with settlement, audit or recompute.
"""

from dataclasses import dataclass, field

LEFT, VOID, SPENT = "left", "void", "spent"
NAMES = ("programme", "running")


@dataclass
class Entered:
    """What came in together: which fen it got in each line, and how much of it went back."""

    amount: int
    fen: dict[str, list[int]]
    gone: int = 0


@dataclass
class SlowLines:
    """Both lines of one project."""

    permille: int
    fen: dict[str, list[str]] = field(default_factory=lambda: {name: [] for name in NAMES})
    spent_to: dict[str, int] = field(default_factory=lambda: dict.fromkeys(NAMES, 0))
    spent: dict[str, int] = field(default_factory=lambda: dict.fromkeys(NAMES, 0))
    covered: int = 0

    def enter(self, amount: int) -> Entered:
        """Put an amount at the ends of both lines."""
        running = amount * self.permille // 1000
        places = {}
        for name, count in (("programme", amount - running), ("running", running)):
            line = self.fen[name]
            places[name] = list(range(len(line), len(line) + count))
            line += [LEFT] * count
        return Entered(amount, places)

    def give_back(self, entered: Entered, amount: int) -> int:
        """Take an amount back, fen by fen from the ends; return how many were spent."""
        covered = 0
        after = entered.gone + amount
        whole = {name: len(places) for name, places in entered.fen.items()}
        running_after = entered.amount * self.permille // 1000 * after // entered.amount
        for name, gone_after in (("programme", after - running_after), ("running", running_after)):
            places = entered.fen[name]
            stay = whole[name] - gone_after
            for place in places[stay : self._end(entered, name)]:
                if self.fen[name][place] == SPENT:
                    covered += 1
                else:
                    self.fen[name][place] = VOID
        entered.gone = after
        self.covered += covered
        return covered

    def _end(self, entered: Entered, name: str) -> int:
        running = entered.amount * self.permille // 1000 * entered.gone // entered.amount
        gone = running if name == "running" else entered.gone - running
        return len(entered.fen[name]) - gone

    def left(self, name: str) -> int:
        """How many fen can be spent."""
        return self.fen[name].count(LEFT)

    def spend(self, name: str, amount: int) -> list[int]:
        """Spend the first fen that are left; return [from, to)."""
        places = [at for at, state in enumerate(self.fen[name]) if state == LEFT][:amount]
        assert len(places) == amount
        for place in places:
            self.fen[name][place] = SPENT
        start, self.spent_to[name] = self.spent_to[name], places[-1] + 1
        self.spent[name] += amount
        return [start, self.spent_to[name]]
