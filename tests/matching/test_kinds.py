"""Every kind of rule against a slow oracle, and against what real giving days have done."""

import hashlib
import hmac
from collections import Counter
from fractions import Fraction
from itertools import pairwise
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jusha.matching.kinds import DRAWS, KINDS, SHARED, Kind
from jusha.matching.kinds.ask import Ask, happens, pick
from jusha.matching.kinds.coupon import Coupon, coupon, serial_of
from jusha.matching.kinds.flat import Flat, flat
from jusha.matching.kinds.friends import Friends, friends
from jusha.matching.kinds.lump_sum import LumpSum, crossed, lump_sum
from jusha.matching.kinds.one_one_x import OneOneX, one_one_x
from jusha.matching.kinds.per_unit import PerUnit, per_unit
from jusha.matching.kinds.quadratic import Quadratic, quadratic
from jusha.matching.kinds.random_range import RandomRange, random_range
from jusha.matching.kinds.ratio import Ratio, ratio
from jusha.matching.kinds.tier_bonus import TierBonus, tier_bonus
from tests.matching import oracles

SEED = hashlib.sha256(b"a seed of the tests").digest()
YUAN = 100
DOLLAR = 100

amounts = st.integers(0, 10**12)
small = st.integers(1, 5_000)
draws = st.binary(min_size=16, max_size=16)
ranges = st.tuples(st.integers(0, 300), st.integers(0, 300)).map(sorted)


def draw_number(n: int) -> bytes:
    """Draw as settlement does: by HMAC under one seed."""
    return hmac.digest(SEED, n.to_bytes(8, "big"), "sha256")[:16]


def asked(amount: int, **more: Any) -> Ask:
    return Ask(amount, more.pop("given", {}), **more)


@given(amount=amounts, numerator=small, denominator=small)
def test_a_ratio_gives_its_share_rounded_down(
    amount: int, numerator: int, denominator: int
) -> None:
    wanted = oracles.ratio(amount, numerator, denominator)
    assert ratio(Ratio(numerator, denominator), asked(amount)) == wanted


@given(amount=amounts, each=small)
def test_a_flat_match_is_the_same_whatever_was_given(amount: int, each: int) -> None:
    assert flat(Flat(each), asked(amount)) == each


@given(
    amount=st.integers(0, 5_000),
    unit=st.integers(1, 700),
    each=small,
    units_max=st.integers(0, 9),
)
def test_only_full_units_count_and_no_more_than_the_rule_says(
    amount: int, unit: int, each: int, units_max: int
) -> None:
    wanted = oracles.per_unit(amount, unit, each, units_max)
    assert per_unit(PerUnit(unit, each, units_max), asked(amount)) == wanted


@given(
    amount=st.integers(0, 12_000),
    begins=st.sets(st.integers(0, 10_000), min_size=1, max_size=20).map(sorted),
    permille=st.lists(st.integers(0, 2_000), min_size=20, max_size=20),
)
def test_the_highest_tier_that_a_gift_reaches_counts_for_all_of_it(
    amount: int, begins: list[int], permille: list[int]
) -> None:
    tiers = tuple(zip(begins, permille, strict=False))
    assert TierBonus(tiers).wrong() == ""
    assert tier_bonus(TierBonus(tiers), asked(amount)) == oracles.tier_bonus(amount, tiers)


@given(amount=amounts, draw=draws, range_=ranges, chance=st.integers(1, 1000))
def test_a_random_match_is_what_the_draw_says(
    amount: int, draw: bytes, range_: list[int], chance: int
) -> None:
    low, high = range_
    wanted = oracles.random_range(amount, draw, low, high, chance)
    assert random_range(RandomRange(low, high, chance), asked(amount, draw=draw)) == wanted


@given(draw=draws, range_=ranges, other=amounts)
def test_x_is_drawn_upon_what_the_other_rule_gave(
    draw: bytes, range_: list[int], other: int
) -> None:
    low, high = range_
    ask = asked(7, draw=draw, given={"R0": 5, "R1": other})
    assert one_one_x(OneOneX("R1", low, high), ask) == oracles.one_one_x(other, draw, low, high)
    assert one_one_x(OneOneX("R9", low, high), ask) == 0


