"""Finding by hand: on phone and desk, by keyboard, without JavaScript, and axe finds nothing."""

from datetime import UTC, datetime

import pytest
from playwright.sync_api import Browser, ViewportSize, expect

from jusha.finding.sweep import Sweep
from tests.web.chromium import MARKS, SCREENS, SIZES
from tests.web.conftest import Site
from tests.web.test_axe import found

pytestmark = MARKS
PAGES = ("/find", "/find?q=书", "/find?q=nothing-at-all", "/projects", "/charities", "/open")


@pytest.fixture
def listed(site: Site, address: str) -> str:
    """The address of a site whose index is swept."""
    Sweep().round(datetime.now(UTC))
    return address


@pytest.mark.parametrize("size", SIZES, ids=lambda size: str(size["width"]))
def test_a_visitor_finds_a_project_without_javascript(
    listed: str, chromium: Browser, size: ViewportSize
) -> None:
    context = chromium.new_context(viewport=size, locale="zh-CN", java_script_enabled=False)
    page = context.new_page()
    page.goto(listed)
    page.get_by_role("navigation", name="主导航").get_by_role("link", name="找项目").click()
    page.get_by_label("想找什么").fill("清泉")
    page.keyboard.press("Enter")
    page.wait_for_url("**/find?q=*")
    expect(page.locator(".found mark").first).to_have_text("清泉")
    page.get_by_role("link", name="一口清泉").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("一口清泉")
    context.close()


@pytest.mark.parametrize(("size", "scheme"), SCREENS, ids=("phone-light", "desk-dark"))
def test_axe_finds_nothing_and_nothing_is_wider_than_the_screen(
    listed: str, chromium: Browser, size: ViewportSize, scheme: str
) -> None:
    wrong = {}
    for width in (size["width"], 320):
        viewport = ViewportSize(width=width, height=size["height"])
        context = chromium.new_context(
            viewport=viewport,
            locale="zh-CN",
            color_scheme=scheme,  # type: ignore[arg-type]
        )
        page = context.new_page()
        for path in PAGES:
            page.goto(listed + path)
            page.eval_on_selector_all("details", "all => all.forEach(each => { each.open = true })")
            if seen := found(page):
                wrong[path] = seen
            if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
                wrong[f"{path} at {width}"] = ["wider than the screen"]
        context.close()
    assert wrong == {}
