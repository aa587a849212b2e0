"""A real Chromium on a phone and on a desk: nothing overflows, nothing is refused, nothing needs
JavaScript."""

import re
import shutil
import threading
from collections.abc import Iterator
from typing import Literal
from urllib.parse import parse_qs, urlsplit
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import pytest
from django.core.wsgi import get_wsgi_application
from django.db import connections
from playwright.sync_api import Browser, ConsoleMessage, Route, ViewportSize, sync_playwright

from tests.cast import BOOKS
from tests.web.conftest import Site

CHROMIUM = shutil.which("chromium")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
SIZES = (ViewportSize(width=390, height=844), ViewportSize(width=1280, height=900))
TAP_MIN = 44
Scheme = Literal["light", "dark"]
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="needs Debian's chromium"),
]


class Quiet(WSGIRequestHandler):
    """Serves without writing a line for each request."""

    def log_message(self, *_args: object) -> None:
        """Say nothing."""


@pytest.fixture
def address(site: Site) -> Iterator[str]:
    """The furnished site, served on a free port of this machine."""
    site.house.give(2000)
    site.publish()
    server: WSGIServer = make_server("127.0.0.1", 0, get_wsgi_application(), handler_class=Quiet)

    def serve() -> None:
        try:
            server.serve_forever()
        finally:
            connections.close_all()  # this thread's own

    thread = threading.Thread(target=serve)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def chromium() -> Iterator[Browser]:
    """Chromium, which asks nobody outside for anything."""
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield launched
        launched.close()


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
    site: Site, address: str, chromium: Browser
) -> None:
    context = chromium.new_context(
        viewport=SIZES[0], locale="zh-CN", java_script_enabled=False, accept_downloads=True
    )
    page = context.new_page()

    def cashier(route: Route) -> None:
        route.fulfill(body="paid", content_type="text/plain")

    page.route(re.compile(r":8002/pay"), cashier)
    page.goto(address)
    page.get_by_role("link", name="书香进山").click()
    page.locator(".dock").get_by_role("link", name="我要捐").click()
    assert page.get_by_role("button", name="去付款").bounding_box() is not None
    page.check("input[value='7000']")
    page.get_by_role("button", name="去付款").click()
    page.wait_for_url(re.compile(r":8002/pay"))
    query = parse_qs(urlsplit(page.url).query)
    assert query["amount"] == ["7000"]
    site.house.settle()
    site.house.give(7000, "", order=int(query["order"][0]), campaign="")
    page.goto(query["back"][0])
    assert page.get_by_text("等待下一次签名").is_visible()
    site.publish()
    page.wait_for_selector("text=已写入公示账本")  # the page looks again by itself
    with page.expect_download() as download:
        page.get_by_role("link", name="下载完整凭证").click()
    assert download.value.suggested_filename.endswith("-keep.tlog-proof")
    context.close()
