"""Where a gift's money is: how much of it is spent, and on which expenses."""

from dataclasses import dataclass
from typing import Final

from jusha.giving.models import Deed
from jusha.projects import expense_queries as expenses
from jusha.projects.line import PROGRAMME, RUNNING, Interval, intervals, overlap
from jusha.projects.models import Fund

SHOWN_MAX: Final = 10


@dataclass(frozen=True, slots=True)
class Trace:
    """A gift without what went back of it, in fen: what of it is spent; the first expenses."""

    amount: int
    spent: int
    expenses: tuple[expenses.Spent, ...]

    @property
    def left(self) -> int:
        """What waits to be spent."""
        return self.amount - self.spent


def of_gift(found: Deed, fund: Fund, *, refunded: int) -> Trace | None:
    """Trace a gift; None for what all went back. One question where something is spent.

    Reads: projects_expense, jusha_decision.
    """
    if refunded >= found.amount:
        return None
    at = (found.programme_at, found.running_at)
    lines = intervals(found.amount, fund.running_permille, at, refunded)
    behind = {PROGRAMME: fund.programme_spent, RUNNING: fund.running_spent}
    spent = sum(overlap(lines[each], Interval(0, behind[each])) for each in lines)
    covering = expenses.covering(found.project, lines, count=SHOWN_MAX) if spent else []
    return Trace(found.amount - refunded, spent, tuple(covering))
