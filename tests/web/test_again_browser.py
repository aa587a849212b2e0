"""The page that waits for a gift shows itself anew, and never pulls back who is leaving it."""

import pytest
from playwright.sync_api import Browser, Request, Route

from tests.web.chromium import MARKS, browser_of
from tests.web.conftest import Site
from tests.web.test_donate import order_at

pytestmark = MARKS


@pytest.fixture
def order(site: Site) -> int:
    """An order that waits for its money."""
    return order_at(site)


@pytest.mark.parametrize("leaves", [False, True])
def test_a_tap_on_a_link_is_not_undone_by_news_that_come_meanwhile(
    site: Site,
    order: int,
    address: str,
    chromium: Browser,
    leaves: bool,  # noqa: FBT001 - a parameter
) -> None:
    """The link's answer is slow, and while it is awaited the page learns that it has changed."""
    context = browser_of(chromium, site.client, address)
    page = context.new_page()
    asked: list[Route] = []
    page.route("**/state*", lambda route: asked.append(route))  # noqa: PLW0108 - Playwright marks it
    page.goto(f"{address}/o/{order}")
    while not asked:
        page.wait_for_timeout(20)
    slow: list[Route] = []
    if leaves:
        page.route("**/receipts", lambda route: slow.append(route))  # noqa: PLW0108
        page.evaluate("setTimeout(() => location.assign('/receipts'))")
        while not slow:
            page.wait_for_timeout(20)
    shown: list[str] = []

    def note(seen: Request) -> None:
        if seen.is_navigation_request():
            shown.append(seen.url)

    page.on("request", note)
    asked[0].fulfill(json={"state": "given"})
    page.wait_for_timeout(500)
    for route in slow:
        route.continue_()
    if leaves:
        page.wait_for_url("**/receipts")
        assert not [url for url in shown if f"/o/{order}" in url]
    else:
        while not shown:
            page.wait_for_timeout(20)
        assert f"/o/{order}" in shown[0], "without a tap the page shows itself anew"
    context.close()
