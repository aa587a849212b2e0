"""The clock of a complaint over holidays and over a change of the law; who may not judge."""

from datetime import date, timedelta
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jusha.law.rules import Figure, pick
from jusha.oversight.rules import (
    WORDS_MAX,
    ComplaintRefusedError,
    Judge,
    check_close,
    check_judge,
    check_reply,
    check_words,
    due,
    is_late,
    is_working,
    state_of,
    working_days_left,
)

DAYS = st.dates(date(2020, 1, 1), date(2040, 12, 31))


@pytest.mark.parametrize(
    ("received", "days", "last"),
    [
        (date(2026, 11, 23), 5, date(2026, 11, 30)),
        (date(2026, 11, 21), 5, date(2026, 11, 27)),
        (date(2026, 9, 30), 5, date(2026, 10, 13)),
        (date(2026, 9, 30), 1, date(2026, 10, 8)),
        (date(2026, 10, 9), 1, date(2026, 10, 10)),
        (date(2025, 9, 30), 5, date(2025, 10, 14)),
        (date(2027, 10, 1), 5, date(2027, 10, 8)),
    ],
)
def test_the_last_day_to_answer(received: date, days: int, last: date) -> None:
    assert due(received, working_days=days) == last


def test_a_saturday_that_is_worked_counts_and_a_holiday_does_not() -> None:
    assert is_working(date(2026, 10, 10))
    assert not is_working(date(2026, 10, 5))


@given(DAYS, st.integers(1, 30))
def test_so_many_working_days_lie_behind_the_first_and_the_last_is_one(
    received: date, days: int
) -> None:
    last = due(received, working_days=days)
    behind = [received + timedelta(days=n) for n in range(1, (last - received).days + 1)]
    assert sum(map(is_working, behind)) == days
    assert is_working(last)
    assert working_days_left(received, last) == days
    assert working_days_left(last, last) == working_days_left(last + timedelta(days=1), last) == 0


def test_the_figure_of_the_day_on_which_it_came_decides() -> None:
    table = [
        Figure("d", "", "", "", 5, "working-days", date(2017, 8, 1), None, "", "S", 1),
        Figure("d", "", "", "", 3, "working-days", date(2026, 12, 1), None, "", "S", 2),
    ]

    def last(day: date) -> date:
        return due(day, working_days=pick(table, "d", on=day).value)

    assert last(date(2026, 11, 30)) == date(2026, 12, 7)
    assert last(date(2026, 12, 1)) == date(2026, 12, 4)


def test_an_answer_is_late_the_day_after_its_last_day() -> None:
    last = date(2026, 11, 30)
    assert not is_late(["received", "asked"], due_on=last, today=last)
    assert is_late(["received", "asked"], due_on=last, today=last + timedelta(days=1))
    assert not is_late(["received", "answered"], due_on=last, today=last + timedelta(days=9))


def test_a_complaint_stands_as_its_steps_say() -> None:
    assert [state_of(steps) for steps in ([], ["answered"], ["answered", "closed"])] == [
        "open",
        "answered",
        "closed",
    ]


@pytest.mark.parametrize(
    ("steps", "finding", "why"),
    [
        (["received"], "founded", "not-now"),
        (["answered", "closed"], "founded", "not-now"),
        (["answered"], "", "bad-finding"),
    ],
)
def test_closing_needs_an_answer_and_a_finding(steps: list[str], finding: str, why: str) -> None:
    with pytest.raises(ComplaintRefusedError, match=why):
        check_close(steps, finding=finding)


def test_nobody_judges_their_own() -> None:
    me, other = uuid4(), uuid4()
    for partial in (Judge(me, frozenset({"shan"}), None), Judge(me, frozenset(), me)):
        with pytest.raises(ComplaintRefusedError, match="conflict"):
            check_judge(partial, charity="shan")
    check_judge(Judge(me, frozenset({"else"}), other), charity="shan")
    check_judge(Judge(me, frozenset(), None), charity="")


def test_words_are_there_and_not_too_many() -> None:
    assert check_words(" 好 ") == "好"
    for words, why in (("  ", "no-words"), ("字" * (WORDS_MAX + 1), "too-long")):
        with pytest.raises(ComplaintRefusedError, match=why):
            check_words(words)
    with pytest.raises(ComplaintRefusedError, match="not-asked"):
        check_reply(["received"])
