"""Photographs the brand pages of a running installation into docs/screenshots, as WebP.

Run: python -m tests.web.photograph http://localhost:8000
"""

import argparse
from base64 import b64decode
from pathlib import Path

from playwright.sync_api import Page

from tests.web.chromium import SIZES, launched

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "screenshots"
QUALITY = 72


def photograph(page: Page, name: str) -> None:
    """Keep what the screen shows as FOLDER/name-width.webp."""
    size = page.viewport_size
    assert size is not None
    session = page.context.new_cdp_session(page)
    shot = session.send("Page.captureScreenshot", {"format": "webp", "quality": QUALITY})
    (FOLDER / f"{name}-{size['width']}.webp").write_bytes(b64decode(shot["data"]))


def give(page: Page) -> None:
    """Give through the simulated WeChat Pay, and come to the result."""
    page.locator(".chip").first.click()
    page.get_by_role("button", name="微信支付").click()
    page.wait_for_url("**/pay?*")
    result = page.url.partition("/pay?")[0]
    wallet = page.get_by_role("link", name="打开模拟钱包").get_attribute("href")
    assert wallet is not None
    page.goto(wallet)
    page.locator("button").first.click()
    page.wait_for_url("**/paid?*")
    page.goto(result)
    page.get_by_text("已写入公示账本").first.wait_for()


def main() -> None:
    """Photograph every brand page on a phone and on a desk."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("address")
    parser.add_argument("--project", default="night-reading")
    parser.add_argument("--campaign", default="gather-2026")
    parser.add_argument("--deed", default="40")
    told = parser.parse_args()
    pages = {
        "home": "/",
        "project": f"/p/{told.project}",
        "donate": f"/p/{told.project}/donate?campaign={told.campaign}",
        "campaign": f"/c/{told.campaign}",
        "deed": f"/d/{told.deed}",
        "log": "/log",
        "entries": "/entries",
        "verify": "/verify",
    }
    with launched() as browser:
        for size in SIZES:
            context = browser.new_context(viewport=size, locale="zh-CN", reduced_motion="reduce")
            page = context.new_page()
            for name, path in pages.items():
                page.goto(told.address + path)
                photograph(page, name)
            page.goto(f"{told.address}/p/{told.project}/donate?campaign={told.campaign}")
            give(page)
            photograph(page, "result")
            context.close()


if __name__ == "__main__":
    main()
