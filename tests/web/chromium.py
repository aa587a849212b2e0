"""Debian's Chromium, told to ask nobody outside for anything."""

import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import pytest
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, ViewportSize, expect, sync_playwright

CHROMIUM = shutil.which("chromium-headless-shell") or shutil.which("chromium")
"""The same engine; the shell has no windows to start and takes half the time."""
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
SCREENS = ((SIZES[0], "light"), (SIZES[1], "dark"))
"""Each size and each scheme once: a colour does not depend on the width (see test_colours)."""
NARROW = ViewportSize(width=320, height=640)
"""The narrowest screen: a desk of 1280 at 400 % (WCAG 1.4.10)."""
TOO_WIDE: Final = """() => document.documentElement.scrollWidth <= innerWidth ? [] :
  ["page"].concat([...document.querySelectorAll("body *")]
    .filter((each) => each.getBoundingClientRect().right > innerWidth)
    .map((each) => each.outerHTML.slice(0, 80)))"""
OPEN_ALL: Final = "all => all.forEach(each => { each.open = true })"
MARKS = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="needs Debian's chromium"),
]

expect.set_options(timeout=30_000)  # two busy cores; a page that is never right still fails


@contextmanager
def launched() -> Iterator[Browser]:
    """Run Chromium. Django's tables cannot be asked from the same thread meanwhile."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield browser
        browser.close()


def browser_of(chromium: Browser, client: Client, address: str, **how: Any) -> BrowserContext:
    """A browser with the cookies of a client."""
    context = chromium.new_context(locale="zh-CN", **how)
    context.add_cookies(
        [{"name": n, "value": each.value, "url": address} for n, each in client.cookies.items()]
    )
    return context


def too_wide(
    chromium: Browser, address: str, pages: Iterable[tuple[Client, str]], *, lang: str = "zh-CN"
) -> dict[str, Any]:
    """What sticks out of the narrowest screen, by page, all that folds open; {} if nothing does.

    `pages`: who looks, and at which path.
    """
    wrong: dict[str, Any] = {}
    headers = {"accept-language": lang}
    for client, path in pages:
        context = browser_of(chromium, client, address, viewport=NARROW, extra_http_headers=headers)
        page = context.new_page()
        page.goto(address + path)
        page.eval_on_selector_all("details", OPEN_ALL)
        if seen := page.evaluate(TOO_WIDE):
            wrong[path] = seen
        context.close()
    return wrong
