"""A first view is small, holds still, and asks nobody else; a slow phone is a phone too."""

from functools import partial
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Request, expect

from tests.cast import BOOKS
from tests.web.chromium import MARKS, SIZES, TOO_WIDE
from tests.web.conftest import Site

PAGES = (
    "/",
    f"/p/{BOOKS}",
    f"/p/{BOOKS}/donate",
    "/c/day",
    "/charity/shan",
    "/log",
    "/entries",
    "/receipts",
    "/d/7",
)
BYTES_MAX = 150_000
SHIFTS = """() => new Promise((done) => {
  const seen = [];
  const name = (node) => node && (node.outerHTML || node.textContent || "").slice(0, 120);
  new PerformanceObserver((list) => list.getEntries().forEach((each) => {
    seen.push([each.value, ...each.sources.map((s) => name(s.node))]);
  })).observe({ type: "layout-shift", buffered: true });
  requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(() => done(seen), 100)));
})"""
"""What moved, and by how much."""
pytestmark = MARKS


def _note(asked: list[Request], request: Request) -> None:
    asked.append(request)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: str(size["width"]))
def test_a_first_view_is_small_and_still_and_asks_nobody_else(
    address: str, chromium: Browser, size: dict[str, int]
) -> None:
    ours = urlsplit(address).netloc
    for path in PAGES:
        context = chromium.new_context(viewport={"width": size["width"], "height": size["height"]})
        page = context.new_page()
        if size["width"] == SIZES[0]["width"]:  # a slow phone paints what it has read so far
            context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": 6})
        asked: list[Request] = []
        page.on("requestfinished", partial(_note, asked))
        page.goto(address + path, wait_until="load")
        shifted = page.evaluate(SHIFTS)
        others = [each.url for each in asked if urlsplit(each.url).scheme != "data"]
        sent = [each.response() for each in asked if each.url.startswith("http")]
        weight = sum(len(each.body()) for each in sent if each is not None)
        context.close()
        assert {urlsplit(url).netloc for url in others} == {ours}, path
        assert weight < BYTES_MAX, (path, weight)
        assert shifted == [], path


@pytest.mark.parametrize("lang", ["zh-CN", "en-US"])
def test_pages_fit_320_pixels_and_letters_twice_as_large(
    address: str, chromium: Browser, lang: str
) -> None:
    """320 px is a desk of 1280 at 400 %; letters alone may grow to 200 % (WCAG 1.4.10, 1.4.4)."""
    narrow = chromium.new_context(viewport={"width": 320, "height": 640}, locale=lang)
    wide = chromium.new_context(viewport={"width": 800, "height": 900}, locale=lang)
    small, large = narrow.new_page(), wide.new_page()
    for path in (*PAGES, "/styleguide", "/rule/R1.1", "/nothing-here"):
        small.goto(address + path)
        assert small.evaluate(TOO_WIDE) == [], path
        large.goto(address + path)
        large.evaluate("document.documentElement.style.fontSize = '200%'")
        assert large.evaluate(TOO_WIDE) == [], f"{path} 200 %"
    narrow.close()
    wide.close()


def test_the_keyboard_gets_everywhere_in_order_and_is_always_seen(
    address: str, chromium: Browser
) -> None:
    context = chromium.new_context(viewport=SIZES[1], locale="zh-CN")
    page = context.new_page()
    page.goto(address)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('main') !== null")
    reached = 0
    for _ in range(60):
        page.keyboard.press("Tab")
        seen = page.evaluate(
            """() => { const at = document.activeElement;
              if (at === document.body) return "end";
              const over = getComputedStyle(at, "::after").outlineStyle;
              return getComputedStyle(at).outlineStyle + " " + over; }"""
        )
        if seen == "end":
            break
        assert "solid" in seen or "auto" in seen
        reached += 1
    context.close()
    assert reached > 15


def test_new_deeds_settle_on_the_tower_and_can_be_stopped(
    site: Site, address: str, chromium: Browser
) -> None:
    context = chromium.new_context(viewport=SIZES[1], locale="zh-CN")
    page = context.new_page()
    page.goto(address)
    count = """() => document.querySelector('#field .grain-ghost')
      .getAttribute('d').split('M').length"""
    before = page.evaluate(count)
    grow = """(deeds) => { const place = document.querySelector('[data-live]');
      place.querySelector('[data-deeds]').dataset.deeds = String(deeds);
      place.dispatchEvent(new CustomEvent('jusha:numbers', { detail: {} })); }"""
    page.evaluate(grow, 4)
    assert page.evaluate(count) == before - 3
    assert page.locator("#field > path").count() > 5, "three fall"
    expect(page.locator("#field > path")).to_have_count(5)
    expect(page.locator("#field desc")).to_contain_text("4 件善行")
    page.get_by_role("button", name="停住沙粒").click()
    page.evaluate(grow, 6)
    expect(page.locator("#field > path")).to_have_count(5)  # stopped: they lie at once
    assert page.evaluate(count) == before - 5
    context.close()


def test_without_motion_or_script_the_tower_stands_still(address: str, chromium: Browser) -> None:
    context = chromium.new_context(viewport=SIZES[0], reduced_motion="reduce", locale="zh-CN")
    page = context.new_page()
    page.goto(address)
    expect(page.get_by_role("button", name="停住沙粒")).to_have_count(0)
    context.close()
    plain = chromium.new_context(viewport=SIZES[0], java_script_enabled=False, locale="zh-CN")
    page = plain.new_page()
    page.goto(address)
    expect(page.get_by_role("img", name="用沙粒堆起来的塔")).to_be_visible()
    assert page.locator("#field desc").text_content() == "今天有 1 件善行，每粒沙代表 1 件。"
    plain.close()
