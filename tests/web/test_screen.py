"""The big screen: totals, curve, provinces, names, pools; by stream, by polling, or by itself."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connections
from hypothesis import given
from hypothesis import strategies as st
from playwright.sync_api import Browser, expect

from jusha.campaigns import queries as campaigns
from jusha.campaigns.live.models import WallName
from jusha.giving.erase_donor import Whose, erase_donor
from jusha.payments.attribution import PROVINCES, Attribution, keep
from jusha.web import live_files
from jusha.web.board.pulse import HEIGHT, SPAN, STEP, WIDTH, Seconds, pulse
from jusha.web.board.screen import AFTER, Screen
from jusha.web.board.tell import Board
from jusha.web.board.tiles import PLACES, SHADES, SIZE, tiles
from jusha.web.shed_rules import Level
from jusha.web.tell import Teller
from jusha.web.words import yuan_short
from tests.cast import ALICE, BOB
from tests.web.conftest import Site
from tests.web.test_wall import hang

NOW_S = 1_790_000_000


def told(gifts: dict[int, int]) -> Seconds:
    """So many gifts of one yuan, so many seconds ago."""
    seconds = Seconds()
    for ago, count in gifts.items():
        seconds.add(NOW_S - ago, count, count * 100)
    return seconds


# --- the drawings ---------------------------------------------------------------------------------


def test_the_curve_has_the_newest_at_the_right_and_forgets_the_old() -> None:
    seconds = told({1: 10, 2: 10, 150: 40, SPAN + 1: 999})
    found = pulse(seconds, now_s=NOW_S)
    assert len(found.bars) == SPAN // STEP
    assert (found.gifts, found.given) == (60, 6_000)
    assert found.most_a_second == 8
    assert (found.bars[-1].height, found.bars[-1].is_newest) == (HEIGHT // 2, True)
    assert max(bar.height for bar in found.bars) == HEIGHT
    assert sum(each.gifts for each in found.minutes) == 60
    seconds.forget(NOW_S - 100)
    assert pulse(seconds, now_s=NOW_S).gifts == 20


@given(st.dictionaries(st.integers(1, SPAN), st.integers(1, 10**6), max_size=40))
def test_no_bar_leaves_the_drawing_and_none_that_stands_for_something_is_unseen(
    gifts: dict[int, int],
) -> None:
    found = pulse(told(gifts), now_s=NOW_S)
    assert found.gifts == sum(gifts.values())
    for bar in found.bars:
        assert 0 <= bar.x <= bar.x + bar.width <= WIDTH
        assert bar.y + bar.height == HEIGHT
    seen = {(SPAN - ago) // STEP for ago in gifts}
    assert {n for n, bar in enumerate(found.bars) if bar.height} == seen


def test_every_province_has_one_tile_of_its_own() -> None:
    assert set(PLACES) == set(PROVINCES)
    assert len(set(PLACES.values())) == len(PROVINCES)
    found = tiles({"浙江": 900, "西藏": 1, "演示": 10**9})
    assert {each.shade for each in found} == {0, 1, SHADES}
    assert all(0 <= each.x < 9 * SIZE and 0 <= each.y < 8 * SIZE for each in found)


@pytest.mark.parametrize(
    ("fen", "shown"),
    [(0, "0"), (999_99, "999"), (1_000_000, "1万"), (1_299_999, "1.2万"), (34 * 10**8, "3,400万")],
)
def test_a_tile_holds_its_sum(fen: int, shown: str) -> None:
    assert yuan_short(fen) == shown


# --- the page -------------------------------------------------------------------------------------


def given_from(site: Site, province: str, amount: int, person: bytes) -> None:
    order = site.house.order(amount)
    site.house.send(order, lane="web")
    site.house.settle()
    keep([(order.no, Attribution(province=province))])
    site.house.give(amount, order=order.no, person=person, project="", campaign="")


def beside(work: Callable[[], object]) -> None:
    """Do it in a thread: a browser runs in this one."""

    def all_of_it() -> None:
        try:
            work()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        pool.submit(all_of_it).result()


def board(site: Site) -> Board:
    found, now = Board(), datetime.now(UTC)
    Teller().tell(now)
    found.tell(now + timedelta(seconds=1), Level.NOTHING)
    return found


def test_the_screen_tells_what_was_settled(site: Site) -> None:
    given_from(site, "浙江", 123_400, ALICE)
    given_from(site, "西藏", 5_600, BOB)
    assert "一起捐出" in site.text("/c/day/screen"), "before anything is written"
    board(site)
    shown = site.text("/c/day/screen")
    assert "1,290" in shown
    assert shown.index("<td>1,234 元</td>") < shown.index("<td>56 元</td>"), "largest first"
    assert "Zhejiang" in site.text("/c/day/screen", lang="en")
    assert "Tree Ltd" in shown
    site.text("/c/none/screen", status=404)


def test_a_screen_that_begins_late_knows_the_last_five_minutes(site: Site) -> None:
    site.house.give(2000)
    now = datetime.now(UTC)
    first = Screen()
    first.tell(now)
    second = Screen()
    second.tell(now)
    day = next(iter(first._seconds))
    assert second._seconds[day].between(int(now.timestamp()) - SPAN, int(now.timestamp()) + 1) == (
        1,
        2000,
    )
    second.tell(now + timedelta(seconds=SPAN + 5))
    assert not second._seconds[day]._of


def names_told(name: str) -> list[bool]:
    """Whether each file of the day's screen has a name."""
    files = sorted((live_files.folder() / "s").iterdir())
    return [name in path.read_text("utf-8") for path in files]


