"""axe finds nothing on any page, in both schemes, on a phone and on a desk.

axe-playwright-python carries axe.min.js (Deque's, MPL 2.0); only that file of it is used, because
the rules to run are ours to choose.
"""

from importlib.resources import files
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from tests.cast import BOOKS
from tests.web.chromium import MARKS, SCREENS, SIZES

AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8")
RUN = """() => axe.run(document, {runOnly: [
  'wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice',
]})"""
PAGES = (
    "/",
    f"/p/{BOOKS}",
    f"/p/{BOOKS}/donate?campaign=day",
    "/c/day",
    "/charity/shan",
    "/rule/R1.1",
    "/log",
    "/entries",
    "/entries?kind=chance",
    "/d/3",
    "/d/7",
    "/verify",
    "/receipts",
    "/health",
    "/oversight/abuse",
    "/styleguide",
    "/law",
    "/oversight",
    "/help-seeking",
    "/how-listed",
    "/mine",
    "/api",
    "/join",
    "/account/sign-in",
    "/nothing-here",
)
Scheme = Literal["light", "dark"]
pytestmark = MARKS


def found(page: Page) -> list[str]:
    """What axe finds, as rule and element."""
    page.evaluate(AXE)
    result: dict[str, Any] = page.evaluate(RUN)
    return [f"{rule['id']}: {rule['nodes'][0]['html'][:120]}" for rule in result["violations"]]


@pytest.mark.parametrize(("size", "scheme"), SCREENS, ids=("phone-light", "desk-dark"))
def test_axe_finds_nothing(
    address: str, chromium: Browser, size: ViewportSize, scheme: Scheme
) -> None:
    context = chromium.new_context(viewport=size, locale="zh-CN", color_scheme=scheme)
    page = context.new_page()
    wrong = {}
    for path in PAGES:
        page.goto(address + path)
        page.eval_on_selector_all("details", "all => all.forEach(each => { each.open = true })")
        if seen := found(page):
            wrong[path] = seen
    context.close()
    assert wrong == {}


def test_axe_finds_nothing_where_a_donor_made_a_mistake(address: str, chromium: Browser) -> None:
    context = chromium.new_context(viewport=SIZES[0], locale="zh-CN")
    page = context.new_page()
    page.goto(f"{address}/p/{BOOKS}/donate")
    page.check("input[value='name']")
    page.get_by_role("button", name="去付款").click()
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.locator("#own")).to_have_attribute("aria-invalid", "true")
    wrong = found(page)
    context.close()
    assert wrong == []


def test_axe_would_find_something(chromium: Browser) -> None:
    page = chromium.new_page()
    page.set_content('<html><body><img src="data:,"><input></body></html>')
    rules = {line.partition(":")[0] for line in found(page)}
    page.close()
    assert {"image-alt", "label", "html-has-lang"} <= rules
