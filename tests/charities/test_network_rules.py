"""Where a charity stands: of each the newest row that has begun; a network is one level deep."""

from datetime import date

import pytest

from jusha.charities.network_rules import Standing, fault, holding

DAY = date(2026, 9, 1)
HUB = Standing("shan", "hub", "", "带动", DAY, 1)
MEMBER = Standing("lian", "project", "shan", "加入", DAY, 2)


def test_a_row_that_begins_later_changes_nothing_before_its_day() -> None:
    later = MEMBER._replace(tier="backbone", begins=date(2026, 10, 1), place=3)
    rows = [HUB, later, MEMBER]
    assert holding(rows, date(2026, 8, 31)) == {}
    assert holding(rows, date(2026, 9, 30))["lian"] == MEMBER
    assert holding(rows, date(2026, 10, 1))["lian"] == later


def test_of_one_day_the_row_that_was_written_last_holds() -> None:
    again = MEMBER._replace(hub="", place=9)
    assert holding([again, MEMBER], DAY)["lian"] == again


@pytest.mark.parametrize(
    ("told", "code"),
    [
        (MEMBER, ""),
        (HUB, ""),
        (MEMBER._replace(tier="great"), "tier"),
        (MEMBER._replace(words=""), "no-words"),
        (MEMBER._replace(words="字" * 401), "no-words"),
        (MEMBER._replace(hub="lian"), "no-hub"),
        (MEMBER._replace(hub="nobody"), "no-hub"),
        (MEMBER._replace(tier="hub"), "hub-of-hub"),
        (HUB._replace(tier="backbone"), "has-members"),
    ],
)
def test_what_cannot_be_is_named(told: Standing, code: str) -> None:
    assert fault(told, holding([HUB, MEMBER], DAY)) == code
