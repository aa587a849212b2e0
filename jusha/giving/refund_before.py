"""What must be done before a refund is booked: the gift's receipt is reversed first.

A receipt that stands beside money that went back is a false receipt (facts R-MC-2). Whoever issues
receipts puts a function into BEFORE_BOOKING; it is called inside the transaction that sends the
instruction, so that either both happen or neither.
"""

from collections.abc import Callable, Collection, Sequence
from typing import Final, NamedTuple

from jusha.giving.receipt_reverse import reverse_before_refund


class Planned(NamedTuple):
    """A refund about to be booked: which deed, how much of it, in its smallest unit."""

    deed: int
    amount: int


BeforeBooking = Callable[[Sequence[Planned]], Collection[int]]
"""Reverses what stands in the way of these refunds, by set; returns the deeds that must still wait.

It works by Django's connection and is asked again for the same refund until nothing waits: what
takes longer it begins, and says that it waits. What it wrote is kept in that case too.
"""


def reverse_receipts(planned: Sequence[Planned]) -> Collection[int]:
    """Reverse the receipts of these gifts; return the deeds whose e-receipt still stands."""
    return reverse_before_refund({each.deed for each in planned})


BEFORE_BOOKING: Final[tuple[BeforeBooking, ...]] = (reverse_receipts,)


def hindered(planned: Sequence[Planned]) -> frozenset[int]:
    """Do what comes first for these refunds; return the deeds that may not be booked yet."""
    waiting: set[int] = set()
    for act in BEFORE_BOOKING:
        waiting |= set(act(planned))
    return frozenset(waiting)
