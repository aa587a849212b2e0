"""What each rule finds, beside oracles that look at every gift and every span."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jusha.guarding.rules import (
    DEVICE,
    INVITE,
    MINUTE_US,
    PAYER,
    RULES,
    SECOND_US,
    AbuseRefusedError,
    Act,
    check_terms,
    few,
    own,
    quota,
    rapid,
    reimbursed,
    ring,
    shared,
)

RAPID = {"gifts": 4, "seconds": 60}
BOUGHT = {"persons": 3, "friends": 5, "least_fen": 50_000, "minutes": 60}


def act(deed: int, at_s: float = 0, who: int = 1, project: int = 1, amount: int = 100) -> Act:
    return Act(deed, UUID(int=who), project, amount, int(at_s * SECOND_US))


acts_of_seconds = st.lists(st.integers(0, 240), max_size=30).map(
    lambda seconds: [act(deed, at) for deed, at in enumerate(seconds)]
)


def spans_over(acts: list[Act], span_us: int, over: Callable[[list[Act]], bool]) -> set[int]:
    """Every gift that lies in some span, beginning at a gift, that is over the mark."""
    found: set[int] = set()
    for first in acts:
        within = [each for each in acts if first.at_us <= each.at_us < first.at_us + span_us]
        if over(within):
            found |= {each.deed for each in within}
    return found


@given(acts_of_seconds)
def test_a_rapid_payer_is_found_with_the_gifts_of_every_crowded_minute(acts: list[Act]) -> None:
    wanted = spans_over(acts, 60 * SECOND_US, lambda within: len(within) > 4)
    found = rapid(acts, RAPID)
    assert (set(found.deeds) if found else set()) == wanted


def test_four_gifts_a_minute_are_a_hands_work_and_five_are_not() -> None:
    hand = [act(n, n * 15) for n in range(20)]
    assert rapid(hand, RAPID) is None
    found = rapid([*hand, act(99, 61)], RAPID)
    assert found is not None
    assert 99 in found.deeds
    assert found.inputs == {"apart": 5, "least": 4, "seconds": 60}
    assert found.score == 125


same_sums = st.lists(
    st.tuples(st.integers(0, 200), st.integers(0, 4), st.sampled_from([100, 50_000, 100_000])),
    max_size=25,
).map(lambda rows: [act(n, at * 60, who, amount=sum_) for n, (at, who, sum_) in enumerate(rows)])


@given(same_sums)
def test_many_payers_with_the_same_large_sum_are_found(acts: list[Act]) -> None:
    wanted: set[int] = set()
    for amount in (50_000, 100_000):
        mine = [each for each in acts if each.amount == amount]
        wanted |= spans_over(
            mine, 60 * MINUTE_US, lambda within: len({each.who for each in within}) >= 3
        )
    found = reimbursed(acts, DEVICE, BOUGHT)
    assert (set(found.deeds) if found else set()) == wanted


def test_friends_of_one_inviter_look_alike_honestly_and_need_more() -> None:
    team = [act(n, n, who=n, amount=50_000) for n in range(4)]
    assert reimbursed(team, INVITE, BOUGHT) is None
    assert reimbursed(team, DEVICE, BOUGHT) is not None
    assert reimbursed([act(n, n, n, amount=49_900) for n in range(9)], DEVICE, BOUGHT) is None
    apart = [act(n, n, who=n, project=n, amount=50_000) for n in range(4)]
    assert reimbursed(apart, DEVICE, BOUGHT) is None


def test_a_family_shares_a_browser_and_ten_payers_do_not() -> None:
    terms = {"persons": 10, "accounts": 5}
    assert shared([act(n, who=n % 6) for n in range(40)], DEVICE, terms) is None
    found = shared([act(n, who=n) for n in range(10)], DEVICE, terms)
    assert found is not None
    assert found.inputs == {"apart": 10, "least": 10, "kind": DEVICE}
    assert shared([act(n, who=n) for n in range(5)], PAYER, terms) is not None


def test_a_charitys_own_people_may_give_and_not_harvest() -> None:
    terms = {"gifts": 3, "least_fen": 1_000}
    assert own([act(n, amount=400) for n in range(2)], terms) is None
    assert own([act(n, amount=300) for n in range(3)], terms) is None
    assert own([act(n, amount=400) for n in range(3)], terms) is not None


def test_a_gift_refunded_twice_in_parts_is_one_turn_of_a_ring() -> None:
    assert ring([act(1), act(1), act(2)], {"refunds": 3}) is None
    assert ring([act(1), act(1), act(2), act(3)], {"refunds": 3}) is not None


@given(st.lists(st.integers(0, 40), max_size=8))
def test_reports_of_forced_giving_count_within_their_days(days: list[int]) -> None:
    begin = date(2026, 9, 1)
    peak = max((sum(0 <= day - each < 7 for each in days) for day in days), default=0)
    found = quota([begin + timedelta(days=day) for day in days], {"reports": 3, "days": 7})
    assert (found.inputs["reports"] if found else 0) == (peak if peak >= 3 else 0)


@pytest.mark.parametrize(
    ("rule", "terms"),
    [
        ("rapid", {"gifts": 4}),
        ("rapid", {"gifts": 4, "seconds": 60, "more": 1}),
        ("rapid", {"gifts": 0, "seconds": 60}),
        ("rapid", {"gifts": True, "seconds": 60}),
        ("rapid", {"gifts": "4", "seconds": 60}),
        ("rapid", {"gifts": 4, "seconds": 3_601}),
        ("shared", {"persons": 1, "accounts": 5}),
        ("unknown", {}),
    ],
)
def test_thresholds_that_nobody_can_mean_are_refused(rule: str, terms: dict[str, Any]) -> None:
    with pytest.raises(AbuseRefusedError):
        check_terms(rule, terms)


def test_every_rule_has_thresholds_and_small_counts_are_not_told() -> None:
    assert all(RULES.values())
    assert [few(count) for count in (0, 1, 4, 5, 1_000)] == ["0", "<5", "<5", "5", "1,000"]
