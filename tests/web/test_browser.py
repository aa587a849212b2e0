"""A real Chromium on a phone and on a desk: nothing overflows, nothing is refused, nothing needs
JavaScript."""

from typing import Literal
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, ConsoleMessage, expect

from tests.cast import BOOKS
from tests.web.chromium import MARKS, SIZES
from tests.web.conftest import Site

TAP_MIN = 44
Scheme = Literal["light", "dark"]
pytestmark = MARKS


@pytest.mark.parametrize("lang", ["zh-CN", "en-US"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_fits_and_breaks_no_rule_of_its_own(
    address: str, chromium: Browser, lang: str, scheme: Scheme
) -> None:
    said: list[str] = []
    pages = (
        "/",
        f"/p/{BOOKS}",
        f"/p/{BOOKS}/donate?campaign=day",
        "/c/day",
        "/rule/R1.1",
        "/log",
        "/d/7",
        "/verify",
        "/health",
    )
    for size in SIZES:
        context = chromium.new_context(viewport=size, locale=lang, color_scheme=scheme)
        page = context.new_page()

        def listen(message: ConsoleMessage) -> None:
            said.append(f"{message.text}")

        page.on("console", listen)
        for path in pages:
            page.goto(address + path)
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
            small = page.eval_on_selector_all(
                ".button, .nav a, .nav button, input:not([type=hidden])",
                f"all => all.filter(e => e.offsetHeight && e.offsetHeight < {TAP_MIN})"
                ".map(e => e.outerHTML.slice(0, 80))",
            )
            assert small == [], path
        context.close()
    assert said == []


def test_a_phone_without_javascript_gives_and_gets_its_proof(
    site: Site, address: str, cashier: str, chromium: Browser
) -> None:
    context = chromium.new_context(
        viewport=SIZES[0], locale="zh-CN", java_script_enabled=False, accept_downloads=True
    )
    page = context.new_page()
    page.goto(address)
    page.get_by_role("link", name="书香进山", exact=True).click()
    page.locator(".dock").get_by_role("link", name="我要捐").click()
    assert page.get_by_role("button", name="去付款").bounding_box() is not None
    page.check("input[value='7000']")
    page.get_by_role("button", name="去付款").click()
    page.wait_for_url(lambda url: cashier in url)
    query = parse_qs(urlsplit(page.url).query)
    assert query["amount"] == ["7000"]
    site.house.settle()
    site.house.give(7000, "", order=int(query["order"][0]), campaign="")
    page.goto(query["back"][0])
    expect(page.get_by_text("等待下一次签名")).to_be_visible()
    site.publish()
    page.wait_for_selector("text=已写入公示账本")  # the page looks again by itself
    with page.expect_download() as download:
        page.get_by_role("link", name="下载完整凭证").click()
    assert download.value.suggested_filename.endswith("-keep.tlog-proof")
    context.close()
