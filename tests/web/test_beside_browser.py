"""A donor on a phone finds the gift by its number, keeps the proof, checks it with no network."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from jusha.config.modes import Mode
from jusha.inbox.keys import deed_key
from jusha.people import vault
from tests.cast import BOOKS
from tests.web.chromium import MARKS, SIZES
from tests.web.conftest import Site
from tests.web.test_beside_pages import NOTICE, told

NUMBER = "4200000925202101284997714292"
PROVEN = "已证明"
pytestmark = MARKS


@pytest.fixture
def beside(site: Site, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Site:
    """The site in beside mode, with one gift of a bill and its day's accounts."""
    monkeypatch.setattr("jusha.web.views.beside._kept", {})
    settings.JUSHA_MODE = "beside"
    settings.JUSHA_SIMULATOR = False
    settings.JUSHA_MODE_FACTS = Mode("beside", notice=NOTICE, charity="shan", name="善小基金会")
    house = site.house
    house.instruct("admit-channel", code="wechat", terms={"assets": ["CNY"], "clock": "file"})
    key = deed_key(vault.load(site.log_folder.parent, "dedupe"), "wechat", NUMBER)
    house.give(500, BOOKS, channel="wechat", campaign="", key=key, paid_at=1_600_000)
    house.instruct("publish-accounts", charity="shan", day="2026-03-01", table=told())
    return site


@pytest.fixture(params=[True, False], ids=["with JavaScript", "without JavaScript"])
def phone(request: pytest.FixtureRequest, chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context(
        viewport=SIZES[0],
        locale="zh-CN",
        has_touch=True,
        java_script_enabled=request.param,
        accept_downloads=True,
    )
    yield context.new_page()
    context.close()


def saved_proof(page: Page, address: str, folder: Path) -> Path:
    """Find the gift by its number and save its proof: two taps."""
    page.goto(f"{address}/beside")
    page.get_by_label("付款单号").fill(NUMBER)
    page.get_by_role("button", name="查找").tap()
    page.wait_for_url("**/d/*")
    with page.expect_download() as download:
        page.get_by_role("link", name="下载证明").tap()
    path = folder / download.value.suggested_filename
    download.value.save_as(path)
    return path


def test_a_gift_is_two_taps_from_its_number_to_its_proof(
    beside: Site, address: str, phone: Page, tmp_path: Path
) -> None:
    proof = saved_proof(phone, address, tmp_path)
    assert proof.read_bytes().startswith(b"c2sp.org/tlog-proof@v1")
    assert NUMBER not in phone.url


def test_the_saved_page_proves_offline_and_does_not_once_a_bit_is_changed(
    beside: Site, address: str, chromium: Browser, tmp_path: Path
) -> None:
    online = chromium.new_context(
        viewport=SIZES[0], locale="zh-CN", has_touch=True, accept_downloads=True
    )
    page = online.new_page()
    proof = saved_proof(page, address, tmp_path)
    page.goto(f"{address}/verify")
    verifier = tmp_path / "verify.html"
    verifier.write_text(page.request.get(f"{address}/verify").text(), "utf-8")
    online.close()

    offline = chromium.new_context(viewport=SIZES[0], locale="zh-CN", offline=True)
    page = offline.new_page()
    page.goto(verifier.as_uri())
    assert page.url.startswith("file://")
    assert verdict(page, proof.read_bytes(), "as-saved.tlog-proof").startswith(PROVEN)
    raw = proof.read_bytes()
    place = raw.index(b"\nextra ") + 40 if b"\nextra " in raw else len(raw) // 2
    changed = raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :]
    assert not verdict(page, changed, "one-bit.tlog-proof").startswith(PROVEN)
    offline.close()


def verdict(page: Page, data: bytes, name: str) -> str:
    """Choose a file and read what the page says of it."""
    page.set_input_files("#file", {"name": name, "mimeType": "text/plain", "buffer": data})
    page.wait_for_selector(f"#verdict .verdict-name:text-is('{name}')")
    return page.locator("#verdict h2").inner_text()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_accounts_fit_every_screen(
    beside: Site, address: str, chromium: Browser, scheme: Any
) -> None:
    for size in SIZES:
        context = chromium.new_context(viewport=size, locale="zh-CN", color_scheme=scheme)
        page = context.new_page()
        for path in ("/beside", "/beside/2026-03-01"):
            page.goto(address + path)
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
        context.close()
