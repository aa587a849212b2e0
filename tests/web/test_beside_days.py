"""Days without accounts stand between those that have some: none is passed over, none invented."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from jusha.money.clock import day_number, day_text
from jusha.web.beside_days import Gap, Refused, gaps_of

HOUR = 10


def at(text: str, hour: int = 12) -> int:
    """An hour of a day in Shanghai, as Unix seconds."""
    return int(datetime.fromisoformat(f"{text}T00:00:00+08:00").timestamp()) + hour * 3600


def test_yesterday_is_not_due_before_its_hour_and_missing_from_it_on() -> None:
    listed = ["2026-03-01"]
    before = gaps_of(listed, [], now_s=at("2026-03-03", 9), publish_hour=HOUR)
    assert before == {"2026-03-01": [Gap("2026-03-02", "2026-03-03", "not-due")]}
    since = gaps_of(listed, [], now_s=at("2026-03-03", 10), publish_hour=HOUR)
    assert since == {
        "2026-03-01": [
            Gap("2026-03-03", "2026-03-03", "not-due"),
            Gap("2026-03-02", "2026-03-02", "missing"),
        ]
    }


def test_where_nothing_was_ever_published_nothing_is_missing() -> None:
    assert gaps_of([], [], now_s=at("2026-03-03"), publish_hour=HOUR) == {}


def test_a_refused_file_is_named_once_with_the_newest_days_that_it_can_be_of() -> None:
    listed = ["2026-03-09", "2026-03-05", "2026-03-01"]
    refused = [Refused("2026-03-09", 2), Refused("2026-03-05", 1)]
    gaps = gaps_of(listed, refused, now_s=at("2026-03-10"), publish_hour=HOUR)
    assert gaps["2026-03-05"] == [Gap("2026-03-06", "2026-03-08", "missing", (refused[0],))]
    assert gaps["2026-03-01"] == [Gap("2026-03-02", "2026-03-04", "missing", (refused[1],))]


@given(
    days=st.sets(st.integers(min_value=20_000, max_value=20_040), min_size=1),
    now_s=st.integers(min_value=20_020 * 86_400, max_value=20_060 * 86_400),
    hour=st.integers(min_value=0, max_value=23),
)
def test_every_day_since_the_first_is_listed_or_in_one_gap(
    days: set[int], now_s: int, hour: int
) -> None:
    today = day_number(datetime.fromtimestamp(now_s + 8 * 3600, UTC).strftime("%Y-%m-%d"))
    days = {min(day, today) for day in days}  # accounts are of days that have been
    listed = [day_text(day) for day in sorted(days, reverse=True)]
    gaps = gaps_of(listed, [], now_s=now_s, publish_hour=hour)
    told = [gap for each in gaps.values() for gap in each]
    spans = [range(day_number(gap.first), day_number(gap.last) + 1) for gap in told]
    covered = [day for span in spans for day in span]
    assert sorted(covered) == sorted(set(range(min(days), today + 1)) - days)