def erase(name: str, now: datetime) -> None:
    erase_donor(Whose(orders=(WallName.objects.get(name=name).order_no,)), now=now)


def test_a_name_that_is_erased_while_the_screen_is_let_go_is_in_no_file(site: Site) -> None:
    hang(site, "阿明某某")
    board, now = Board(), datetime.now(UTC)
    board.tell(now, Level.NOTHING)
    told = names_told("阿明某某")
    assert told
    assert all(told)
    board.tell(now, Level.CURVE)
    assert names_told("阿明某某") == [False] * len(told), "before it is let go, once without names"
    erase("阿明某某", now)
    board.tell(now, Level.CURVE)
    assert names_told("阿明某某") == [False] * len(told)
    hang(site, "阿华某某")
    board.tell(now, Level.NOTHING)
    assert all(names_told("阿华某某")), "names come back with the level"


def test_a_screen_without_a_wall_shows_no_names(site: Site) -> None:
    hang(site, "阿明某某")
    board, now = Board(), datetime.now(UTC)
    board.tell(now, Level.NOTHING)
    board.tell(now, Level.WALL)
    told = names_told("阿明某某")
    assert told
    assert not any(told)


def test_a_board_that_begins_while_it_is_let_go_takes_the_names_away(site: Site) -> None:
    hang(site, "阿明某某")
    now = datetime.now(UTC)
    Board().tell(now, Level.NOTHING)
    assert all(names_told("阿明某某"))
    Board().tell(now, Level.SNAPSHOTS)
    assert not any(names_told("阿明某某"))


def test_the_screen_of_a_campaign_that_is_over_is_taken_away(site: Site) -> None:
    hang(site, "阿明某某")
    day = campaigns.find("day")
    assert day
    Screen().tell(day.closes + AFTER - timedelta(seconds=1))
    assert names_told("阿明某某"), "it goes on for a while"
    Screen().tell(day.closes + AFTER)
    assert names_told("阿明某某") == []
    assert site.get("/live/s/day.zh-hans.html").status_code == 404
    assert "阿明某某" not in site.text("/c/day/screen")


def test_the_stream_s_address_is_let_in_by_the_page_s_policy(site: Site, settings: Any) -> None:
    policy = site.get("/c/day/screen")["Content-Security-Policy"]
    assert f"connect-src 'self' http://testserver:{settings.JUSHA_DOOR_PORT}" in policy
    settings.JUSHA_STREAM = "https://give.example.org"
    assert "https://give.example.org/door/v1/live/day/zh-hans" in site.text("/c/day/screen")


def test_a_screen_without_a_stream_goes_on_by_polling(
    site: Site, address: str, chromium: Browser, tmp_path: Path
) -> None:
    beside(lambda: given_from(site, "浙江", 123_400, ALICE))
    beside(lambda: given_from(site, "广东", 56_700, BOB))
    beside(lambda: board(site))
    page = chromium.new_context(viewport={"width": 1920, "height": 1080}, locale="zh-CN").new_page()
    page.goto(f"{address}/c/day/screen")
    expect(page.locator(".screen-sum")).to_contain_text("1,821")
    expect(page.get_by_role("table", name="各省捐了多少")).to_contain_text("浙江")
    expect(page.locator("html")).to_have_attribute("data-by", "polling")
    site.house.give(100_00, person=BOB)
    beside(lambda: Teller().tell(datetime.now(UTC) + timedelta(seconds=2)))
    expect(page.locator(".screen-sum")).to_contain_text("1,921")
    overflow = "document.documentElement.scrollHeight > innerHeight"
    assert page.evaluate(overflow) is False
    phone = chromium.new_context(viewport={"width": 390, "height": 844}, locale="zh-CN").new_page()
    phone.goto(f"{address}/c/day/screen")
    expect(phone.locator(".screen-sum")).to_contain_text("1,921")
    assert phone.evaluate("document.documentElement.scrollWidth <= innerWidth") is True
