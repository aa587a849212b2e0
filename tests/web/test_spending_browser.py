"""Spending in a real browser: the whole story without JavaScript, axe, and 320 pixels."""

from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from PIL import Image
from playwright.sync_api import Browser, expect

from tests.cast import BOOKS
from tests.web.chromium import MARKS, SCREENS, browser_of, too_wide
from tests.web.conftest import Site
from tests.web.test_axe import found
from tests.web.test_spending_desk import Desk, paper

pytestmark = MARKS


class Story(NamedTuple):
    """Who takes part; a gift, an expense of it, a request that waits; made before the browser."""

    desk: Desk
    gift: int
    expense: int
    asked: int


@pytest.fixture
def story(site: Site) -> Story:
    desk = Desk(site)
    gift = site.house.settlement.world.next_number - 1
    desk.ask(files={"evidence": paper(), "picture": paper("school.jpg")})
    desk.press(desk.finance, "confirm")
    site.house.settle()
    site.publish()
    expense = site.house.settlement.world.next_number - 1
    desk.ask(own="3.00", purpose="运费")
    return Story(desk, gift, expense, desk.newest().pk)


def photograph(folder: Path) -> Path:
    drawn = BytesIO()
    Image.new("RGB", (60, 40), (30, 120, 60)).save(drawn, "JPEG")
    (folder / "invoice.jpg").write_bytes(drawn.getvalue())
    return folder / "invoice.jpg"


def test_one_asks_and_another_confirms_without_javascript(
    story: Story, address: str, chromium: Browser, tmp_path: Path
) -> None:
    context = browser_of(chromium, story.desk.programme, address, java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{address}/desk/spending")
    page.get_by_role("link", name="登记一笔支出").click()
    page.get_by_label("金额（元）").fill("2000")
    page.get_by_label("用途，捐赠人会看到").fill("课桌 2 张")
    page.get_by_label("地点，到县就够了").fill("云南省怒江州")
    page.get_by_label("付款的那天").fill("2026-01-06")
    page.get_by_label("发票或付款凭证，不公开").set_input_files(photograph(tmp_path))
    page.get_by_role("button", name="交给财务确认").click()
    expect(page.get_by_text("剩下的钱不够")).to_be_visible()
    expect(page.get_by_label("用途，捐赠人会看到")).to_have_value("课桌 2 张")
    page.get_by_label("金额（元）").fill("2")
    page.get_by_role("button", name="交给财务确认").click()
    expect(page.get_by_text("课桌 2 张")).to_be_visible()  # the file was kept while it was mended
    context.close()
    context = browser_of(chromium, story.desk.finance, address, java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{address}/desk/spending")
    page.get_by_role("link", name="课桌 2 张").click()
    page.get_by_role("button", name="确认这笔支出").click()
    expect(page.get_by_text("正在记账")).to_be_visible()
    context.close()


@pytest.mark.parametrize(("size", "scheme"), SCREENS, ids=("phone-light", "desk-dark"))
def test_axe_finds_nothing_on_the_pages_of_spending(
    story: Story, address: str, chromium: Browser, size: Any, scheme: Any
) -> None:
    wrong = {}
    desk = story.desk
    pages = {
        desk.programme: ("/desk/spending", "/desk/spending/new", "/desk/spending/batch"),
        desk.finance: (f"/desk/spending/{story.asked}",),
        desk.site.client: (
            f"/p/{BOOKS}", f"/p/{BOOKS}/spending", f"/d/{story.gift}", f"/d/{story.expense}",
        ),
    }  # fmt: skip
    for client, paths in pages.items():
        context = browser_of(chromium, client, address, viewport=size, color_scheme=scheme)
        page = context.new_page()
        for path in paths:
            page.goto(address + path)
            page.eval_on_selector_all("details", "all => all.forEach(each => { each.open = true })")
            if seen := found(page):
                wrong[path] = seen
        context.close()
    assert wrong == {}


@pytest.mark.parametrize("lang", ["zh-CN", "en-US"])
def test_spending_pages_fit_320_pixels(
    story: Story, address: str, chromium: Browser, lang: str
) -> None:
    desk = story.desk
    pages = [
        (desk.programme, "/desk/spending"),
        (desk.programme, "/desk/spending/new"),
        (desk.programme, "/desk/spending/batch"),
        (desk.finance, f"/desk/spending/{story.asked}"),
        (desk.site.client, f"/p/{BOOKS}/spending"),
        (desk.site.client, f"/d/{story.gift}"),
        (desk.site.client, f"/d/{story.expense}"),
    ]
    assert too_wide(chromium, address, pages, lang=lang) == {}
