"""Somebody who uses no mouse gives: from home to a paid order and its proof, by keys alone."""

import re
import threading
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import parse_qs
from wsgiref.simple_server import make_server

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from jusha_sandbox.cashier import application
from tests.web.chromium import MARKS, SIZES
from tests.web.conftest import Quiet, Site

TABS_MAX = 60
SEEN = """(at => { const box = at.getBoundingClientRect(), style = getComputedStyle(at);
  const over = getComputedStyle(at, "::after"), beside = at.nextElementSibling;
  const marks = [style, over, ...(beside ? [getComputedStyle(beside)] : [])];
  return box.bottom > 0 && box.top < innerHeight
    && marks.some((each) => ["solid", "auto"].includes(each.outlineStyle)); })"""
"""Whether the place of the keyboard is on the screen and marked; a radio's mark is its label's."""
pytestmark = MARKS


class Cashier:
    """The simulated cashier's own pages; to pay settles the order, as the door would have it."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.paid: list[int] = []

    def __call__(self, environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        """Answer the browser (WSGI, PEP 3333)."""
        if environ["REQUEST_METHOD"] == "GET":
            return application(environ, start)
        length = int(environ["CONTENT_LENGTH"])
        said = parse_qs(environ["wsgi.input"].read(length).decode())
        amount = int(said["amount"][0])
        self.site.house.settle()
        self.site.house.give(amount, "", order=int(said["order"][0]), campaign="")
        self.paid.append(amount)
        start("303 See Other", [("location", said["back"][0])])
        return [b""]


@pytest.fixture
def cashier(site: Site, settings: Any) -> Iterator[Cashier]:
    """The cashier on a port of its own, to which the site sends whoever wants to pay."""
    cashier = Cashier(site)
    server = make_server("127.0.0.1", 0, cashier, handler_class=Quiet)
    settings.JUSHA_CASHIER_PORT = server.server_port
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield cashier
    server.shutdown()
    thread.join()
    server.server_close()


def tab_to(page: Page, selector: str) -> None:
    """Press Tab until the keyboard is at one of these, every stop on the way being seen."""
    for _ in range(TABS_MAX):
        page.keyboard.press("Tab")
        at = page.evaluate(
            f"""(wanted) => {{ const at = document.activeElement;
              const seen = at === document.body || ({SEEN})(at);
              return [at.matches(wanted), seen, at.outerHTML]; }}""",
            selector,
        )
        assert at[1], f"nobody sees where the keyboard is: {at[2][:120]}"
        if at[0]:
            return
    pytest.fail(f"no way to {selector} with the keyboard")


@pytest.mark.parametrize("size", SIZES, ids=lambda size: str(size["width"]))
def test_the_keyboard_alone_gives_and_reaches_the_proof(
    site: Site, cashier: Cashier, address: str, chromium: Browser, size: ViewportSize
) -> None:
    context = chromium.new_context(viewport=size, locale="zh-CN")
    page = context.new_page()
    page.goto(address)
    tab_to(page, "main a[href^='/p/']")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/p/[^/]+$"))
    tab_to(page, "a[href*='/donate']")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/donate"))
    tab_to(page, "#own")
    page.keyboard.type("twenty")
    page.keyboard.press("Enter")
    page.get_by_text("还没有提交，款项没有扣。").wait_for()
    tab_to(page, "#own")
    page.keyboard.press("Control+A")
    page.keyboard.type("20")
    tab_to(page, "[name=display]")
    page.keyboard.press("ArrowDown")
    tab_to(page, "#shown_name")
    page.keyboard.type("小满")
    tab_to(page, ".donate-end button")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/pay[?]"))
    tab_to(page, "button[type=submit]")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/o/[0-9]+"))
    assert cashier.paid == [2_000]
    site.publish()
    page.wait_for_selector("text=已写入公示账本")
    expect(page.locator("main")).to_contain_text("小满")
    tab_to(page, "main a[href$='.tlog-proof'], main a[href*='proof']")
    with page.expect_download() as download:
        page.keyboard.press("Enter")
    assert download.value.suggested_filename.endswith(".tlog-proof")
    context.close()
