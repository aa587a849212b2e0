"""Receipts in a real browser: without JavaScript, for axe, and on the narrowest screen."""

from typing import Any, NamedTuple

import pytest
from django.test import Client
from playwright.sync_api import Browser, expect

from tests.web.chromium import MARKS, SCREENS, TOO_WIDE, browser_of
from tests.web.conftest import Site
from tests.web.test_axe import found
from tests.web.test_receipt_page import FIRM, Gift

pytestmark = MARKS


class Gifts(NamedTuple):
    """A gift nobody asked about, one with a letter that was changed, and their donor."""

    quiet: Gift
    asked: Gift
    donor: Client


@pytest.fixture
def gifts(site: Site) -> Gifts:
    """Made before the browser is: after that, Django's tables cannot be asked from here."""
    quiet, asked = Gift(site), Gift(site)
    asked.ask()
    assert asked.ask(**FIRM).status_code == 303
    return Gifts(quiet, asked, site.client)


def test_a_donor_without_javascript_asks_is_put_right_and_downloads(
    gifts: Gifts, address: str, chromium: Browser
) -> None:
    context = browser_of(chromium, gifts.donor, address, java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{address}/o/{gifts.quiet.order}")
    page.get_by_role("link", name="要票据").click()
    page.locator("label", has_text="单位").first.click()
    page.get_by_label("抬头（姓名或单位全称）").fill("云岭有限公司")
    page.get_by_label("统一社会信用代码（单位，可以不写）").fill("91110000600037341M")
    page.get_by_label("我同意把以上信息交给").check()
    page.get_by_role("button", name="申请").click()
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.locator("#receipt_code")).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_label("抬头（姓名或单位全称）")).to_have_value("云岭有限公司")
    page.get_by_label("统一社会信用代码（单位，可以不写）").fill("91110000600037341L")
    page.get_by_role("button", name="申请").click()
    expect(page.get_by_role("heading", name="已开出")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="下载捐赠确认函").click()
    assert download.value.suggested_filename.endswith(".pdf")
    context.close()


@pytest.mark.parametrize(("size", "scheme"), SCREENS, ids=("phone-light", "desk-dark"))
def test_axe_finds_nothing_and_nothing_is_too_wide(
    gifts: Gifts, address: str, chromium: Browser, size: Any, scheme: Any
) -> None:
    context = browser_of(chromium, gifts.donor, address, viewport=size, color_scheme=scheme)
    page = context.new_page()
    for path in (gifts.quiet.path, gifts.asked.path):
        page.goto(address + path)
        page.eval_on_selector_all("details", "all => all.forEach(each => { each.open = true })")
        assert found(page) == [], path
        assert page.evaluate(TOO_WIDE) == [], path
    context.close()