@given(draw=draws, range_=ranges, base=amounts)
def test_friends_multiply_the_earlier_match_by_what_is_drawn(
    draw: bytes, range_: list[int], base: int
) -> None:
    low, high = range_
    times = oracles.picked(draw, low, high)
    assert friends(Friends("R1", 10, low, high), asked(3, draw=draw, base=base)) == base * times
    assert friends(Friends("R1", 10, low, low), asked(3, base=base)) == base * low


@given(amount=amounts, permille=small, most=amounts)
def test_a_coupon_gives_its_share_and_never_more_than_it_says(
    amount: int, permille: int, most: int
) -> None:
    wanted = oracles.coupon(amount, permille, most)
    assert coupon(Coupon(5, permille, most), asked(amount)) == wanted


@given(
    gifts=st.lists(st.integers(1, 300), max_size=12),
    threshold=st.integers(1, 2_000),
    amount=small,
)
def test_a_threshold_is_crossed_by_one_gift_and_never_again(
    gifts: list[int], threshold: int, amount: int
) -> None:
    kind = LumpSum(threshold, amount)
    at = [n for n, gift in enumerate(gifts) if crossed(kind, sum(gifts[:n]), gift)]
    place = oracles.lump_sum_at(gifts, threshold)
    assert at == ([place] if place >= 0 else [])
    assert lump_sum(kind, asked(1)) == amount


@given(amount=amounts)
def test_all_of_a_gift_counts_in_a_quadratic_round(amount: int) -> None:
    assert quadratic(Quadratic(100), asked(amount)) == amount


@given(draw=draws, low=st.integers(-50, 50), width=st.integers(0, 300))
def test_a_pick_lies_within_its_range_and_is_the_part_the_draw_falls_in(
    draw: bytes, low: int, width: int
) -> None:
    assert low <= pick(draw, low, low + width) <= low + width
    assert pick(draw, low, low + width) == oracles.picked(draw, low, low + width)


@given(draw=draws)
def test_a_chance_of_all_always_comes_true_and_a_larger_one_whenever_a_smaller_does(
    draw: bytes,
) -> None:
    assert happens(draw, 1000)
    assert not happens(draw, 0)
    true = [happens(draw, permille) for permille in range(0, 1001, 7)]
    assert true == [oracles.comes_true(draw, permille) for permille in range(0, 1001, 7)]
    assert all(later or not before for before, later in pairwise(true))


def test_the_edges_of_a_draw_fall_where_the_formula_says() -> None:
    lowest, highest = bytes(16), b"\xff" * 16
    assert (pick(lowest, 3, 10), pick(highest, 3, 10)) == (3, 10)
    assert happens(lowest, 1)
    assert not happens(highest, 999)
    half = bytes([128]) + bytes(7)
    assert not happens(half + half, 500)
    assert happens((b"\x7f" + b"\xff" * 7) * 2, 500)
    assert pick(half + half, 1, 2) == 2
    assert pick((b"\x7f" + b"\xff" * 7) * 2, 1, 2) == 1


