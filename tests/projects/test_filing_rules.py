"""What a filing may say, and for which days it lets a project raise money."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from jusha.projects.rules import Asked, filing_faults, filing_standing, number_faults

USCC = "91110000600037341L"
NUMBER = f"{USCC}A26001"
FILED, START, END = date(2026, 8, 1), date(2026, 8, 11), date(2027, 2, 28)
RIGHT = Asked(NUMBER, FILED, START, END)
BEFORE, EMERGENCY = 10, 10


def faults(asked: Asked, **more: int) -> list[str]:
    days = {"before_days": BEFORE, "emergency_days": EMERGENCY} | more
    return filing_faults(asked, uscc=USCC, today=date(2026, 8, 5), **days)


@pytest.mark.parametrize(
    ("number", "uscc", "why"),
    [
        (NUMBER, USCC, []),
        (f"{USCC[:-1]}MA26001", USCC, ["number-borrowed"]),
        ("91110000600037342LA26001", "91110000600037342L", ["uscc"]),
        (USCC, USCC, ["number-shape"]),
        (f"{USCC}a1", USCC, ["number-shape"]),
        (f"{USCC}A1\n", USCC, ["number-shape"]),
        (USCC + "1" * 23, USCC, ["number-shape"]),
    ],
)
def test_a_number_begins_with_the_charitys_own_code(number: str, uscc: str, why: list[str]) -> None:
    assert number_faults(number, uscc=uscc) == why


def test_a_project_starts_so_many_days_after_its_filing_and_not_one_sooner() -> None:
    assert faults(RIGHT) == []
    assert faults(replace(RIGHT, starts_on=START - timedelta(days=1))) == ["starts-too-early"]
    assert faults(RIGHT, before_days=11) == ["starts-too-early"]


def test_only_an_emergency_goes_without_a_number() -> None:
    pending = Asked("", None, FILED, END, emergency=True)
    assert faults(pending) == []
    assert faults(replace(pending, emergency=False)) == ["number-missing"]
    late = Asked(NUMBER, FILED + timedelta(days=1), FILED - timedelta(days=9), END, emergency=True)
    assert faults(late) == []
    assert faults(replace(late, starts_on=late.starts_on - timedelta(days=1))) == ["filed-too-late"]


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"filed_on": None}, ["filed-on-missing"]),
        ({"filed_on": date(2026, 8, 6), "starts_on": date(2026, 9, 1)}, ["filed-in-future"]),
        ({"ends_on": START - timedelta(days=1)}, ["ends-before-start"]),
        (
            {
                "filed_on": date(2025, 8, 1),
                "starts_on": date(2025, 9, 1),
                "ends_on": date(2026, 8, 4),
            },
            ["number-expired"],
        ),
    ],
)
def test_wrong_days_are_named(wrong: dict[str, Any], why: list[str]) -> None:
    assert faults(replace(RIGHT, **wrong)) == why


@pytest.mark.parametrize(
    ("today", "stands"),
    [
        (START - timedelta(days=1), "not-yet"),
        (START, "valid"),
        (END, "valid"),
        (END + timedelta(days=1), "ended"),
    ],
)
def test_a_filing_holds_from_its_first_to_its_last_day(today: date, stands: str) -> None:
    assert filing_standing(RIGHT, today, emergency_days=EMERGENCY) == stands
    assert filing_standing(None, today, emergency_days=EMERGENCY) == "none"


def test_an_emergency_without_a_number_stops_by_itself_on_the_day_after() -> None:
    pending = Asked("", None, START, END, emergency=True)
    last = START + timedelta(days=EMERGENCY)
    assert filing_standing(pending, last, emergency_days=EMERGENCY) == "valid"
    after = last + timedelta(days=1)
    assert filing_standing(pending, after, emergency_days=EMERGENCY) == "unfiled"
    assert filing_standing(replace(pending, number=NUMBER), after, emergency_days=EMERGENCY) == (
        "valid"
    )
