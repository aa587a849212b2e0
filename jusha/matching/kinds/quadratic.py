"""Many small gifts count for more than one large one: quadratic funding, in whole numbers.

After Buterin, Hitzig and Weyl (2019), with the capital constraint of clr.fund: the pool
tops up what was given so that the payout of a project is alpha x (sum of its donors'
square roots)^2 + (1 - alpha) x (sum of gifts), with the greatest alpha that it can pay.
"""

from collections.abc import Sequence
from math import isqrt

import msgspec

from jusha.matching.kinds.ask import Ask

ALPHA: int = 10**18
"""Alpha is a whole number of 10^-18."""


class Quadratic(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="quadratic"
):
    """`unit`: gifts count in whole units of so many fen, so that roots are whole numbers."""

    unit: int = 1

    def wrong(self) -> str:
        """Say what is wrong with these terms, or ""."""
        return "" if self.unit > 0 else "a unit is positive"


def quadratic(_kind: Quadratic, ask: Ask) -> int:
    """Return what of a gift counts: all of it; the pool is shared at close."""
    return ask.amount


def votes_and_credits(sums: Sequence[int], unit: int) -> tuple[int, int]:
    """Return (sum of roots, sum of their squares) over a project's donors' sums."""
    roots = [isqrt(each // unit) for each in sums]
    return sum(roots), sum(root * root for root in roots)


def payouts(pool: int, unit: int, votes: Sequence[int], spent: Sequence[int]) -> list[int]:
    """Return what each project is paid out, gifts included, rounded down as clr.fund does.

    `votes`: its sum of roots; `spent`: its sum of squared roots. Nothing where no root
    differs from a lone donor's: there is nothing to weigh.
    """
    weight = unit * (sum(vote * vote for vote in votes) - sum(spent))
    alpha = pool * ALPHA // weight if weight else 0
    return [
        (alpha * unit * vote * vote + unit * part * ALPHA - alpha * unit * part) // ALPHA
        for vote, part in zip(votes, spent, strict=True)
    ]


def matches(pool: int, unit: int, votes: Sequence[int], spent: Sequence[int]) -> list[int]:
    """Return what the pool adds to each project; the sum is never more than the pool.

    Alpha is at most 1: beyond that the rule would give more than the squares ask for.
    """
    weight = unit * (sum(vote * vote for vote in votes) - sum(spent))
    pool = min(pool, weight)
    return [
        paid - unit * part
        for paid, part in zip(payouts(pool, unit, votes, spent), spent, strict=True)
    ]


def linear_payouts(pool: int, unit: int, votes: Sequence[int], spent: Sequence[int]) -> list[int]:
    """Return payouts in proportion to the sums of roots, gifts included (clr.fund's older rule)."""
    total = sum(votes)
    return [
        (pool * vote // total if total else 0) + part * unit
        for vote, part in zip(votes, spent, strict=True)
    ]
