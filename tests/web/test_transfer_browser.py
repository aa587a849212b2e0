"""Bank transfer in a real browser: without scripts, for axe, on narrow screens."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from jusha.payments.reference import read_reference
from tests.cast import BOOKS
from tests.payments.test_files_flow import RESULTS, STATEMENT
from tests.web.chromium import MARKS, SIZES, TOO_WIDE, browser_of
from tests.web.conftest import Site
from tests.web.staff import member, signed_in
from tests.web.test_axe import found
from tests.web.test_transfer import give, publish, statement, take

pytestmark = MARKS
DESK = "/desk/files"


class Pages:
    """A donor with an order to transfer, finance with held money; their browsers' cookies."""

    def __init__(self, site: Site, folder: Path) -> None:
        self.at = give(site)
        site.house.settle()
        rows = (("A1", "20.01", "谢谢"), ("A2", "5.00", "WRNG-2345-WRNG"))
        take(site, folder, statement(*rows), STATEMENT)
        results = "ref,date,fen,batch,card\nu1,2026-11-05,1000,202611-01,62140000\n"
        take(site, folder, results, RESULTS)
        self.donor = site.client
        self.finance = signed_in(member(site, "li@shan.example"))

    def of(self, chromium: Browser, address: str, **more: Any) -> list[tuple[Any, str]]:
        """Open each page as who may see it."""
        donor = browser_of(chromium, self.donor, address, **more)
        finance = browser_of(chromium, self.finance, address, **more)
        order = self.at.partition("/pay")[0]
        told = [(donor, f"/p/{BOOKS}/donate"), (donor, self.at), (donor, order), (finance, DESK)]
        return [(context.new_page(), f"{address}{path}") for context, path in told]


@pytest.fixture
def pages(site: Site, tmp_path: Path) -> Pages:
    """Made before the browser is: after that, Django's tables cannot be asked from here."""
    return Pages(publish(site), tmp_path)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_wrong(
    pages: Pages, address: str, chromium: Browser, scheme: Any
) -> None:
    for page, path in pages.of(chromium, address, color_scheme=scheme):
        page.goto(path)
        assert found(page) == [], path


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_nothing_is_wider_than_the_screen(
    pages: Pages, address: str, chromium: Browser, width: int
) -> None:
    size = {"width": width, "height": SIZES[0]["height"]}
    for page, path in pages.of(chromium, address, viewport=size):
        page.goto(path)
        assert page.evaluate(TOO_WIDE) == [], path


def test_what_is_copied_from_the_page_is_the_reference(
    pages: Pages, address: str, chromium: Browser
) -> None:
    page, path = pages.of(chromium, address, java_script_enabled=False)[1]
    page.goto(path)
    shown = page.locator(".transfer-reference dd").inner_text()
    assert read_reference(shown).order == int(pages.at.split("/")[2])
    expect(page.get_by_role("link", name="我转好了，看结果")).to_be_visible()
