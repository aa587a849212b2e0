"""What is due when: against an oracle that walks the calendar, and around each change of law."""

from datetime import date, timedelta
from itertools import pairwise
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jusha.law.queries import seed
from jusha.law.rules import Figure, NoFigureError, pick
from jusha.projects.disclosure_rules import (
    Due,
    Law,
    Span,
    add_months,
    annual,
    dues,
    key_of,
    periods,
    state,
)

HOUSE = Law(seed())


def figure(rule: str, begins: date, value: int) -> Figure:
    return Figure(rule, "", "甲", "A", value, "months", begins, None, "法", "V")


def figures(*changes: tuple[date, int], rule: str = "disclosure-every-months") -> list[Figure]:
    """The house's figures with one rule's replaced."""
    others = [each for each in seed() if each.rule != rule]
    return [*others, *(figure(rule, day, value) for day, value in changes)]


def on_day(rows: list[Figure], rule: str, day: date) -> int | None:
    try:
        return pick(rows, rule, on=day).value
    except NoFigureError:
        return None


def by_walking(span: Span, rows: list[Figure]) -> set[tuple[str, date]]:
    """The oracle: ask each morning, by that morning's figures, whether a period is over."""
    found: set[tuple[str, date]] = set()
    told = {"progress": span.starts_on, "emergency": span.starts_on}
    ends = {"final": "disclosure-end-months", "leftover": "leftover-report-months"}
    ends |= {"partner": "partner-report-months"} if span.has_partner else {}
    day = span.starts_on + timedelta(days=1)
    while day <= span.ends_on:
        every = on_day(rows, "disclosure-every-months", day)
        if every is not None and day >= add_months(told["progress"], every):
            long = on_day(rows, "disclosure-long-months", day)
            if long is not None and span.ends_on >= add_months(span.starts_on, long):
                found.add(("progress", day))
            told["progress"] = day
        days = on_day(rows, "emergency-disclosure-days", day)
        if span.emergency and days and day >= told["emergency"] + timedelta(days=days):
            found.add(("emergency", day))
            told["emergency"] = day
        day += timedelta(days=1)
    day = span.ends_on
    ends = {kind: rule for kind, rule in ends.items() if on_day(rows, rule, day) is not None}
    while ends and day < span.ends_on + timedelta(days=800):
        for kind, rule in [*ends.items()]:
            months = on_day(rows, rule, day)
            if months is not None and day >= add_months(span.ends_on, months):
                found.add((kind, day))
                del ends[kind]
        day += timedelta(days=1)
    return found


@given(
    st.dates(date(2025, 1, 1), date(2026, 12, 31)),
    st.integers(0, 500),
    st.tuples(st.booleans(), st.booleans()),
    st.lists(
        st.tuples(st.dates(date(2025, 1, 1), date(2027, 6, 1)), st.integers(1, 7)), max_size=3
    ),
)
def test_what_is_due_is_what_asking_each_morning_finds(
    starts: date, days: int, told: tuple[bool, bool], changes: list[tuple[date, int]]
) -> None:
    span = Span(starts, starts + timedelta(days=days), *told)
    rows = figures((date(2016, 9, 1), 3), *changes)
    found = {(each.kind, each.due_on) for each in dues(span, Law(rows))}
    assert found == by_walking(span, rows)


@given(st.dates(date(2025, 1, 1), date(2027, 1, 1)), st.integers(200, 900), st.integers(1, 7))
def test_a_change_of_law_moves_only_what_is_due_from_its_day_on(
    change: date, days: int, months: int
) -> None:
    span = Span(date(2025, 1, 31), date(2025, 1, 31) + timedelta(days=days))
    before = dues(span, Law(figures((date(2016, 9, 1), 3))))
    after = dues(span, Law(figures((date(2016, 9, 1), 3), (change, months))))
    old = [each for each in before if each.due_on < change]
    assert [each for each in after if each.due_on < change] == old


def test_periods_of_a_kind_follow_one_another_without_a_gap() -> None:
    found = dues(Span(date(2026, 1, 31), date(2027, 6, 30)), HOUSE)
    progress = [each for each in found if each.kind == "progress"]
    assert [each.due_on.isoformat() for each in progress] == [
        "2026-04-30", "2026-07-30", "2026-10-30", "2027-01-30", "2027-04-30",
    ]  # fmt: skip
    assert all(one.until_on == other.from_on for one, other in pairwise(progress))
    assert [each.place for each in progress] == [1, 2, 3, 4, 5]


