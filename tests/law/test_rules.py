"""Which figure holds on a day: against an oracle that walks the days, and the house's own table."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jusha.law.queries import seed
from jusha.law.rules import Figure, LawTableError, NoFigureError, pick, read_table

DAYS = st.dates(date(2016, 1, 1), date(2016, 3, 1))


def figure(begins: date, *, ends: date | None = None, value: int = 1, place: int = 0) -> Figure:
    return Figure("a", "R-X", "甲", "A", value, "days", begins, ends, "法", "V", place)


def by_walking(rows: list[Figure], on: date) -> int | None:
    """The oracle: write each day's figure in the order of recording, then read the day."""
    begun: dict[date, Figure] = {}
    for row in sorted(rows, key=lambda each: each.place):
        begun[row.begins] = row
    holds, day = None, date(2016, 1, 1)
    while day <= on:
        if day in begun:
            holds = begun[day]
        day += timedelta(days=1)
    if holds is None or (holds.ends is not None and on >= holds.ends):
        return None
    return holds.value


@given(
    st.lists(st.tuples(DAYS, st.integers(1, 40) | st.none(), st.integers(0, 99)), max_size=6), DAYS
)
def test_the_picked_figure_is_the_one_that_walking_the_days_finds(
    told: list[tuple[date, int | None, int]], on: date
) -> None:
    rows = [
        figure(begins, ends=begins + timedelta(length) if length else None, value=v, place=place)
        for place, (begins, length, v) in enumerate(told)
    ]
    expected = by_walking(rows, on)
    if expected is None:
        with pytest.raises(NoFigureError):
            pick(rows, "a", on=on)
    else:
        assert pick(rows, "a", on=on).value == expected


def test_the_day_before_a_change_has_the_old_figure_and_the_day_itself_the_new_one() -> None:
    rows = [figure(date(2024, 1, 1), value=10), figure(date(2026, 5, 1), value=20)]
    assert pick(rows, "a", on=date(2026, 4, 30)).value == 10
    assert pick(rows, "a", on=date(2026, 5, 1)).value == 20


def test_who_asks_for_a_day_before_the_first_figure_is_told_when_it_begins() -> None:
    with pytest.raises(LookupError, match=r"a has no figure on 2023-12-31.*begins on 2024-01-01"):
        pick([figure(date(2024, 1, 1))], "a", on=date(2023, 12, 31))
    with pytest.raises(LookupError, match="no rule of the law is called b"):
        pick([figure(date(2024, 1, 1))], "b", on=date(2024, 1, 1))


def test_the_table_of_the_house_knows_what_the_other_rooms_ask_for() -> None:
    rows, on = seed(), date(2026, 11, 23)
    asked = {
        "file-before-start-days": 10,
        "emergency-filing-days": 10,
        "parent-members-min": 500,
        "complaint-answer-working-days": 5,
        "disclosure-long-months": 6,
        "disclosure-every-months": 3,
        "disclosure-end-months": 3,
        "emergency-disclosure-days": 5,
        "annual-report-month": 5,
        "annual-report-day": 31,
        "related-party-days": 30,
        "spend-min-permille": 700,
        "admin-max-permille": 100,
        "records-keep-years": 2,
    }
    assert {rule: pick(rows, rule, on=on).value for rule in asked} == asked


def test_a_figure_whose_successor_nobody_found_is_not_guessed() -> None:
    rows = seed()
    assert pick(rows, "admin-max-association-permille", on=date(2026, 4, 26)).value == 130
    with pytest.raises(LookupError, match="ended on 2026-04-27"):
        pick(rows, "admin-max-association-permille", on=date(2026, 4, 27))


RULE = """
[[rule]]
id = "x-days"
r = ""
zh = "甲"
en = "A"
unit = "days"
figure = [{ value = 1, from = "2024-01-01", source = "法", sure = "V" }]
"""


@pytest.mark.parametrize(
    ("was", "now"),
    [
        ("value = 1", "value = -1"),
        ("value = 1", 'value = "1"'),
        ('unit = "days"', 'unit = "moons"'),
        ('"x-days"', '"X days"'),
        ('sure = "V"', 'sure = "Z"'),
        ('from = "2024-01-01"', 'from = "2024-01-01", until = "2024-01-01"'),
        ('source = "法"', 'source = ""'),
        ('r = ""', 'r = ""\nq = 1'),
        (RULE, RULE + RULE),
    ],
)
def test_what_is_no_table_of_figures_is_refused(was: str, now: str) -> None:
    assert read_table(RULE)[0].value == 1
    with pytest.raises(LawTableError):
        read_table(RULE.replace(was, now))
