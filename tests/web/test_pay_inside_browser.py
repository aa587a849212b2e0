"""The page inside WeChat in a real browser: who, order, bridge, result, under the pages' policy."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qs
from wsgiref.types import StartResponse, WSGIEnvironment

import pytest
from playwright.sync_api import Browser, Page

from tests.cast import BOOKS
from tests.web.chromium import MARKS, SIZES
from tests.web.conftest import Site, served
from tests.web.test_pay_inside import PARAMETERS, RAILS, WECHAT

pytestmark = MARKS
BRIDGE = """window.asked = [];
window.WeixinJSBridge = { invoke: (what, fields, done) => {
  window.asked.push([what, fields]);
  document.documentElement.dataset.asked = window.asked.length;
  if (window.asked.length > 1) done({ err_msg: "get_brand_wcpay_request:ok" });
  else done({ err_msg: "get_brand_wcpay_request:cancel" });
} };"""
READY_SQL = "UPDATE jusha_attempt SET state = 'ready', payable = %s WHERE rail = 'wechat'"


class Outside(NamedTuple):
    """What stands in for WeChat: its pages' address, and the forms its bridge page was given."""

    address: str
    heard: list[dict[str, str]]


def first_words(query: str) -> dict[str, str]:
    return {name: each[0] for name, each in parse_qs(query).items()}


@pytest.fixture
def outside(site: Site, settings: Any) -> Iterator[Outside]:
    """WeChat's OAuth page, which asks nothing and sends back, and the sandbox's bridge page.

    They listen: a browser is sent there by a redirect, and those cannot be answered in its stead.
    """
    heard: list[dict[str, str]] = []

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        if environ["PATH_INFO"].startswith("/connect/"):
            asked = first_words(environ["QUERY_STRING"])
            back = f"{asked['redirect_uri']}?code=abc&state={asked['state']}"
            start_response("302 Found", [("Location", back)])
            return []
        sent = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
        heard.append(first_words(sent.decode()))
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"ok"]

    with served(answer) as port:
        at = f"http://localhost:{port}"
        rails = RAILS.replace("http://localhost:8004", at)
        (Path(settings.HOME) / "rails.toml").write_text(rails)
        yield Outside(at, heard)


def opened(site: Site, address: str, page: Page) -> None:
    """Give by WeChat Pay, as far as the page that can be paid."""
    page.goto(f"{address}/p/{BOOKS}/donate")
    page.locator("#own").fill("20")
    page.locator("button[name=rail][value=wechat]").click()
    page.wait_for_url(re.compile(r"/pay\?rail=wechat"))
    page.locator("[data-state=asked]").wait_for()
    site.house.settle()
    payable = {"code": "", "url": "", "parameters": PARAMETERS}
    site.house.web.execute(READY_SQL, (json.dumps(payable),))
    page.locator("form[data-wxpay]").wait_for()


@pytest.mark.parametrize("size", SIZES, ids=lambda size: str(size["width"]))
def test_wechat_is_asked_at_once_and_again_by_the_button_and_then_the_result_is_shown(
    site: Site, address: str, outside: Outside, chromium: Browser, size: Any
) -> None:
    context = chromium.new_context(viewport=size, locale="zh-CN", user_agent=WECHAT["user-agent"])
    page = context.new_page()
    told: list[str] = []
    page.on("console", lambda each: told.append(each.text))
    page.add_init_script(BRIDGE)
    opened(site, address, page)
    page.locator("html[data-asked='1']").wait_for()
    assert page.evaluate("window.asked[0]") == ["getBrandWCPayRequest", PARAMETERS]
    assert "/pay" in page.url
    page.get_by_role("button", name="用微信支付付款").click()
    page.wait_for_url(re.compile(r"/o/\d+$"))
    assert not [each for each in told if "Content Security Policy" in each]
    context.close()


def test_without_a_bridge_the_sandbox_hands_the_form_to_the_simulated_one(
    site: Site, address: str, outside: Outside, chromium: Browser
) -> None:
    context = chromium.new_context(user_agent=WECHAT["user-agent"], locale="zh-CN")
    page = context.new_page()
    opened(site, address, page)
    page.get_by_role("button", name="用微信支付付款").click()
    page.get_by_text("ok").wait_for()
    sent = outside.heard[0]
    assert sent.pop("back").startswith(f"{address}/o/")
    assert sent == PARAMETERS
    context.close()