def test_ten_thousand_draws_come_true_as_often_as_was_said_and_spread_evenly() -> None:
    """99公益日 2018: not every gift is matched, and how much is drawn within a range."""
    kind, many = RandomRange(100, 199, 300), 10_000
    all_draws = [draw_number(n) for n in range(many)]
    matches = [random_range(kind, asked(1_000, draw=draw)) for draw in all_draws]
    matched = [match for match in matches if match]
    # Mean 3,000, standard deviation 46: four of them either way.
    assert abs(len(matched) - 3_000) < 184
    counts = Counter(matched)
    assert set(counts) == set(range(100, 200))
    wanted = Fraction(len(matched), 100)
    chi_square = sum((counts[sum_] - wanted) ** 2 / wanted for sum_ in range(100, 200))
    assert 60 < chi_square < 150  # 99 degrees of freedom: 99.9 in 100 lie between
    # Whether a gift is matched and how much are drawn from different bytes.
    lucky = sum(match >= 150 for match in matched)
    assert abs(lucky - len(matched) // 2) < 110


@pytest.mark.parametrize(
    ("name", "serial"),
    [
        ("R1.0", 0),
        ("R1.17", 17),
        ("R1.999999999999999", 999_999_999_999_999),
        ("R1.1000000000000000", -1),
        ("R1.017", -1),
        ("R1.", -1),
        ("R1", -1),
        ("R1.-1", -1),
        ("R1.1 ", -1),
        ("R1.一", -1),
        ("R1.٧", -1),
        ("R1.²", -1),
        ("R2.17", -1),
        ("R1.R1.17", -1),
        ("", -1),
    ],
)
def test_a_coupon_number_has_one_spelling(name: str, serial: int) -> None:
    assert serial_of(name, "R1") == serial


def test_a_coupon_of_a_rule_whose_code_has_dots_is_read_from_its_end() -> None:
    assert serial_of("tree.card.2026.17", "tree.card.2026") == 17
    assert serial_of("tree.card.2026.17", "tree.card") == -1


def test_globalgiving_july_2024_gives_twenty_thirty_and_forty_percent() -> None:
    kind = TierBonus(((100 * DOLLAR, 200), (500 * DOLLAR, 300), (750 * DOLLAR, 400)))
    cents = {99: 0, 100: 2_000, 499: 9_980, 500: 15_000, 749: 22_470, 750: 30_000, 1_000: 40_000}
    for dollars, bonus in cents.items():
        assert tier_bonus(kind, asked(dollars * DOLLAR)) == bonus
    assert tier_bonus(kind, asked(100 * DOLLAR - 1)) == 0
    assert tier_bonus(kind, asked(500 * DOLLAR - 1)) == 9_999
    assert tier_bonus(kind, asked(750 * DOLLAR - 1)) == 22_499


def test_99_giving_day_2020_gives_a_project_248_yuan_of_a_gift_of_200() -> None:
    """A base match of 8 yuan, then ten friends and a draw of 3 to 10 times that fell on 5."""
    gift = 200 * YUAN
    base = ratio(Ratio(4, 100), asked(gift))
    assert base == 8 * YUAN
    five = next(draw for n in range(99) if pick(draw := draw_number(n), 3, 10) == 5)
    more = friends(Friends("base", 10, 3, 10), asked(1 * YUAN, draw=five, base=base))
    assert more == 40 * YUAN
    assert gift + base + more == 248 * YUAN


def test_99_giving_day_2017_gives_one_for_one_and_x() -> None:
    """The donor's yuan, a company's yuan, and a drawn part of that from the foundation."""
    gift = 50 * YUAN
    company = ratio(Ratio(1, 1), asked(gift))
    x = [
        one_one_x(OneOneX("R1", 0, 1000), asked(gift, given={"R1": company}, draw=draw_number(n)))
        for n in range(500)
    ]
    assert company == gift
    assert 0 <= min(x) < 100
    assert 4_900 < max(x) <= company
    nothing = asked(gift, given={"R1": 0}, draw=draw_number(1))
    assert one_one_x(OneOneX("R1", 1000, 1000), nothing) == 0


def test_fen_fen_juan_2023_gives_99_fen_for_each_gift() -> None:
    assert {flat(Flat(99), asked(amount)) for amount in (1, 99, 100, 10**9)} == {99}


def test_a_parcel_for_35_yuan_gets_five_from_the_sponsor() -> None:
    kind = PerUnit(35 * YUAN, 5 * YUAN)
    assert [per_unit(kind, asked(yuan * YUAN)) for yuan in (34, 35, 69, 70, 105)] == [
        0, 500, 500, 1_000, 1_500,
    ]  # fmt: skip


GOOD: tuple[tuple[Kind, dict[str, Any]], ...] = (
    (Ratio(1, 2), {"kind": "ratio", "numerator": 1, "denominator": 2}),
    (Flat(99), {"kind": "flat", "amount": 99}),
    (PerUnit(10, 1), {"kind": "per-unit", "unit": 10, "each": 1, "units_max": 0}),
    (TierBonus(((100, 200),)), {"kind": "tier-bonus", "tiers": [[100, 200]]}),
    (RandomRange(1, 2), {"kind": "random-range", "low": 1, "high": 2, "chance": 1000}),
    (OneOneX("R1", 0, 9), {"kind": "one-one-x", "on": "R1", "low": 0, "high": 9}),
    (Friends("R1", 10, 3, 9), {"kind": "friends", "on": "R1", "friends": 10, "low": 3, "high": 9}),
    (Coupon(9, 1000, 5), {"kind": "coupon", "count": 9, "permille": 1000, "most": 5}),
    (LumpSum(10, 5), {"kind": "lump-sum", "threshold": 10, "amount": 5}),
    (Quadratic(), {"kind": "quadratic", "unit": 1}),
)


@pytest.mark.parametrize(("kind", "document"), GOOD)
def test_a_kind_is_written_by_its_name_and_read_again(kind: Kind, document: dict[str, Any]) -> None:
    assert kind.wrong() == ""
    # A tuple is a list in JSON.
    assert msgspec.json.decode(msgspec.json.encode(kind)) == document
    assert msgspec.convert(document, Kind) == kind
    with pytest.raises(msgspec.ValidationError, match="unknown field"):
        msgspec.convert(document | {"more": 1}, Kind)


def test_the_register_has_every_kind_once() -> None:
    named = [type(kind) for kind, _ in GOOD]
    assert list(KINDS) == named
    assert {kind for kind in named if kind in DRAWS} == {RandomRange, OneOneX, Friends}
    assert {kind for kind in named if kind in SHARED} == {Ratio, Flat, PerUnit, TierBonus}


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        (Ratio(0, 1), "two positives"),
        (Ratio(1, 0), "two positives"),
        (Ratio(-1, 1), "two positives"),
        (Flat(0), "needs an amount"),
        (PerUnit(0, 1), "positive amounts"),
        (PerUnit(1, 0), "positive amounts"),
        (PerUnit(1, 1, -1), "positive amounts"),
        (TierBonus(()), "must grow"),
        (TierBonus(((5, 1), (5, 2))), "must grow"),
        (TierBonus(((5, 1), (4, 2))), "must grow"),
        (TierBonus(((-1, 1),)), "must grow"),
        (TierBonus(((1, -1),)), "must grow"),
        (TierBonus(tuple((n, 1) for n in range(21))), "must grow"),
        (RandomRange(2, 1), "random range"),
        (RandomRange(-1, 1), "random range"),
        (RandomRange(1, 100_001), "random range"),
        (RandomRange(1, 2, 0), "random range"),
        (RandomRange(1, 2, 1001), "random range"),
        (OneOneX("", 0, 1), "X needs"),
        (OneOneX("R1", 2, 1), "X needs"),
        (OneOneX("R1", -1, 1), "X needs"),
        (OneOneX("R1", 0, 100_001), "X needs"),
        (Friends("", 1, 1, 1), "friends need"),
        (Friends("R1", 0, 1, 1), "friends need"),
        (Friends("R1", 1, 0, 1), "friends need"),
        (Friends("R1", 1, 2, 1), "friends need"),
        (Friends("R1", 1, 1, 1001), "friends need"),
        (Coupon(0, 1, 1), "coupons need"),
        (Coupon(1, 0, 1), "coupons need"),
        (Coupon(1, 1, 0), "coupons need"),
        (LumpSum(0, 1), "threshold"),
        (LumpSum(1, 0), "threshold"),
        (Quadratic(0), "positive"),
    ],
)
def test_terms_of_a_kind_that_mean_nothing_are_named(bad: Kind, why: str) -> None:
    assert why in bad.wrong()
