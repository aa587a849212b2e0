"""The platform's report of a half year: its days, its ratios, what it must say."""

from datetime import date
from typing import Any

import pytest

from jusha.oversight.platform_rules import (
    FIGURES,
    REFUSALS,
    PlatformRefusedError,
    check,
    over,
    per_myriad,
    shares,
    span,
)

BODY: dict[str, Any] = {"version": 1, "income": 0, "cost": 5, "words": "平稳。", "correction": ""}


@pytest.mark.parametrize(
    ("period", "begins", "ends"),
    [
        ("2026-h1", date(2026, 1, 1), date(2026, 7, 1)),
        ("2026-h2", date(2026, 7, 1), date(2027, 1, 1)),
        ("2026", date(2026, 1, 1), date(2027, 1, 1)),
    ],
)
def test_a_period_has_its_days(period: str, begins: date, ends: date) -> None:
    assert span(period) == (begins, ends)


@pytest.mark.parametrize("period", ["", "2026-h3", "2026-h", "26", "2026-h1 ", "２０２６"])
def test_another_word_is_no_period(period: str) -> None:
    with pytest.raises(PlatformRefusedError, match="period"):
        span(period)


def test_a_half_is_over_on_the_day_behind_it() -> None:
    began = date(2026, 3, 4)
    assert over(began, date(2026, 6, 30)) == []
    assert over(began, date(2026, 7, 1)) == ["2026-h1"]
    assert over(began, date(2026, 12, 31)) == ["2026-h1"]
    assert over(began, date(2027, 1, 1)) == ["2026", "2026-h2", "2026-h1"]
    assert over(date(2026, 7, 1), date(2027, 1, 1)) == ["2026", "2026-h2"]


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"income": -1}, "amount"), ({"cost": 10**15 + 1}, "amount"), ({"words": ""}, "words"),
        ({"words": "a\0b"}, "words"), ({"words": "x" * 2_001}, "words"),
        ({"correction": "x"}, "correction"), ({"version": 2}, "correction"),
        ({"version": 2, "correction": "x" * 401}, "correction"),
    ],
)  # fmt: skip
def test_a_report_says_what_it_must(more: dict[str, Any], code: str) -> None:
    with pytest.raises(PlatformRefusedError) as refused:
        check("2026-h1", BODY | more, today=date(2026, 7, 1))
    assert refused.value.code == code
    assert code in REFUSALS


def test_a_period_that_is_not_over_has_no_report() -> None:
    check("2026-h1", BODY, today=date(2026, 7, 1))
    with pytest.raises(PlatformRefusedError, match="not-over"):
        check("2026-h1", BODY, today=date(2026, 6, 30))


def test_ratios_are_rounded_down_and_of_nothing_there_is_none() -> None:
    assert per_myriad(1, 3) == 3_333
    assert per_myriad(0, 0) is None
    none = dict.fromkeys(FIGURES, 0)
    assert shares(none, 5) == {"online": None, "running": None, "raising": None}
    some = none | {"donated": 800, "online": 600, "programme": 90, "running": 10}
    assert shares(some, 8) == {"online": 7_500, "running": 1_000, "raising": 100}
