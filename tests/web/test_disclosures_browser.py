"""A project late with its report is open again when the report is out: in a real browser."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from jusha.web import held
from tests.cast import BOOKS
from tests.web.chromium import MARKS, SIZES, TOO_WIDE, browser_of
from tests.web.conftest import Site
from tests.web.test_axe import found
from tests.web.test_desk_disclosures import KEY, LIST, WRITE, Desk, due, picture

pytestmark = MARKS
PUBLIC = (f"/p/{BOOKS}", f"/p/{BOOKS}/disclosures", "/law", "/charity/shan/disclosures")


@pytest.fixture
def desk(site: Site) -> Desk:
    """Made before the browser is: after that, Django's tables cannot be asked from here."""
    made = Desk(site)
    due(site, in_days=-1)
    return made


@pytest.mark.parametrize("size", SIZES)
def test_a_late_project_is_open_again_when_its_report_is_out(
    site: Site, desk: Desk, address: str, chromium: Browser, tmp_path: Path, size: Any
) -> None:
    photo = tmp_path / "school.jpg"
    photo.write_bytes(picture().read())
    donor = chromium.new_context(locale="zh-CN", java_script_enabled=False, viewport=size)
    page = donor.new_page()
    page.goto(f"{address}/p/{BOOKS}")
    expect(page.locator(".deadline-overdue")).to_be_visible()
    expect(page.get_by_role("link", name="我要捐")).to_have_count(0)
    page.goto(f"{address}/p/{BOOKS}/donate")
    expect(page.get_by_text("该公开的情况还没有公开").first).to_be_visible()

    writer = browser_of(chromium, desk.li, address, java_script_enabled=False, viewport=size)
    desk_page = writer.new_page()
    desk_page.goto(f"{address}{LIST}")
    desk_page.get_by_role("link", name="写这一份").click()
    desk_page.get_by_label("标题").fill("九月到十一月")
    desk_page.get_by_label("正文", exact=True).fill("两所学校的书到了，孩子们开始读了。")
    desk_page.get_by_label("照片或 PDF").set_input_files(str(photo))
    desk_page.get_by_role("button", name="提交给财务确认").click()
    expect(desk_page.get_by_text("等财务同事确认")).to_be_visible()
    writer.close()

    finance = browser_of(chromium, desk.wang, address, java_script_enabled=False, viewport=size)
    desk_page = finance.new_page()
    desk_page.goto(f"{address}{LIST}")
    desk_page.get_by_role("link", name="九月到十一月").click()
    desk_page.get_by_role("button", name="核对过了，公开").click()
    expect(desk_page.get_by_role("heading", name="等第二个人确认")).to_have_count(0)
    finance.close()

    held.clear()  # as if the second had gone by for which pages are held
    page.goto(f"{address}/p/{BOOKS}")
    expect(page.get_by_role("link", name="我要捐").first).to_be_visible()
    page.get_by_role("link", name="定期公开募捐和使用情况").click()
    expect(page.get_by_text("孩子们开始读了")).to_be_visible()
    assert page.locator(".paper-files img").evaluate("each => each.naturalWidth") > 0
    page.goto(f"{address}/p/{BOOKS}/donate")
    expect(page.get_by_text("该公开的情况还没有公开")).to_have_count(0)
    donor.close()


@pytest.fixture
def pages(desk: Desk) -> list[tuple[str, str]]:
    """A published report with a correction, and one that waits: address and who looks."""
    desk.wang.post(desk.propose(files=picture()), {"do": "confirm"})
    desk.wang.post(desk.propose(words="三所。", correction="漏了。"), {"do": "confirm"})
    waits = desk.propose(words="四所。", correction="又漏了。")
    paper = f"/{KEY.replace('/progress', '/disclosures/progress')}"
    own = [(each, "li") for each in (LIST, WRITE)]
    law = ("/desk/law", "/desk/law/file-before-start-days")
    platform = [(each, "operator") for each in law]
    return [*((each, "") for each in (*PUBLIC, paper)), *own, *platform, (waits, "wang")]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_wrong(
    desk: Desk, pages: list[tuple[str, str]], address: str, chromium: Browser, scheme: Any
) -> None:
    for path, who in pages:
        client = getattr(desk, who) if who else None
        context = (
            browser_of(chromium, client, address, color_scheme=scheme)
            if client
            else chromium.new_context(locale="zh-CN", color_scheme=scheme)
        )
        page = context.new_page()
        page.goto(f"{address}{path}")
        assert found(page) == [], path
        context.close()


def test_nothing_is_wider_than_the_narrowest_screen(
    desk: Desk, pages: list[tuple[str, str]], address: str, chromium: Browser
) -> None:
    for path, who in pages:
        client = getattr(desk, who) if who else None
        how: dict[str, Any] = {"viewport": {"width": 320, "height": 640}}
        context = (
            browser_of(chromium, client, address, **how)
            if client
            else chromium.new_context(locale="zh-CN", **how)
        )
        page = context.new_page()
        page.goto(f"{address}{path}")
        assert page.evaluate(TOO_WIDE) == [], path
        context.close()
