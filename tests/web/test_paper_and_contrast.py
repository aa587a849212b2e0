"""On paper and in high contrast a page says what it says on a screen: people keep and need both."""

import re
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.cast import BOOKS
from tests.web.chromium import MARKS, SIZES, launched
from tests.web.conftest import Site
from tests.web.test_donate import order_at, pay

PAGE_MARK = re.compile(rb"/Type\s*/Page\b")
INK = "rgb(30, 27, 23)"
STYLE = "(at, name) => getComputedStyle(at).getPropertyValue(name)"
BEFORE = "(at, name) => getComputedStyle(at, '::before').getPropertyValue(name)"
pytestmark = MARKS


def on_paper(
    chromium: Browser, address: str, *, scheme: Literal["light", "dark"] = "light", **cookie: str
) -> Page:
    """A page as a printer gets it: A4 at 96 dots an inch."""
    context = chromium.new_context(
        viewport={"width": 794, "height": 1123}, locale="zh-CN", color_scheme=scheme
    )
    if cookie:
        context.add_cookies([{"name": n, "value": v, "url": address} for n, v in cookie.items()])
    page = context.new_page()
    page.emulate_media(media="print")
    page.goto(address)
    return page


def pages_of(page: Page) -> int:
    """How many sheets of A4 it takes."""
    return len(PAGE_MARK.findall(page.pdf(format="A4")))


def style(page: Page, selector: str, name: str, *, script: str = STYLE) -> Any:
    """A computed style of the first that is found."""
    return page.locator(selector).first.evaluate(script, name)


def test_a_deed_prints_with_its_reasons_its_path_and_its_address(
    address: str, chromium: Browser
) -> None:
    page = on_paper(chromium, f"{address}/d/7")
    for shown in (".banner", ".deed-sheet h1", ".deed-sum", ".seal-words", ".line", ".why-steps"):
        expect(page.locator(shown).first).to_be_visible()
    for told in ("为什么配捐 20 元？", "这一条", '"k":"don"'):
        expect(page.get_by_text(told).first).to_be_visible()
    for chrome in (".nav", ".foot", ".button", ".copy button"):
        expect(page.locator(chrome).first).to_be_hidden()
    assert style(page, ".proof .copy", "content", script=BEFORE) == f'"{address}/d/7"'
    assert 1 <= pages_of(page) <= 3
    page.context.close()


def test_a_receipt_prints_on_one_sheet_in_ink_even_from_a_dark_screen(
    site: Site, address: str
) -> None:
    order_no = order_at(site)
    pay(site, order_no, 3500)
    site.publish()
    mine = site.client.cookies["jusha_orders"].value
    with launched() as chromium:
        way = f"{address}/o/{order_no}"
        page = on_paper(chromium, way, scheme="dark", jusha_orders=mine)
        for shown in (".receipt-sum", ".seal-words", ".qr"):
            expect(page.locator(shown).first).to_be_visible()
        assert style(page, ".receipt-sum", "color") == INK
        assert style(page, ".receipt", "box-shadow") == "none"
        assert pages_of(page) == 1
        page.context.close()


@pytest.mark.parametrize("path", [f"/p/{BOOKS}", "/charity/shan"])
def test_what_the_law_wants_shown_prints(address: str, chromium: Browser, path: str) -> None:
    page = on_paper(chromium, address + path)
    expect(page.get_by_text("53330000DEMO000001").first).to_be_visible()
    expect(page.get_by_text("演示公募 001").first).to_be_visible()
    assert pages_of(page) <= 3
    page.context.close()


@pytest.mark.parametrize("size", SIZES, ids=lambda size: str(size["width"]))
def test_high_contrast_tells_buttons_grains_steps_and_mine_apart(
    address: str, chromium: Browser, size: Any
) -> None:
    context = chromium.new_context(viewport=size, locale="zh-CN", forced_colors="active")
    page = context.new_page()
    page.goto(address)
    assert style(page, "main .button", "border-top-style") == "solid"
    widths = [
        float(style(page, f"#field .{grain}", "stroke-width").removesuffix("px"))
        for grain in ("grain-ghost", "grain-new")
    ]
    assert widths[0] * 3 < widths[1], "what is hoped for is a speck"
    page.goto(f"{address}/p/{BOOKS}")
    grounds = {
        style(page, f".timeline-{state}", "background-color", script=BEFORE)
        for state in ("now", "ahead")
    }
    assert len(grounds) == 2
    page.goto(f"{address}/d/7")
    assert style(page, ".line-sum", "fill") != style(page, ".line-mine", "fill")
    context.close()
