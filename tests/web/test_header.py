"""The header is one calm row on a phone in every language, and a screen has one main action."""

import pytest
from playwright.sync_api import Browser, ViewportSize, expect

from tests.cast import BOOKS
from tests.web.chromium import MARKS, SIZES

ROWS = """() => {
  const parts = [...document.querySelectorAll(".top-row a, .top-row button")];
  const boxes = parts.map((part) => part.getBoundingClientRect()).filter((box) => box.height);
  return new Set(boxes.map((box) => Math.round((box.top + box.bottom) / 2))).size; }"""
"""In how many rows what can be pressed in the header stands."""
pytestmark = MARKS


@pytest.mark.parametrize("lang", ["zh-CN", "zh-TW", "en-US"])
@pytest.mark.parametrize("width", [360, 390, 480, 481, 1280])
def test_the_header_is_one_row(address: str, chromium: Browser, lang: str, width: int) -> None:
    viewport = ViewportSize(width=width, height=SIZES[0]["height"])
    context = chromium.new_context(viewport=viewport, locale=lang)
    page = context.new_page()
    page.goto(f"{address}/log")
    assert page.evaluate(ROWS) == 1
    mine = page.locator(".nav").get_by_role("link").filter(visible=True)
    assert mine.count() == (2 if width <= 480 else 3), "what does not fit stands in the footer"
    context.close()


@pytest.mark.parametrize("size", SIZES, ids=lambda size: str(size["width"]))
def test_a_project_asks_for_a_gift_in_one_place(
    address: str, chromium: Browser, size: ViewportSize
) -> None:
    context = chromium.new_context(viewport=size, locale="zh-CN")
    page = context.new_page()
    page.goto(f"{address}/p/{BOOKS}")
    expect(page.get_by_role("link", name="我要捐").filter(visible=True)).to_have_count(1)
    context.close()
