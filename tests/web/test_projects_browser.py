"""A programme officer publishes a charity's first project, by pages alone, on any screen."""

from datetime import date, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
import pytest
from django.test import Client
from django.utils.timezone import localdate
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from jusha.charities.models import Charity
from jusha.charities.rules import Role
from jusha.people.rules import Office
from jusha.projects.draft import begin
from tests.web.chromium import MARKS, SCREENS, SIZES, browser_of, too_wide
from tests.web.conftest import CERTIFICATE_SQL, Site
from tests.web.staff import as_owner, member, officer, signed_in
from tests.web.test_axe import found

pytestmark = MARKS
TODAY = localdate()
USCC = "91110000600037341L"
TYPED = {
    "在哪里": "云岭县",
    "项目故事": "石坂小学有 126 个孩子住校。",
    "募捐地域": "全国（互联网）",
    "负责人姓名": "李小山",
    "接受捐赠方式": "本平台在线捐赠",
    "银行账户": "新芽基金会 演示银行 1001",
    "合作方": "无",
    "利害关系申报": "无",
    "受益人数量": "约 2600 人",
    "募捐成本怎样控制": "不超过百分之二",
    "备案编号": f"{USCC}A26777",
    "备案日期": f"{TODAY - timedelta(days=20)}",
    "募捐开始日期": f"{TODAY}",
    "募捐结束日期": f"{TODAY + timedelta(days=100)}",
}


class People(NamedTuple):
    """A programme officer of a charity without projects, its reviewer, and a draft to look at."""

    site: Site
    officer: Client
    reviewer: Client
    draft: str


@pytest.fixture
def people(site: Site, owner: psycopg.Connection) -> People:
    with as_owner(site):
        Charity.objects.create(
            code="xin", name_zh="新芽基金会", name_en="Sprout", uscc=USCC, certificate_no="公募 9",
            address_zh="演示市谷雨路 2 号", address_en="2 Guyu Road", phone="000",
        )  # fmt: skip
    days = (date(2024, 1, 1), date(2099, 12, 31))
    owner.execute(CERTIFICATE_SQL.replace("'shan'", "'xin'"), days)
    assert site.house.instruct("admit-charity", code="xin")[0] == "done"
    li = member(site, "li@xin.example", Role.PROGRAMME, charity="xin")
    reviewer = signed_in(officer(site, "rev@platform.example", Office.REVIEWER))
    return People(site, signed_in(li), reviewer, begin("xin", "water", by=li.pk).project)


def scan(folder: Path) -> str:
    seen = BytesIO()
    Image.new("RGB", (60, 40), "white").save(seen, "PNG")
    path = folder / "filing.png"
    path.write_bytes(seen.getvalue())
    return str(path)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: str(size["width"]))
def test_a_first_project_is_written_examined_published_and_takes_a_gift(
    people: People, address: str, cashier: str, chromium: Browser, size: Any, tmp_path: Path
) -> None:
    context = browser_of(
        chromium, people.officer, address, viewport=size, java_script_enabled=False
    )
    page = context.new_page()
    page.goto(f"{address}/desk")
    page.locator("main").get_by_role("link", name="项目").click()
    page.get_by_role("button", name="阅读包").click()
    page.get_by_role("button", name="提交审核").click()
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("下面标出的地方要先补好")
    alert.get_by_role("link", name="负责人姓名").click()
    page.wait_for_url("**#responsible")
    expect(page.locator("#responsible-error")).to_have_text("这里还没有写。")
    for label, text in TYPED.items():
        page.get_by_label(label, exact=True).fill(text)
    page.get_by_label("目标金额（元）").fill("100001")
    page.get_by_label("备案证明").set_input_files(scan(tmp_path))
    page.get_by_role("button", name="先存下").click()
    expect(page.get_by_text("filing.png")).to_be_visible()
    page.get_by_role("button", name="看看还缺什么").click()
    expect(page.get_by_text("各行预算加起来和目标金额不相等")).to_be_visible()
    page.get_by_label("目标金额（元）").fill("100000")
    page.get_by_role("button", name="提交审核").click()
    expect(page.get_by_text("等待审核").first).to_be_visible()
    context.close()
    code = _examined(people, address, chromium, size)
    people.site.house.settle()
    page = chromium.new_context(locale="zh-CN", viewport=size, java_script_enabled=False).new_page()
    _given(page, f"{address}/p/{code}", cashier)
    people.site.house.settle()
    orders = people.site.house.web.execute("SELECT count(*) FROM payments_order").fetchone()
    assert orders == (1,)


def _examined(people: People, address: str, chromium: Browser, size: Any) -> str:
    context = browser_of(
        chromium, people.reviewer, address, viewport=size, java_script_enabled=False
    )
    page = context.new_page()
    page.goto(f"{address}/desk/projects")
    page.get_by_role("link", name="阅读包").click()
    for told in ("李小山", "阅读包（十本书和书包）", "filing.png", TYPED["备案编号"]):
        expect(page.get_by_text(told).first).to_be_visible()
    page.get_by_role("button", name="审核通过，发布").click()
    expect(page.get_by_text("已发布").first).to_be_visible()
    code = page.url.rpartition("/")[2]
    context.close()
    return code


def _given(page: Page, project: str, cashier: str) -> None:
    page.goto(project)
    page.locator("#plan summary").click()
    expect(page.get_by_text("不超过百分之二")).to_be_visible()
    page.locator("a:visible", has_text="我要捐").first.click()
    expect(page.get_by_text(TYPED["备案编号"]).first).to_be_visible()
    page.locator(".donate label:visible").first.click()
    page.locator(".donate-end button").first.click()
    page.wait_for_url(lambda url: cashier in url)


@pytest.mark.parametrize(("size", "scheme"), SCREENS, ids=("phone-light", "desk-dark"))
def test_axe_finds_nothing_on_the_pages_of_projects(
    people: People, address: str, chromium: Browser, size: Any, scheme: Any
) -> None:
    wrong = {}
    context = browser_of(chromium, people.officer, address, viewport=size, color_scheme=scheme)
    page = context.new_page()
    for path in _paths(people):
        page.goto(address + path)
        page.eval_on_selector_all("details", "all => all.forEach(each => { each.open = true })")
        if seen := found(page):
            wrong[path] = seen
    context.close()
    assert wrong == {}


@pytest.mark.parametrize("lang", ["zh-CN", "en-US"])
def test_project_pages_fit_320_pixels(
    people: People, address: str, chromium: Browser, lang: str
) -> None:
    pages = [(people.officer, path) for path in _paths(people)]
    assert too_wide(chromium, address, pages, lang=lang) == {}


def _paths(people: People) -> tuple[str, ...]:
    page = f"/desk/projects/{people.draft}"
    return "/desk/projects", page, f"{page}/edit", f"{page}/edit?check=1"
