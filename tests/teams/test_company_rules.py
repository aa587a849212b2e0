"""What a company promised, kept and has left: plain arithmetic."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jusha.teams.company_rules import (
    forecast,
    is_domain,
    is_of_domain,
    paid_of,
    pledge_state,
    years,
)
from jusha.teams.rules import TeamRefusedError, judge, place

TODAY = date(2026, 9, 5)


@pytest.mark.parametrize(
    ("paid", "due", "state"),
    [
        (0, 1, "pledged"),
        (40, 1, "part"),
        (100, 1, "paid"),
        (100, -1, "paid"),
        (99, -1, "overdue"),
        (99, 0, "part"),
    ],
)
def test_a_pledge_is_kept_by_what_was_paid_and_overdue_the_day_after(
    paid: int, due: int, state: str
) -> None:
    due_on = TODAY + timedelta(days=due)
    assert pledge_state(amount=100, paid=paid, due_on=due_on, today=TODAY) == state


@given(
    st.lists(st.tuples(st.integers(0, 40), st.integers(1, 10**9)), max_size=8),
    st.integers(0, 10**10),
)
def test_what_was_paid_is_laid_once_and_upon_what_is_due_first(
    drawn: list[tuple[int, int]], paid: int
) -> None:
    pledges = [(n, TODAY + timedelta(days=day), amount, 0) for n, (day, amount) in enumerate(drawn)]
    laid = paid_of(pledges, paid)
    assert sum(laid.values()) == min(paid, sum(amount for _, _, amount, _ in pledges))
    short = [each for each in pledges if laid[each[0]] < each[2]]
    for one in short:
        assert all(laid[each[0]] == 0 for each in pledges if (each[1], each[0]) > (one[1], one[0]))


def test_what_was_paid_before_a_pledge_keeps_none_of_it() -> None:
    pledges = [(1, TODAY, 100, 40), (2, TODAY + timedelta(days=1), 100, 500)]
    assert paid_of(pledges, 40) == {1: 0, 2: 0}
    assert paid_of(pledges, 90) == {1: 50, 2: 0}
    assert paid_of(pledges, 500) == {1: 100, 2: 0}
    assert paid_of(pledges, 550) == {1: 100, 2: 50}


def test_the_budget_is_empty_when_the_last_week_goes_on() -> None:
    used = {TODAY - timedelta(days=back): 70 for back in range(10)}
    told = forecast(paid_in=1000, promised=500, spent=0, left=500, used=used, today=TODAY)
    assert (told.pace, told.empty_on) == (70, TODAY + timedelta(days=7))
    still = forecast(paid_in=1000, promised=0, spent=0, left=1000, used={}, today=TODAY)
    assert still.empty_on is None
    dry = forecast(paid_in=1000, promised=1000, spent=0, left=0, used=used, today=TODAY)
    assert dry.empty_on == TODAY


def test_years_in_a_row_end_with_this_year_or_the_last() -> None:
    dues = [(100, TODAY), (50, TODAY + timedelta(days=1))]
    told = years(given_in={2021, 2024, 2025}, dues=dues, paid=75, people=4, today=TODAY)
    assert told == (3, 2, 100, 75, 750, None)
    assert years(given_in={2024}, dues=[], paid=0, people=5, today=TODAY) == (1, 0, 0, 0, None, 5)


@pytest.mark.parametrize(
    ("text", "is_one"),
    [("example.com", True), ("a.b-c.cn", True), ("qq.com", False), ("com", False),
     ("Example.com", False), ("-a.com", False), ("a..com", False), ("a@b.com", False)],
)  # fmt: skip
def test_a_domain_is_a_company_s_own(text: str, is_one: bool) -> None:  # noqa: FBT001
    assert is_domain(text) is is_one


def test_an_address_that_ends_alike_is_not_of_the_domain() -> None:
    assert is_of_domain("li@example.com", "example.com")
    assert not is_of_domain("li@evil-example.com", "example.com")
    assert not is_of_domain("li@mail.example.com", "example.com")
    assert not is_of_domain("li@example.com", "")


def test_a_place_is_shared_and_nobody_without_a_gift_has_one() -> None:
    sums = {"a": 5, "b": 9, "c": 5, "d": 0}
    assert [place(sums, each) for each in "abcdx"] == [2, 1, 2, 0, 0]


@pytest.mark.parametrize("target", [99, 100_000_001])
def test_a_target_lies_between_one_yuan_and_a_million(target: int) -> None:
    ends = TODAY + timedelta(days=1)
    said = {"kind": "friends", "title": "a", "story": "b\nc", "figure": "", "ends_on": ends}
    judge(**said, target=100, today=TODAY)  # type: ignore[arg-type]
    judge(**said, target=100_000_000, today=TODAY)  # type: ignore[arg-type]
    with pytest.raises(TeamRefusedError, match="target"):
        judge(**said, target=target, today=TODAY)  # type: ignore[arg-type]
