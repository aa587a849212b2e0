"""Which sponsors are refused on which day."""

from datetime import date, timedelta

import pytest

from jusha.matching.block_rules import Block, holding, refusing, same

SINCE = date(2026, 3, 1)
DAY = date(2026, 6, 1)


def block(text: str, how: str = "name", ends: date | None = None, place: int = 0) -> Block:
    return Block(text, how, "connected", "为什么", SINCE, ends, place)


@pytest.mark.parametrize(
    ("one", "other", "wanted"),
    [
        ("蓝桥(演示)有限公司", "蓝桥（演示）有限公司", True),
        ("Tree Ltd", "ＴＲＥＥ　LTD.", True),
        ("蓝桥", "蓝桥集团", False),
        ("", "", False),
        ("…", "！", False),
    ],
)
def test_names_are_compared_without_what_people_write_differently(
    one: str, other: str, *, wanted: bool
) -> None:
    assert same(one, other) is wanted


@pytest.mark.parametrize(
    ("how", "sponsor", "wanted"),
    [
        ("name", "红河卷烟厂", False),
        ("word", "红河卷烟厂", True),
        ("name", "卷烟", True),
        ("word", "烟台水果", False),
    ],
)
def test_a_word_refuses_all_that_have_it_and_a_name_one(
    how: str, sponsor: str, *, wanted: bool
) -> None:
    assert (refusing([block("卷烟", how)], sponsor, SINCE) is not None) is wanted


def test_the_day_before_it_is_taken_and_from_its_end_again() -> None:
    listed = [block("蓝桥", ends=date(2026, 6, 1))]
    days = [date(2026, 2, 28), SINCE, date(2026, 5, 31), date(2026, 6, 1)]
    assert [refusing(listed, "蓝桥", day) is not None for day in days] == [False, True, True, False]


def test_of_one_text_the_newest_row_holds() -> None:
    listed = [block("蓝桥", ends=SINCE, place=2), block("蓝 桥", place=1)]
    assert holding(listed, date(2026, 9, 1)) == []


def test_a_row_that_begins_later_changes_nothing_before_its_day() -> None:
    later = Block("烟草", "word", "tobacco", "再列", DAY + timedelta(days=9), None, 1)
    over = Block("烟草", "word", "tobacco", "不列", DAY + timedelta(days=9), DAY, 2)
    listed = Block("烟草", "word", "tobacco", "列入", SINCE, None, 0)
    assert holding([listed, later], DAY) == [listed]
    assert holding([listed, over], DAY) == [listed]
