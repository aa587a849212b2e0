"""Quadratic funding against two finished rounds, to the last digit, and a slow oracle."""

import csv
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jusha.matching.kinds.quadratic import linear_payouts, matches, payouts, votes_and_credits
from tests.matching import oracles

LINEAR, CAPITAL_CONSTRAINED = "0x18604d04.json", "0x96FBFf51.json"
PLACES = 10**18

rounds = st.lists(st.lists(st.integers(0, 3_000), max_size=5), max_size=6)


def finished(shared: str, name: str) -> dict[str, Any]:
    path = Path(shared) / "data" / "qf_clrfund" / name
    found: dict[str, Any] = json.loads(path.read_text())
    return found


def numbers(found: dict[str, Any], key: str) -> list[int]:
    return [int(each) for each in found[key]]


@pytest.mark.parametrize(
    ("name", "rule", "projects"), [(LINEAR, linear_payouts, 30), (CAPITAL_CONSTRAINED, payouts, 10)]
)
def test_a_finished_round_of_clr_fund_comes_out_to_the_last_digit(
    shared: str, name: str, rule: Any, projects: int
) -> None:
    found = finished(shared, name)
    pool, unit = int(found["matching_pool_wei"]), int(found["voice_credit_factor"])
    votes, spent = numbers(found, "tally_votes"), numbers(found, "spent_credits")
    paid = rule(pool, unit, votes, spent)
    published = {each["index"]: int(each["expected_payout_wei"]) for each in found["projects"]}
    assert len(published) == projects
    assert sum(published.values()) > pool
    assert {index: paid[index] for index in published} == published
    assert pool >= sum(paid) - unit * sum(spent) > pool - len(votes) * (1 + PLACES // 10**9)


def test_a_finished_round_with_alpha_above_one_would_have_left_money_in_our_pool(
    shared: str,
) -> None:
    """clr.fund paid over three times what the squares asked for; a pool of ours stops there."""
    found = finished(shared, CAPITAL_CONSTRAINED)
    pool, unit = int(found["matching_pool_wei"]), int(found["voice_credit_factor"])
    votes, spent = numbers(found, "tally_votes"), numbers(found, "spent_credits")
    added = matches(pool, unit, votes, spent)
    squares = [unit * (vote * vote - part) for vote, part in zip(votes, spent, strict=True)]
    assert added == squares
    assert 3 * sum(added) < pool < 4 * sum(added)
    # With as much as was asked for, or less, the pool adds what clr.fund's rule pays beyond gifts.
    less = sum(squares) * 2 // 3
    paid = payouts(less, unit, votes, spent)
    assert [
        part + unit * own
        for part, own in zip(matches(less, unit, votes, spent), spent, strict=True)
    ] == paid


@given(pool=st.integers(0, 10**6), unit=st.integers(1, 40), projects=rounds)
def test_matches_are_those_of_a_slow_oracle_and_never_above_the_pool(
    pool: int, unit: int, projects: list[list[int]]
) -> None:
    sums = [votes_and_credits(each, unit) for each in projects]
    added = matches(pool, unit, [v for v, _ in sums], [s for _, s in sums])
    assert added == oracles.quadratic(pool, unit, projects)
    assert sum(added) <= pool
    assert min(added, default=0) >= 0


@given(
    pool=st.integers(0, 10**16),
    unit=st.integers(1, 10**4),
    tallies=st.lists(st.tuples(st.integers(0, 10**7), st.integers(0, 10**5)), max_size=8),
)
def test_sums_as_large_as_a_nation_stay_within_the_pool(
    pool: int, unit: int, tallies: list[tuple[int, int]]
) -> None:
    votes = [vote for vote, _ in tallies]
    spent = [min(part, vote * vote) for vote, part in tallies]
    asked = unit * sum(vote * vote - part for vote, part in zip(votes, spent, strict=True))
    added = matches(pool, unit, votes, spent)
    assert sum(added) <= min(pool, asked)
    # Rounding keeps back less than one a project, and what alpha's last place is worth.
    assert sum(added) > min(pool, asked) - len(votes) - 1 - asked // PLACES or not asked


@given(sums=st.lists(st.integers(0, 20_000), max_size=6), unit=st.integers(1, 50))
def test_roots_are_whole_and_counted_up_by_hand(sums: list[int], unit: int) -> None:
    roots = [oracles.root(each // unit) for each in sums]
    assert votes_and_credits(sums, unit) == (sum(roots), sum(root**2 for root in roots))


def test_alpha_is_one_at_most_so_a_rich_pool_keeps_what_the_squares_do_not_ask_for() -> None:
    votes, spent = votes_and_credits([100, 100, 100, 100], 1)
    assert (votes, spent) == (40, 400)
    assert matches(10**9, 1, [votes], [spent]) == [1_200]
    assert matches(1_200, 1, [votes], [spent]) == [1_200]
    assert matches(1_199, 1, [votes], [spent]) == [1_198]  # alpha and payout are rounded down
    assert payouts(1_200, 1, [votes], [spent]) == [1_600]


def test_four_donors_of_one_yuan_outweigh_one_of_four() -> None:
    many, one = votes_and_credits([100] * 4, 1), votes_and_credits([400], 1)
    assert matches(600, 1, [many[0], one[0]], [many[1], one[1]]) == [600, 0]


def test_a_round_in_which_nobody_has_company_gives_nothing() -> None:
    assert matches(500, 1, [10, 20], [100, 400]) == [0, 0]
    assert matches(500, 1, [], []) == []
    assert linear_payouts(500, 1, [0, 0], [0, 0]) == [0, 0]


def test_a_round_of_86_voters_comes_out_as_published_within_its_three_digits(shared: str) -> None:
    """Token Engineering Commons, round 1, which published sums of gifts to three digits only."""
    path = Path(shared) / "data" / "qf_tegr" / "tegr1_published_outcomes.csv"
    with path.open(encoding="utf-8-sig", newline="") as lines:
        outcomes = list(csv.DictReader(lines))
    votes = [int(row["sumOfSqrt"]) for row in outcomes]
    spent = [int(Decimal(row["totalReceived"])) for row in outcomes]
    published = [Decimal(row["matchedUSD"]) for row in outcomes]
    added = matches(int(sum(published) * PLACES), 1, votes, spent)
    assert len(added) == 16
    for ours, theirs in zip(added, published, strict=True):
        assert abs(Decimal(ours) / PLACES - theirs) < theirs / 1000
