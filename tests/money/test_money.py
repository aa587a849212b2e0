"""Integers, parts that add up, and the calendar's arithmetic."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jusha.money.assets import ASSETS, ASSETS_BY_NUMBER, decimal_text
from jusha.money.clock import (
    day_number,
    day_text,
    local_day,
    local_minute_of_day,
    minute_seconds,
    minute_text,
)
from jusha.money.split import cut_permille, part_returned

SHANGHAI = timezone(timedelta(hours=8))
AMOUNTS = st.integers(0, 10**13)


@given(amount=AMOUNTS, permille=st.integers(0, 1000))
def test_a_cut_loses_no_fen(amount: int, permille: int) -> None:
    rest, part = cut_permille(amount, permille)
    assert rest + part == amount
    assert min(rest, part) >= 0
    assert part * 1000 <= amount * permille < (part + 1) * 1000


@given(whole=AMOUNTS, parts=st.lists(st.integers(1, 10**6), min_size=1, max_size=20))
def test_parts_that_end_at_the_whole_return_exactly_the_whole(whole: int, parts: list[int]) -> None:
    done, back = 0, 0
    for part in parts:
        back += part_returned(whole, done, part, sum(parts))
        done += part
    assert back == whole


@pytest.mark.parametrize(("done", "now", "of"), [(0, 0, 10), (5, 6, 10), (-1, 1, 10), (0, 1, 0)])
def test_an_impossible_part_is_refused(done: int, now: int, of: int) -> None:
    with pytest.raises(ValueError, match="cannot return"):
        part_returned(100, done, now, of)


@pytest.mark.parametrize("permille", [-1, 1001])
def test_an_impossible_share_is_refused(permille: int) -> None:
    with pytest.raises(ValueError, match="per mille"):
        cut_permille(1, permille)


@given(at=st.integers(0, 4_102_444_800))
def test_days_and_minutes_are_those_of_shanghai(at: int) -> None:
    local = datetime.fromtimestamp(at, SHANGHAI)
    assert day_text(local_day(at)) == f"{local:%Y-%m-%d}"
    assert local_minute_of_day(at) == local.hour * 60 + local.minute
    assert minute_text(at) == f"{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%MZ}"
    assert minute_seconds(minute_text(at)) == at // 60 * 60
    assert day_number(day_text(local_day(at))) == local_day(at)


def test_amounts_are_written_with_all_their_decimals() -> None:
    assert decimal_text(123_456, "CNY") == "1234.56"
    assert decimal_text(-5, "CNY") == "-0.05"


def test_every_asset_has_its_own_number() -> None:
    assert len(ASSETS_BY_NUMBER) == len(ASSETS)
