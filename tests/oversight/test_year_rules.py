"""A charity's whole year: ratios by the law of its kind and year, the forecast, the reason."""

from datetime import date
from typing import Any

import pytest

from jusha.law.queries import seed
from jusha.law.rules import NoFigureError, pick
from jusha.oversight.year_rules import REFUSALS, Ratio, Said, YearRefusedError, check, ratios

WHOLE = Said(2025, date(2025, 12, 31), 100_000, 0, 70_000, 7_000)


def law(rule: str, on: date) -> int | None:
    try:
        return pick(seed(), rule, on=on).value
    except NoFigureError:
        return None


def states(said: Said, kind: str = "foundation") -> list[str]:
    return [each.state for each in ratios(kind, said, law)]


def test_a_foundation_spends_seven_tenths_and_a_tenth_on_itself_at_most() -> None:
    least, most = ratios("foundation", WHOLE._replace(admin=70_000_000), law)
    assert (least.now, least.by_end, least.law, least.state) == (700, 700, 700, "met")
    assert (most.now, most.law, most.state) == (999, 100, "missed")
    assert states(WHOLE._replace(spent=69_999))[0] == "missed", "one fen less"
    year = WHOLE._replace(spent=900_000_000, admin=100_000_000)
    assert states(year)[1] == "met", "a tenth exactly"
    assert states(year._replace(admin=100_000_001))[1] == "missed"


def test_the_base_that_asks_for_less_counts() -> None:
    assert states(WHOLE._replace(spent=56_000, mean_income=80_000))[0] == "met"
    assert states(WHOLE._replace(mean_income=200_000))[0] == "met"


def test_the_law_of_the_years_last_day_counts_and_what_nobody_found_is_unknown() -> None:
    assert states(WHOLE, "association") == ["met", "exempt"]
    later = WHOLE._replace(year=2026, as_of=date(2026, 12, 31))
    assert states(later, "association") == ["unknown", "unknown"], "the figures of 2016 have ended"
    assert states(later) == ["met", "met"]
    assert states(WHOLE, "") == ["unknown", "unknown"], "a charity of which nobody said the kind"
    some = WHOLE._replace(spent=870_000_000, admin=130_000_000)
    assert states(some, "service")[1] == "met", "13 per cent"
    assert states(some, "foundation")[1] == "missed"


def test_little_administration_is_exempt_while_the_law_said_so() -> None:
    poor = WHOLE._replace(spent=1_000, admin=19_999_999)
    assert states(poor)[1] == "exempt"
    assert states(poor._replace(admin=20_000_000))[1] == "missed"
    assert states(poor._replace(year=2026, as_of=date(2026, 12, 31)))[1] == "missed"


def test_a_year_under_way_is_told_to_its_end() -> None:
    half = Said(2026, date(2026, 7, 2), 100_000, 0, 35_100, 0)  # 183 days of 365
    least, _ = ratios("foundation", half, law)
    assert (least.now, least.by_end, least.state) == (351, 700, "met")
    assert states(half._replace(as_of=date(2026, 7, 3)))[0] == "missed"


MISSED = Ratio("spend-min-permille", 1, 1, 700, "missed")


@pytest.mark.parametrize(
    ("more", "reason", "found", "code"),
    [
        ({"year": 2015, "as_of": date(2015, 1, 1)}, "", [], "year"),
        ({"year": 2027, "as_of": date(2027, 1, 1)}, "", [], "year"),
        ({"as_of": date(2024, 12, 31)}, "", [], "day"),
        ({"year": 2026, "as_of": date(2026, 11, 25)}, "", [], "day"),
        ({"spent": -1}, "", [], "amount"),
        ({"admin": 10**15 + 1}, "", [], "amount"),
        ({"income": 0}, "", [], "income"),
        ({}, "", [MISSED], "reason"),
        ({}, "x" * 1_001, [], "reason"),
        ({}, "a\0b", [], "reason"),
    ],
)
def test_what_cannot_be_is_refused(
    more: dict[str, Any], reason: str, found: list[Ratio], code: str
) -> None:
    with pytest.raises(YearRefusedError) as refused:
        check(WHOLE._replace(**more), reason, found, today=date(2026, 11, 24))
    assert refused.value.code == code
    assert code in REFUSALS


def test_a_missed_ratio_with_a_reason_may_be_told() -> None:
    check(WHOLE, "已报告民政部门。", [MISSED], today=date(2026, 11, 24))
