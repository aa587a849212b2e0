"""Refunds in a real browser: without JavaScript, for axe, and on the narrowest screen."""

from typing import Any, NamedTuple

import pytest
from django.test import Client
from playwright.sync_api import Browser, expect

from tests.web.chromium import MARKS, SCREENS, browser_of, too_wide
from tests.web.conftest import Site
from tests.web.staff import member, signed_in
from tests.web.test_axe import found
from tests.web.test_refund_page import Gift

pytestmark = MARKS


class People(NamedTuple):
    """A donor with an order not asked about, and two of finance with two cases."""

    gift: Gift
    donor: Client
    li: Client
    wang: Client
    cases: tuple[int, int]


@pytest.fixture
def people(site: Site) -> People:
    """Made before the browser is: after that, Django's tables cannot be asked from here."""
    gift, other, third = Gift(site), Gift(site), Gift(site)
    cases = other.ask(words="多打了一个零").pk, third.ask(reason="paid-twice").pk
    li, wang = (signed_in(member(site, f"{n}@shan.example")) for n in ("li", "wang"))
    assert li.post(f"/desk/refunds/{cases[0]}", {"do": "approve"}).status_code == 303
    return People(gift, site.client, li, wang, cases)


def test_a_donor_without_javascript_asks_is_put_right_and_withdraws(
    people: People, address: str, chromium: Browser
) -> None:
    context = browser_of(chromium, people.donor, address, java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{address}/o/{people.gift.order}")
    page.get_by_role("link", name="申请退款").click()
    page.locator("label", has_text="一部分").click()
    page.get_by_label("退多少（元）").fill("40")
    page.get_by_role("button", name="提交退款申请").click()
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.get_by_text("超过了还可以退的金额")).to_be_visible()
    expect(page.get_by_label("退多少（元）")).to_have_value("40")  # what was typed is kept
    page.get_by_label("退多少（元）").fill("5")
    page.get_by_label("金额填错了").check()
    page.get_by_role("button", name="提交退款申请").click()
    expect(page.get_by_text("等待机构财务审核")).to_be_visible()
    page.reload()
    page.get_by_role("button", name="撤回这个申请").click()
    expect(page.get_by_text("申请已撤回")).to_be_visible()
    context.close()


@pytest.mark.parametrize(("size", "scheme"), SCREENS, ids=("phone-light", "desk-dark"))
def test_axe_finds_nothing_on_the_pages_of_refunds(
    people: People, address: str, chromium: Browser, size: Any, scheme: Any
) -> None:
    wrong = {}
    pages = {
        people.donor: (people.gift.path, people.gift.path + "#tried"),
        people.wang: (
            "/desk/refunds", "/desk/refunds?show=closed", "/desk/refunds/open",
            *(f"/desk/refunds/{case}" for case in people.cases),
            f"/desk/refunds/{people.cases[0]}/confirm",
        ),
    }  # fmt: skip
    for client, paths in pages.items():
        context = browser_of(chromium, client, address, viewport=size, color_scheme=scheme)
        page = context.new_page()
        for path in paths:
            page.goto(address + path)
            if path.endswith("#tried"):
                page.get_by_role("button", name="提交退款申请").click()
            page.eval_on_selector_all("details", "all => all.forEach(each => { each.open = true })")
            if seen := found(page):
                wrong[path] = seen
        context.close()
    assert wrong == {}


@pytest.mark.parametrize("lang", ["zh-CN", "en-US"])
def test_refund_pages_fit_320_pixels(
    people: People, address: str, chromium: Browser, lang: str
) -> None:
    pages = [
        (people.donor, people.gift.path),
        (people.donor, f"/o/{people.gift.order}"),
        (people.li, "/desk/refunds"),
        (people.li, "/desk/refunds/open"),
        (people.li, f"/desk/refunds/{people.cases[1]}"),
        (people.wang, f"/desk/refunds/{people.cases[0]}/confirm"),
    ]
    assert too_wide(chromium, address, pages, lang=lang) == {}
