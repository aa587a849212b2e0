"""Guests pay on a rail; next morning finance reconciles its bill, with three planted differences.

The whole house runs, and everything is done in the browser: the gifts on a small screen, the bill
at the desk on a large one. Each difference has its name, two persons clear one, the books agree.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from jusha.management.demo.people import finance_of
from jusha.management.drill.installation import Installation
from tests.web.chromium import MARKS, SIZES, launched
from tests.web.test_story_rails import CHARITY, WAIT_MS, Guest, audit, turn

pytestmark = [*MARKS, pytest.mark.drill]
LATER_S = 36 * 3600
"""From any hour of a day to after ten o'clock of the next, when its bill is ready."""
GIFTS = {"missing": 10, "amount": 20, "extra": 30, "": 40}
"""What becomes of each gift's line on the bill, and the gift in yuan."""
WRONG_FEN = 2_500
NAMED = {
    "短款：账本有，渠道没有": "10.00",
    "金额不符": "25.00",
    "长款：渠道有，账本没有": "30.00",
}
GROUNDS = "工单 20261123-7"


@pytest.fixture
def running() -> Iterator[Installation]:
    installation = Installation()
    try:
        installation.start()
        yield installation
    finally:
        installation.remove()


@pytest.fixture
def chromium() -> Iterator[Browser]:
    with launched() as browser:
        yield browser


def give(running: Installation, chromium: Browser) -> None:
    """Four gifts from a small screen; the gateway is told what to write of three on its bill."""
    context = chromium.new_context(viewport=SIZES[0], locale="zh-CN")
    context.set_default_timeout(WAIT_MS)
    for kind, yuan in GIFTS.items():
        guest = Guest(running, context)
        guest.order("wechat", str(yuan))
        guest.pay()
        if kind:
            order = re.findall(r"/o/([0-9]+)", guest.page.url)[0]
            turn(running, "bill", kind=kind, transaction_id=paid(running, order), fen=WRONG_FEN)
        guest.page.close()
    context.close()


def paid(running: Installation, order: str) -> str:
    """The rail's own number of an order's payment."""
    port = running.ports["JUSHA_WECHAT_PORT"]
    state = httpx.get(f"http://127.0.0.1:{port}/control/state", trust_env=False).json()
    trades: list[dict[str, Any]] = state["orders"]
    return next(str(t["transaction_id"]) for t in trades if t["out_trade_no"] == order)


@contextmanager
def at_the_desk(running: Installation, chromium: Browser, address: str) -> Iterator[Page]:
    """A person of the charity's finance, signed in with the code that the demo shows."""
    context = chromium.new_context(viewport=SIZES[1], locale="zh-CN")
    context.set_default_timeout(WAIT_MS)
    page = context.new_page()
    site = f"http://localhost:{running.ports['JUSHA_WEB_PORT']}"
    page.goto(f"{site}/account/sign-in?next=/desk")
    page.locator("input[name=email]").fill(address)
    page.locator("form.sign-in button").first.click()
    page.locator("input[name=code]").fill(page.locator(".one-time").inner_text())
    page.locator("form.sign-in button").first.click()
    page.wait_for_url(re.compile("/desk$"))
    page.get_by_role("link", name="渠道对账").click()
    yield page
    context.close()


def differing(page: Page) -> str:
    """How many differences WeChat Pay's newest day has, as the list says; "" before it is read."""
    page.reload()
    marks = page.locator(".bill-days li").filter(has_text="微信支付").locator(".tag")
    return marks.first.inner_text() if marks.count() else ""


def test_finance_reconciles_the_next_days_bill_and_two_persons_clear_a_difference(
    running: Installation, chromium: Browser
) -> None:
    give(running, chromium)
    turn(running, "clock", advance=LATER_S)
    first, second = finance_of(CHARITY)
    with at_the_desk(running, chromium, first) as page:
        page.get_by_role("button", name="取账单").click()
        running.wait(lambda: differing(page) == "3 处不一致", "the bill to be read and compared")
        page.locator(".bill-days a").filter(has_text="3 处不一致").click()
        listed = page.locator(".cases li")
        assert listed.count() == len(NAMED), "three were planted, and nothing else differs"
        for name, amount in NAMED.items():
            assert amount in listed.filter(has_text=name).inner_text(), name
        listed.filter(has_text="长款").locator("a").click()
        page.get_by_label("款项已经由渠道退给付款人").check()
        page.get_by_label("依据").fill(GROUNDS)
        page.get_by_role("button", name="提出核销").click()
        page.get_by_text("确认要由另一位财务来做").wait_for()
        expect(page.get_by_role("link", name="作为第二人确认")).to_have_count(0)
    with at_the_desk(running, chromium, second) as page:
        page.get_by_role("link", name=re.compile("长款")).click()
        page.get_by_role("link", name="作为第二人确认").click()
        page.get_by_text(GROUNDS).wait_for()
        page.get_by_role("button", name="确认核销").click()
        page.get_by_text("已核销").first.wait_for()
        page.get_by_role("link", name="微信支付").first.click()
        page.get_by_text("2 处", exact=True).wait_for()
    assert "0 wrong" in audit(running)
