"""The kinds of rule: {name: pure function from terms and gift to what the rule gives}.

A kind's function never changes after its first use; a better one gets a new name, so
that every match ever made can be computed again.
"""

from collections.abc import Callable
from typing import Any, Final

from jusha.matching.kinds.ask import Ask
from jusha.matching.kinds.coupon import Coupon, coupon
from jusha.matching.kinds.flat import Flat, flat
from jusha.matching.kinds.friends import Friends, friends
from jusha.matching.kinds.lump_sum import LumpSum, lump_sum
from jusha.matching.kinds.one_one_x import OneOneX, one_one_x
from jusha.matching.kinds.per_unit import PerUnit, per_unit
from jusha.matching.kinds.quadratic import Quadratic, quadratic
from jusha.matching.kinds.random_range import RandomRange, random_range
from jusha.matching.kinds.ratio import Ratio, ratio
from jusha.matching.kinds.tier_bonus import TierBonus, tier_bonus

Kind = (
    Ratio
    | Flat
    | PerUnit
    | TierBonus
    | RandomRange
    | OneOneX
    | Friends
    | Coupon
    | LumpSum
    | Quadratic
)

KINDS: Final[dict[type, Callable[[Any, Ask], int]]] = {
    Ratio: ratio,
    Flat: flat,
    PerUnit: per_unit,
    TierBonus: tier_bonus,
    RandomRange: random_range,
    OneOneX: one_one_x,
    Friends: friends,
    Coupon: coupon,
    LumpSum: lump_sum,
    Quadratic: quadratic,
}

DRAWS: Final = (RandomRange, OneOneX, Friends)
"""Kinds that may draw; a draw needs the day's committed seed."""

SHARED: Final = (Ratio, Flat, PerUnit, TierBonus)
"""Kinds whose match may be a claim that is shared later."""
