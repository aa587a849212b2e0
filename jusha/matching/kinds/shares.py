"""Sharing a sum among claims: pro rata, largest remainder, ties to the smaller number. Pure.

Minute slices and the pool at close are shared this way: being first wins nothing. What a
claim gets depends only on (claim, all claims together, budget, cut-off), so that shares
can be paid a chunk at a time and each can be checked alone.
"""

from collections.abc import Sequence
from typing import NamedTuple


class CutOff(NamedTuple):
    """The last claim that gets one unit more: its remainder and its number; none: (-1, -1)."""

    remainder: int
    number: int


NO_CUT_OFF = CutOff(-1, -1)


def shared_budget(budget: int, total: int, *, everything: bool) -> int:
    """Say how much is shared: at most what is claimed, or all of it if there is any claim."""
    if total <= 0 or budget <= 0:
        return 0
    return budget if everything else min(budget, total)


def share_of(number: int, claim: int, total: int, budget: int, cut_off: CutOff) -> int:
    """Return what one claim gets of the budget."""
    share, remainder = divmod(claim * budget, total)
    if cut_off == NO_CUT_OFF:
        return share
    return share + ((-remainder, number) <= (-cut_off.remainder, cut_off.number))


def cut_off_of(claims: Sequence[tuple[int, int]], budget: int) -> CutOff:
    """Find the cut-off of (number, claim) pairs: as many get one more as the floors leave over."""
    total = sum(claim for _, claim in claims)
    if total <= 0:
        return NO_CUT_OFF
    left = budget - sum(claim * budget // total for _, claim in claims)
    if left == 0:
        return NO_CUT_OFF
    ranked = sorted((-(claim * budget % total), number) for number, claim in claims)
    remainder, number = ranked[left - 1]
    return CutOff(-remainder, number)


def pro_rata(claims: Sequence[tuple[int, int]], budget: int) -> list[tuple[int, int]]:
    """Share the whole budget among (number, claim) pairs; the shares sum to it exactly."""
    total, cut_off = sum(claim for _, claim in claims), cut_off_of(claims, budget)
    return [(number, share_of(number, claim, total, budget, cut_off)) for number, claim in claims]
