"""A person signs in with a real browser, and finds the gift again on another one."""

import os
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from jusha.charities.rules import Role
from jusha.people.accounts import open_account
from jusha.people.rules import Office
from tests.cast import BOOKS
from tests.web.chromium import MARKS, SCREENS, SIZES
from tests.web.conftest import Site
from tests.web.staff import code_of_letter, member, officer
from tests.web.test_axe import Scheme, found
from tests.web.test_desk import now_code
from tests.web.test_pages import Strict

pytestmark = MARKS
SHOTS = os.environ.get("JUSHA_SHOTS", "")
"""A folder for pictures, where somebody wants to look."""


@pytest.fixture
def staffed(site: Site) -> None:
    """People of the desk, named before a browser holds the thread."""
    member(site, "li@demo.invalid", Role.FINANCE)
    officer(site, "auditor@demo.invalid", Office.AUDITOR)
    member(site, "new@example.org", Role.VIEWER, demo=False)
    open_account("donor@demo.invalid", demo=True)


def seen(page: Page, name: str, wrong: dict[str, list[str]]) -> None:
    """Let axe and our own policy look at a page, and keep its picture where one is wanted."""
    size = page.viewport_size
    assert size is not None
    if findings := found(page):
        wrong[name] = findings
    strict = Strict()
    strict.feed(page.content())
    if strict.wrong:
        wrong[f"{name} policy"] = strict.wrong
    if page.evaluate("document.documentElement.scrollWidth") > size["width"]:
        wrong[f"{name} width"] = ["wider than the screen"]
    if SHOTS:
        page.screenshot(path=Path(SHOTS) / f"{name}-{size['width']}.png", full_page=True)


def sign_in(page: Page, base: str, address: str, way: str) -> None:
    page.goto(f"{base}/account/sign-in?next={way}")
    page.get_by_label("邮箱").fill(address)
    page.get_by_role("button", name="寄码给我").click()
    page.get_by_label("码", exact=True).fill(code_of_letter())
    page.get_by_role("button", name="登录", exact=True).click()
    page.wait_for_url(f"**{way}")


@pytest.mark.parametrize(("size", "scheme"), SCREENS, ids=("phone-light", "desk-dark"))
def test_a_donor_keeps_a_gift_and_finds_it_again(
    site: Site, address: str, chromium: Browser, size: ViewportSize, scheme: Scheme
) -> None:
    wrong: dict[str, list[str]] = {}
    context = chromium.new_context(
        viewport=size,
        locale="zh-CN",
        color_scheme=scheme,
    )
    page = context.new_page()
    page.goto(f"{address}/mine")
    seen(page, f"mine-empty-{scheme}", wrong)
    page.goto(f"{address}/p/{BOOKS}/donate?campaign=day")
    page.locator(".chip").first.click()
    page.locator(".donate-end button").first.click()
    page.wait_for_load_state()
    site.house.settle()
    [(no,)] = site.house.web.execute("SELECT no FROM payments_order").fetchall()
    site.house.give(3500, "", order=no, campaign="")
    site.publish()

    page.goto(f"{address}/account/sign-in")
    page.get_by_label("邮箱").fill("nobody")
    page.get_by_role("button", name="寄码给我").click()
    seen(page, f"sign-in-{scheme}", wrong)
    page.get_by_label("邮箱").fill("lin@example.org")
    page.get_by_role("button", name="寄码给我").click()
    expect(page.get_by_text("沙盒演示")).to_be_visible()
    page.get_by_label("码", exact=True).fill("WRONG")
    page.get_by_role("button", name="登录", exact=True).click()
    seen(page, f"code-{scheme}", wrong)
    page.get_by_label("码", exact=True).fill(code_of_letter())
    page.get_by_role("button", name="登录", exact=True).click()
    page.wait_for_url("**/mine")
    seen(page, f"mine-{scheme}", wrong)
    page.get_by_role("button", name="放进我的账户").click()
    expect(page.get_by_role("button", name="放进我的账户")).to_have_count(0)

    elsewhere = chromium.new_context(viewport=size, locale="zh-CN").new_page()
    sign_in(elsewhere, address, "lin@example.org", "/mine")
    elsewhere.locator(".mine-years a").first.click()
    expect(elsewhere.get_by_role("heading", name="捐赠清单")).to_be_visible()
    seen(elsewhere, f"year-{scheme}", wrong)
    page.goto(f"{address}/account")
    seen(page, f"account-{scheme}", wrong)
    page.get_by_role("button", name="在所有设备上退出").click()
    elsewhere.goto(f"{address}/account")
    assert "/account/sign-in" in elsewhere.url
    context.close()
    elsewhere.context.close()
    assert wrong == {}


@pytest.mark.parametrize("size", SIZES, ids=lambda size: str(size["width"]))
def test_the_desk_and_its_refusals_can_be_read_by_anyone(
    site: Site, address: str, staffed: None, chromium: Browser, size: ViewportSize
) -> None:
    wrong: dict[str, list[str]] = {}
    for who, name in (("li", "desk"), ("auditor", "desk-auditor"), ("donor", "desk-refused")):
        page = chromium.new_context(viewport=size, locale="zh-CN").new_page()
        sign_in(page, address, f"{who}@demo.invalid", "/desk")
        seen(page, name, wrong)
        page.context.close()
    page = chromium.new_context(viewport=size, locale="zh-CN").new_page()
    page.goto(f"{address}/account/sign-in?next=/desk")
    page.get_by_label("邮箱").fill("new@example.org")
    page.get_by_role("button", name="寄码给我").click()
    page.get_by_label("码", exact=True).fill(code_of_letter())
    page.get_by_role("button", name="登录", exact=True).click()
    page.wait_for_url("**/account/factor/new")
    seen(page, "factor-new", wrong)
    secret = page.locator(".factor-secret").inner_text()
    page.get_by_label("数字").fill(now_code(secret))
    page.get_by_role("button", name="开启").click()
    page.wait_for_url("**/account/factor/codes")
    seen(page, "factor-codes", wrong)
    page.goto(f"{address}/account/factor/codes/new")
    seen(page, "factor-codes-new", wrong)
    page.goto(f"{address}/account/close")
    seen(page, "account-close", wrong)
    page.context.close()
    assert wrong == {}
