"""The rails' bills at the desk in a real browser: without scripts, for axe, on narrow screens."""

from typing import Any, NamedTuple

import pytest
from playwright.sync_api import Browser, expect

from tests.web.chromium import MARKS, SIZES, TOO_WIDE, browser_of
from tests.web.conftest import Site
from tests.web.test_axe import found
from tests.web.test_desk_bills import LIST, Desk

pytestmark = MARKS


class Pages(NamedTuple):
    """The desk, and the pages that are looked at."""

    desk: Desk
    open: tuple[str, ...]
    confirm: str


@pytest.fixture
def pages(site: Site) -> Pages:
    """Made before the browser is: after that, Django's tables cannot be asked from here."""
    desk = Desk(site)
    paths = (LIST, f"{LIST}/wechat/{desk.day}", desk.path, f"{LIST}/{desk.it.pk - 1}")
    assert desk.post(desk.first, paths[3], reason="rail-corrects", note="工单 17") == 303
    return Pages(desk, paths, f"{paths[3]}/confirm")


def test_two_people_clear_a_difference_without_javascript(
    pages: Pages, address: str, chromium: Browser
) -> None:
    context = browser_of(chromium, pages.desk.first, address, java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{address}/desk")
    page.get_by_role("link", name="渠道对账").click()
    page.get_by_role("link", name="长款").click()
    page.get_by_label("款项已经由渠道退给付款人").check()
    page.get_by_label("依据").fill("工单 20261123-1")
    page.get_by_role("button", name="提出核销").click()
    expect(page.get_by_text("确认要由另一位财务来做")).to_be_visible()
    context.close()
    other = browser_of(chromium, pages.desk.second, address, java_script_enabled=False)
    page = other.new_page()
    page.goto(f"{address}{pages.desk.path}")
    page.get_by_role("link", name="作为第二人确认").click()
    expect(page.get_by_text("工单 20261123-1")).to_be_visible()
    page.get_by_role("button", name="确认核销").click()
    expect(page.get_by_text("已核销").first).to_be_visible()
    other.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_wrong(
    pages: Pages, address: str, chromium: Browser, scheme: Any
) -> None:
    context = browser_of(chromium, pages.desk.second, address, color_scheme=scheme)
    page = context.new_page()
    for path in (*pages.open, pages.confirm):
        page.goto(f"{address}{path}")
        assert found(page) == [], path
    context.close()


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_nothing_is_wider_than_the_screen(
    pages: Pages, address: str, chromium: Browser, width: int
) -> None:
    viewport = {"width": width, "height": SIZES[0]["height"]}
    context = browser_of(chromium, pages.desk.second, address, viewport=viewport)
    page = context.new_page()
    for path in (*pages.open, pages.confirm):
        page.goto(f"{address}{path}")
        assert page.evaluate(TOO_WIDE) == [], path
    context.close()
