"""What a giving day must say, where it stands in time, and which days the calendar suggests."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from jusha.campaigns.day_rules import (
    EXCLUDED_DAYS,
    DayRefusedError,
    Page,
    anchors,
    check_exclusion,
    checked,
    identity,
    minute_after,
    page_digest,
    phase,
    suggestions,
)

OPENS = datetime(2027, 9, 9, 1, 0, tzinfo=UTC)
PAGE = Page(
    "day-2027", "聚沙日", "Grains Day", "一人一粒", "One each", "介绍", "Story",
    opens=OPENS, closes=OPENS + timedelta(days=1),
)  # fmt: skip


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({}, ""),
        ({"title_zh": "  聚沙日  "}, ""),
        ({"code": "两天"}, "code"),
        ({"title_en": ""}, "title"),
        ({"theme_zh": "字" * 121}, "theme"),
        ({"story_zh": "零\u0000"}, "story"),
        ({"colour": "#ff0000"}, "colour"),
        ({"anchor": "never"}, "anchor"),
        ({"parent": "day-2027"}, "parent"),
        ({"predecessor": "day-2027"}, "predecessor"),
        ({"closes": OPENS}, "window"),
        ({"closes": None}, "window"),
        ({"opens": OPENS.replace(year=1), "closes": OPENS.replace(year=1, day=10)}, "window"),
        ({"opens": OPENS + timedelta(seconds=1)}, "window"),
        ({"closes": OPENS + timedelta(days=63)}, "too-long"),
        ({"opens": None, "closes": None}, ""),
    ],
)
def test_a_page_says_all_that_two_persons_and_visitors_need(
    change: dict[str, Any], code: str
) -> None:
    if not code:
        assert checked(PAGE._replace(**change)).title_zh == "聚沙日"
        return
    with pytest.raises(DayRefusedError) as refused:
        checked(PAGE._replace(**change))
    assert refused.value.code == code


def test_a_changed_word_or_project_is_another_page() -> None:
    before = page_digest(PAGE, ["a", "b"])
    assert page_digest(PAGE, ["b", "a"]) == before
    assert page_digest(PAGE, ["a"]) != before
    assert page_digest(PAGE._replace(story_en="Another"), ["a", "b"]) != before


def test_a_campaign_is_soon_then_now_then_over_to_the_microsecond() -> None:
    closes = OPENS + timedelta(days=1)
    tick = timedelta(microseconds=1)
    assert phase(OPENS, closes, OPENS - tick) == "soon"
    assert phase(OPENS, closes, OPENS) == "now"
    assert phase(OPENS, closes, closes - tick) == "now"
    assert phase(OPENS, closes, closes) == "over"


def test_the_calendar_suggests_each_day_once_the_nearest_first() -> None:
    found = suggestions(date(2026, 9, 5))
    assert [(code, day) for code, _, day in found[:3]] == [
        ("charity-day", date(2026, 9, 5)),
        ("nine-nine", date(2026, 9, 9)),
        ("mid-autumn", date(2026, 9, 25)),
    ]
    assert {code for code, _, _ in found} == anchors().keys()
    assert [day for _, _, day in found] == sorted(day for _, _, day in found)
    late = {code for code, _, _ in suggestions(date(2031, 1, 1))}
    assert "mid-autumn" not in late, "no list reaches so far, so nothing is invented"
    assert "charity-day" in late


def test_a_rule_begins_at_a_whole_minute_far_enough_ahead() -> None:
    assert minute_after(datetime(2027, 9, 9, 1, 0, 0, tzinfo=UTC), 120) == "2027-09-09T01:02Z"
    assert minute_after(datetime(2027, 9, 9, 1, 0, 1, tzinfo=UTC), 120) == "2027-09-09T01:03Z"


def test_an_exclusion_lasts_a_year_at_most_and_says_why() -> None:
    today = date(2027, 1, 1)
    check_exclusion(today, today + timedelta(days=EXCLUDED_DAYS), "刷捐", today=today)
    for begins, ends, words in (
        (today, today + timedelta(days=EXCLUDED_DAYS + 1), "刷捐"),
        (today, today, "刷捐"),
        (today - timedelta(days=1), today, "刷捐"),
        (today, today + timedelta(days=9), "  "),
    ):
        with pytest.raises(DayRefusedError):
            check_exclusion(begins, ends, words, today=today)


def test_instructions_of_decisions_have_names_of_their_own() -> None:
    names = {identity(decision, place) for decision in range(30) for place in range(5)}
    assert len(names) == 150
    assert {len(each) for each in names} == {16}
