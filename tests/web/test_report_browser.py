"""The story of a complaint in a real browser, on a phone and on a desk, and without JavaScript."""

from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import Browser, Page, expect

from jusha.charities.rules import Role
from jusha.people.rules import Office
from jusha.web.gate import Gate
from jusha.web.views import report as report_page
from tests.cast import BOOKS
from tests.web.chromium import MARKS, SIZES, TOO_WIDE, browser_of, too_wide
from tests.web.conftest import Site
from tests.web.staff import member, officer, signed_in
from tests.web.test_axe import found

pytestmark = MARKS
NOW_HELD = "这个项目已经暂停"


@pytest.fixture
def people(site: Site, monkeypatch: pytest.MonkeyPatch) -> dict[str, Client]:
    """Made before the browser is: after that, Django's tables cannot be asked from here."""
    monkeypatch.setattr(report_page, "GATE", Gate())
    return {
        "r1": signed_in(officer(site, "r1@platform.example", Office.REVIEWER)),
        "r2": signed_in(officer(site, "r2@platform.example", Office.REVIEWER)),
        "li": signed_in(member(site, "li@shan.example", Role.PROGRAMME)),
        "visitor": Client(),
    }


def seen(page: Page, wrong: dict[str, Any]) -> None:
    """Note what axe finds on the page, all of it opened, and what is wider than its window."""
    page.eval_on_selector_all("details", "all => all.forEach(each => { each.open = true })")
    if what := found(page) + page.evaluate(TOO_WIDE):
        wrong[page.url] = what


def report(page: Page, address: str) -> str:
    page.goto(f"{address}/p/{BOOKS}")
    page.get_by_role("link", name="这个项目有问题？举报").click()
    expect(page.get_by_text("关于：书香进山")).to_be_visible()
    page.locator("label", has_text="钱的去向有问题").click()
    page.get_by_label("发生了什么").fill("书没有送到学校。")
    page.get_by_role("button", name="提交举报").click()
    expect(page.get_by_role("heading", name="正在核实")).to_be_visible()
    return page.url


def work(page: Page, address: str, summary: str, label: str, words: str, press: str) -> None:
    page.goto(f"{address}/desk/complaints")
    page.get_by_role("link", name="书香进山").click()
    if summary:
        page.get_by_text(summary, exact=True).click()
    page.get_by_label(label).fill(words)
    page.get_by_role("button", name=press).click()


def holds(first: Page, visitor: Page, address: str, wrong: dict[str, Any]) -> None:
    """One reviewer suspends the project; the visitor sees it at once."""
    first.goto(f"{address}/desk/complaints")
    first.get_by_role("link", name="书香进山").click()
    first.get_by_text("暂停或下线这个项目", exact=True).click()
    first.locator("label", has_text="暂停接受捐赠").click()
    first.get_by_label("写给公众").fill("我们正在核实。")
    first.get_by_role("button", name="马上执行").click()
    seen(first, wrong)

    visitor.goto(f"{address}/p/{BOOKS}")
    visitor.wait_for_timeout(1_100)  # what is held for everybody is a second old at most
    visitor.reload()
    expect(visitor.get_by_role("heading", name=NOW_HELD)).to_be_visible()
    expect(visitor.get_by_text("我们正在核实。")).to_be_visible()
    expect(visitor.get_by_role("link", name="我要捐")).not_to_be_visible()
    seen(visitor, wrong)


def lifts(first: Page, second: Page, visitor: Page, address: str, wrong: dict[str, Any]) -> None:
    """Two reviewers let it go."""
    first.goto(f"{address}/desk/holds")
    first.get_by_text("提出恢复", exact=True).click()
    first.get_by_label("写给公众：为什么恢复").fill("书已经送到。")
    first.get_by_role("button", name="提出，等同事确认").click()
    seen(first, wrong)
    second.goto(f"{address}/desk/holds")
    seen(second, wrong)
    second.get_by_role("button", name="同意恢复").click()
    expect(second.get_by_text("现在没有被停下的项目。")).to_be_visible()
    visitor.goto(f"{address}/p/{BOOKS}")
    visitor.wait_for_timeout(1_100)
    visitor.reload()
    expect(visitor.get_by_role("heading", name=NOW_HELD)).not_to_be_visible()


