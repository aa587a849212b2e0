"""Sharing a sum: pro rata to the last fen, in any order, a chunk at a time."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from jusha.matching.kinds.shares import (
    NO_CUT_OFF,
    CutOff,
    cut_off_of,
    pro_rata,
    share_of,
    shared_budget,
)
from tests.matching import oracles

DOLLAR = 100

claims = st.dictionaries(st.integers(0, 400), st.integers(1, 60), min_size=1, max_size=25).map(
    lambda found: sorted(found.items())
)
large = st.dictionaries(st.integers(0, 10**12), st.integers(1, 10**14), min_size=1, max_size=9)


@given(claims=claims, budget=st.integers(0, 900))
def test_shares_are_those_of_a_slow_oracle(claims: list[tuple[int, int]], budget: int) -> None:
    assert dict(pro_rata(claims, budget)) == oracles.shared(claims, budget)


@given(claims=large.map(lambda found: sorted(found.items())), budget=st.integers(0, 10**15))
def test_shares_come_to_the_budget_exactly_whatever_the_sums(
    claims: list[tuple[int, int]], budget: int
) -> None:
    shares = pro_rata(claims, budget)
    assert sum(share for _, share in shares) == budget
    assert dict(shares) == oracles.shared(claims, budget)


@given(claims=claims, budget=st.integers(0, 900), data=st.data())
def test_the_order_in_which_claims_come_changes_no_share(
    claims: list[tuple[int, int]], budget: int, data: st.DataObject
) -> None:
    turned = data.draw(st.permutations(claims))
    assert cut_off_of(turned, budget) == cut_off_of(claims, budget)
    assert sorted(pro_rata(turned, budget)) == pro_rata(claims, budget)


@given(claims=claims, budget=st.integers(0, 900))
def test_each_share_follows_from_its_claim_and_the_totals_alone(
    claims: list[tuple[int, int]], budget: int
) -> None:
    total, cut_off = sum(claim for _, claim in claims), cut_off_of(claims, budget)
    alone = {n: share_of(n, claim, total, budget, cut_off) for n, claim in claims}
    assert alone == oracles.shared(claims, budget)


@given(claims=claims, data=st.data())
def test_no_claim_gets_more_than_it_is_when_the_budget_is_within_the_claims(
    claims: list[tuple[int, int]], data: st.DataObject
) -> None:
    budget = data.draw(st.integers(0, sum(claim for _, claim in claims)))
    for (_, share), (_, claim) in zip(pro_rata(claims, budget), claims, strict=True):
        assert 0 <= share <= claim


@given(claims=claims, budget=st.integers(0, 900))
def test_a_larger_claim_never_gets_less(claims: list[tuple[int, int]], budget: int) -> None:
    shares = dict(pro_rata(claims, budget))
    ranked = sorted(claims, key=lambda each: each[1])
    for (first, less), (second, more) in pairwise(ranked):
        if less < more:
            assert shares[first] <= shares[second]


@given(budget=st.integers(-50, 900), total=st.integers(-5, 900), everything=st.booleans())
def test_what_is_shared_is_what_is_claimed_or_all_of_it(
    budget: int, total: int, *, everything: bool
) -> None:
    wanted = oracles.to_share(budget, total, everything=everything)
    assert shared_budget(budget, total, everything=everything) == wanted


def test_nobody_claims_and_nobody_gets() -> None:
    assert pro_rata([], 0) == []
    assert cut_off_of([], 500) == NO_CUT_OFF
    assert shared_budget(500, 0, everything=True) == 0


def test_equal_remainders_go_to_the_smaller_number() -> None:
    assert pro_rata([(7, 1), (3, 1), (5, 1)], 2) == [(7, 0), (3, 1), (5, 1)]
    assert cut_off_of([(7, 1), (3, 1), (5, 1)], 2) == CutOff(2, 5)
    assert pro_rata([(7, 3), (3, 3), (5, 3)], 10) == [(7, 3), (3, 4), (5, 3)]


def test_no_remainder_is_left_where_the_budget_divides() -> None:
    assert cut_off_of([(1, 10), (2, 30)], 20) == NO_CUT_OFF
    assert pro_rata([(1, 10), (2, 30)], 20) == [(1, 5), (2, 15)]


def project_gets(pool: int, raised: int, own: int, *, everything: bool = False) -> int:
    """Share a pool between a project and all others together, in cents."""
    everyone = [(1, own), (2, raised - own)]
    return pro_rata(everyone, shared_budget(pool, raised, everything=everything))[0][1]


def test_globalgiving_bonus_day_shares_75_000_dollars_by_what_was_raised() -> None:
    pool = 75_000 * DOLLAR
    assert project_gets(pool, 150_000 * DOLLAR, 5_000 * DOLLAR) == 2_500 * DOLLAR
    assert project_gets(pool, 300_000 * DOLLAR, 5_000 * DOLLAR) == 1_250 * DOLLAR


def test_globalgiving_2014_gives_a_project_3_436_dollars_and_45_cents() -> None:
    """75,000 x 8,735 / 190,640 is 3,436.4509...: exact to the cent."""
    assert project_gets(75_000 * DOLLAR, 190_640 * DOLLAR, 8_735 * DOLLAR) == 343_645


def test_globalgiving_incentive_fund_shares_all_of_it_by_part_of_what_was_raised() -> None:
    """5 % of everything raised is 5 % of 50,000 dollars, even if that is more than was raised."""
    pool = 50_000 * DOLLAR
    assert project_gets(pool, 400_000 * DOLLAR, 20_000 * DOLLAR, everything=True) == 250_000
    assert project_gets(pool, 10_000 * DOLLAR, 500 * DOLLAR, everything=True) == 250_000
    # Up to the claims only, the same project would get what it raised and no more.
    assert project_gets(pool, 10_000 * DOLLAR, 500 * DOLLAR) == 50_000