def test_six_months_are_not_long_and_a_day_more_is() -> None:
    kinds = [each.kind for each in dues(Span(date(2026, 9, 1), date(2027, 2, 28)), HOUSE)]
    assert "progress" not in kinds
    kinds = [each.kind for each in dues(Span(date(2026, 9, 1), date(2027, 3, 1)), HOUSE)]
    assert kinds.count("progress") == 2


def test_everything_has_its_end() -> None:
    span = Span(date(2026, 9, 1), date(2026, 11, 30), has_partner=True)
    assert dues(span, HOUSE) == [
        Due(kind, 1, span.starts_on, span.ends_on, date(2027, 2, 28))
        for kind in ("final", "leftover", "partner")
    ]


def test_an_emergency_is_told_every_five_days() -> None:
    found = dues(Span(date(2026, 9, 1), date(2026, 9, 16), emergency=True), HOUSE)
    days = [each.due_on.day for each in found if each.kind == "emergency"]
    assert days == [6, 11, 16]


def test_what_ended_the_day_before_the_law_asked_owes_nothing_and_on_the_day_it_does() -> None:
    kinds = [each.kind for each in dues(Span(date(2025, 9, 1), date(2025, 12, 31)), HOUSE)]
    assert kinds == ["final"]
    kinds = [each.kind for each in dues(Span(date(2025, 9, 1), date(2026, 1, 1)), HOUSE)]
    assert kinds == ["final", "leftover"]
    assert Law(()).on("disclosure-every-months", date(2026, 1, 1)) is None
    assert dues(Span(date(2026, 1, 1), date(2027, 1, 1)), Law(())) == []


def test_the_yearly_report_is_due_on_the_last_of_may() -> None:
    due = annual(2026, HOUSE)
    assert due is not None
    assert (due.due_on, due.place) == (date(2027, 5, 31), 2026)


@pytest.mark.parametrize(
    ("today", "published", "expected"),
    [
        (date(2026, 11, 15), None, "not-yet"),
        (date(2026, 11, 16), None, "soon"),
        (date(2026, 11, 29), None, "soon"),
        (date(2026, 11, 30), None, "due"),
        (date(2026, 12, 1), None, "overdue"),
        (date(2026, 12, 2), date(2026, 11, 30), "published"),
        (date(2026, 12, 2), date(2026, 12, 1), "published-late"),
        (date(2026, 12, 1), date(2026, 12, 2), "overdue"),
    ],
)
def test_the_day_itself_is_in_time_and_the_next_is_not(
    today: date, published: date | None, expected: str
) -> None:
    assert state(date(2026, 11, 30), published, today, soon_days=14) == expected


class Filed(NamedTuple):
    number: str
    starts_on: date
    ends_on: date


def filed(number: str, starts: int, ends: int) -> Filed:
    """`starts` and `ends` in days from the first of 2027."""
    first = date(2027, 1, 1)
    return Filed(number, first + timedelta(days=starts), first + timedelta(days=ends))


FIRST = filed("A", 0, 100)


@pytest.mark.parametrize(
    ("later", "is_same"),
    [
        (filed("A", 0, 200), True),  # longer
        (filed("B", 0, 100), True),  # its number was wrong
        (filed("A", 10, 90), True),  # its first day was wrong
        (filed("B", 50, 200), False),  # another campaign while the first still runs
        (filed("A", 101, 200), False),  # the first is over, whatever number is given
        (filed("", 20, 40), False),  # an emergency beside it
    ],
)
def test_a_filing_is_of_the_period_that_it_files(later: Filed, is_same: bool) -> None:  # noqa: FBT001
    assert periods([FIRST, later]) == ([[FIRST, later]] if is_same else [[FIRST], [later]])


def test_the_number_that_an_emergency_gets_later_makes_no_period_of_its_own() -> None:
    emergency, numbered = filed("", 0, 30), filed("A", 5, 30)
    assert periods([emergency, numbered]) == [[emergency, numbered]]


def test_a_correction_of_the_first_period_finds_it_behind_the_second() -> None:
    second, corrected = filed("B", 101, 200), filed("A", 0, 90)
    assert periods([FIRST, second, corrected]) == [[FIRST, corrected], [second]]


def test_keys_of_a_first_period_stay_as_they_were() -> None:
    due = Due("final", 1, FIRST.starts_on, FIRST.ends_on, FIRST.ends_on)
    assert key_of("a", due, period=1) == "p/a/final/1"
    assert key_of("a", due, period=2) == "p/a/final/2-1"