@pytest.mark.parametrize("size", SIZES, ids=lambda size: str(size["width"]))
def test_a_complaint_is_heard_from_the_page_to_the_finding(
    people: dict[str, Client], address: str, chromium: Browser, size: Any
) -> None:
    wrong: dict[str, Any] = {}
    at = {
        name: browser_of(chromium, client, address, viewport=size).new_page()
        for name, client in people.items()
    }
    visitor, first, second, li = at["visitor"], at["r1"], at["r2"], at["li"]
    secret = report(visitor, address)
    seen(visitor, wrong)

    holds(first, visitor, address, wrong)
    work(first, address, "向机构核实", "问机构什么", "请说明书在哪里。", "交给机构")
    work(li, address, "", "请说明情况", "书在仓库，周五送到。", "交给平台")
    seen(li, wrong)
    work(first, address, "", "给举报人的答复", "书在仓库，周五送到，我们会再看。", "答复举报人")
    visitor.goto(secret)
    expect(visitor.get_by_role("heading", name="已经答复")).to_be_visible()
    expect(visitor.get_by_text("书在仓库，周五送到，我们会再看。")).to_be_visible()

    lifts(first, second, visitor, address, wrong)
    first.goto(f"{address}/desk/complaints")
    first.get_by_role("link", name="书香进山").click()
    first.locator("label", has_text="部分属实").click()
    first.get_by_label("写给举报人").fill("送书晚了两周，已经送到。")
    first.get_by_role("button", name="办结").click()
    visitor.goto(secret)
    expect(visitor.get_by_role("heading", name="已经办结")).to_be_visible()
    seen(visitor, wrong)
    visitor.goto(f"{address}/oversight")
    seen(visitor, wrong)
    assert wrong == {}


def test_the_form_works_without_javascript_and_fits_320_pixels(
    people: dict[str, Client], address: str, chromium: Browser
) -> None:
    plain = chromium.new_context(locale="zh-CN", java_script_enabled=False).new_page()
    plain.goto(f"{address}/report?about=/p/{BOOKS}")
    plain.get_by_role("button", name="提交举报").click()
    expect(plain.get_by_role("alert")).to_be_visible()
    expect(plain.get_by_text("请选一种最接近的问题")).to_be_visible()
    report(plain, address)
    narrow = chromium.new_context(viewport={"width": 320, "height": 640}).new_page()
    for path in (f"/report?about=/p/{BOOKS}", "/oversight", plain.url.removeprefix(address)):
        narrow.goto(address + path)
        assert narrow.evaluate(TOO_WIDE) == [], path


PUBLIC = ("/help-seeking", "/how-listed", "/oversight", f"/p/{BOOKS}/donate", "/report?about=/")
AT_DESK = {
    "r1": ("/desk/exports", "/desk/registers", "/desk/holds", "/desk/complaints"),
    "li": ("/desk/help", "/desk/complaints"),
}


@pytest.mark.parametrize("size", SIZES, ids=lambda size: str(size["width"]))
def test_axe_finds_nothing_on_the_pages_of_oversight(
    people: dict[str, Client], address: str, chromium: Browser, size: Any
) -> None:
    wrong: dict[str, Any] = {}
    for name, paths in (AT_DESK | {"visitor": PUBLIC}).items():
        for scheme in ("light", "dark"):
            how = {"viewport": size, "color_scheme": scheme}
            page = browser_of(chromium, people[name], address, **how).new_page()
            for path in paths:
                page.goto(address + path)
                seen(page, wrong)
    assert wrong == {}


def test_they_fit_320_pixels(people: dict[str, Client], address: str, chromium: Browser) -> None:
    named = (AT_DESK | {"visitor": PUBLIC}).items()
    pages = [(people[name], path) for name, paths in named for path in paths]
    assert too_wide(chromium, address, pages) == {}
