"""What rules give, said the slowest and plainest way; shares no code with what it judges.

Fractions instead of integer division, counting instead of formulas, sorting by hand. Amounts
are whole fen; a share that is not whole is rounded down unless a function says otherwise.
"""

from collections.abc import Mapping, Sequence
from fractions import Fraction

NO_LIMIT = 1 << 62

BOUNDS_IN_ORDER = (
    "rule", "gift", "person-day", "person-campaign", "project", "charity", "channel", "window",
    "slice", "pool",
)  # fmt: skip
MONEY = ("window", "slice", "pool")


def whole(value: Fraction) -> int:
    """The largest whole number that is not above a value."""
    found = int(value)  # towards zero
    return found if found <= value else found - 1


def ratio(amount: int, numerator: int, denominator: int) -> int:
    return whole(Fraction(amount) * Fraction(numerator, denominator))


def per_unit(amount: int, unit: int, each: int, units_max: int) -> int:
    """Lay full units aside one after the other, and pay for each that was laid aside."""
    given = units = 0
    while amount >= unit and (not units_max or units < units_max):
        amount, units, given = amount - unit, units + 1, given + each
    return given


def tier_bonus(amount: int, tiers: Sequence[tuple[int, int]]) -> int:
    """The tier reached that begins highest; nothing below the lowest."""
    reached = [(begins, permille) for begins, permille in tiers if begins <= amount]
    return whole(amount * Fraction(max(reached)[1], 1000)) if reached else 0


def coupon(amount: int, permille: int, most: int) -> int:
    given = whole(amount * Fraction(permille, 1000))
    return min(given, most)


def part_of_one(eight_bytes: bytes) -> Fraction:
    """Read eight bytes as a number from 0 up to, not with, 1."""
    total = Fraction(0)
    for place, byte in enumerate(eight_bytes, 1):
        total += Fraction(byte, 256**place)
    return total


def comes_true(draw: bytes, permille: int) -> bool:
    return part_of_one(draw[:8]) < Fraction(permille, 1000)


def picked(draw: bytes, low: int, high: int) -> int:
    """Cut the way from 0 to 1 in equal parts, one a number, and see in which the draw lies."""
    at, parts = part_of_one(draw[8:16]), high - low + 1
    return next(low + n for n in range(parts) if at < Fraction(n + 1, parts))


def random_range(amount: int, draw: bytes, low: int, high: int, chance: int) -> int:
    if not comes_true(draw, chance):
        return 0
    return whole(amount * Fraction(picked(draw, low, high), 1000))


def one_one_x(given: int, draw: bytes, low: int, high: int) -> int:
    return whole(given * Fraction(picked(draw, low, high), 1000))


def lump_sum_at(amounts: Sequence[int], threshold: int) -> int:
    """The place of the gift that brings all gifts so far to a threshold; -1 if none does."""
    for place in range(len(amounts)):
        if sum(amounts[: place + 1]) >= threshold:
            return place
    return -1


def shared(claims: Sequence[tuple[int, int]], budget: int) -> dict[int, int]:
    """Share a budget pro rata: round down, then one more to the largest remainder until it is gone.

    Of equal remainders the smaller number comes first. {number: share}.
    """
    total = sum(claim for _, claim in claims)
    if not total:
        return {number: 0 for number, _ in claims}
    exact = {number: Fraction(claim * budget, total) for number, claim in claims}
    shares = {number: whole(value) for number, value in exact.items()}
    waiting = dict(exact)
    while sum(shares.values()) < budget:
        best = None
        for number in waiting:
            rest = exact[number] - whole(exact[number])
            if best is None or (rest, -number) > best:
                best = (rest, -number)
        assert best is not None
        shares[-best[1]] += 1
        del waiting[-best[1]]
    return shares


def to_share(budget: int, total: int, *, everything: bool) -> int:
    if total <= 0 or budget <= 0:
        return 0
    if everything or budget < total:
        return budget
    return total


def root(value: int) -> int:
    """The largest whole number whose square is not above a value, by counting up."""
    found = 0
    while (found + 1) * (found + 1) <= value:
        found += 1
    return found


def quadratic(pool: int, unit: int, projects: Sequence[Sequence[int]]) -> list[int]:
    """What the pool adds to each project, from its donors' sums, alpha rounded down at 10^-18."""
    votes = [sum(root(each // unit) for each in sums) for sums in projects]
    spent = [sum(root(each // unit) ** 2 for each in sums) for sums in projects]
    asked = sum(unit * (v * v - s) for v, s in zip(votes, spent, strict=True))
    if not asked:
        return [0] * len(projects)
    alpha = Fraction(whole(min(Fraction(pool, asked), Fraction(1)) * 10**18), 10**18)
    return [whole(alpha * unit * (v * v - s)) for v, s in zip(votes, spent, strict=True)]


def smallest_bound(
    wants: int, bounds: Mapping[str, int], *, all_or_nothing: bool, decides_money: bool
) -> tuple[int, str]:
    """Return (match, by): the smallest bound, named by the first in the published order.

    `bounds` without "rule"; one that is missing does not bind.
    """
    known = {"rule": wants} | dict(bounds)
    names = [name for name in BOUNDS_IN_ORDER if decides_money or name not in MONEY]
    values = [(known.get(name, NO_LIMIT), place) for place, name in enumerate(names)]
    values.sort()
    amount, place = values[0]
    if all_or_nothing and names[place] in MONEY:
        return 0, names[place]
    return max(amount, 0), names[place]
