"""A charity comes here in a real browser: without JavaScript, for axe, on the narrowest screen."""

from pathlib import Path
from typing import Any, NamedTuple

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from playwright.sync_api import Browser, Page, expect

from jusha.charities.models import Charity
from jusha.charities.rules import Role
from jusha.people.rules import Office
from tests.web.chromium import MARKS, SIZES, browser_of, too_wide
from tests.web.conftest import Site
from tests.web.join import applicant, credit_code, paper, photograph, said
from tests.web.staff import code_of_letter, member, officer, signed_in
from tests.web.test_axe import found
from tests.web.test_desk_charity import CERTIFICATE, MEMBER, OWN, PARTNER

pytestmark = MARKS


class People(NamedTuple):
    """Two reviewers, applicants, and a charity's two who renew, invite and attach."""

    first: Client
    second: Client
    waiting: Client
    other: Client
    li: Client
    wang: Client


@pytest.fixture
def people(site: Site) -> People:
    """Made before the browser is: after that, Django's tables cannot be asked from here."""
    first, second = (
        signed_in(officer(site, f"rev-{each}@platform.example", Office.REVIEWER)) for each in "ab"
    )
    Charity.objects.filter(code="shan").update(uscc=OWN)
    _, waiting = applicant("wait@else.example")
    assert (
        waiting.post(
            "/join", said(name_zh="远山协会", code="else", uscc=credit_code(7))
        ).status_code
        == 303
    )
    _, other = applicant("other@else.example")
    li = signed_in(member(site, "li@shan.example", Role.PROGRAMME))
    wang = signed_in(member(site, "wang@shan.example", Role.FINANCE))
    proposals: tuple[dict[str, Any], ...] = (
        CERTIFICATE | {"evidence": photograph()},
        MEMBER,
        PARTNER | {"evaluation": paper(100), "agreement": paper(110)},
    )
    for asked in proposals:
        assert li.post("/desk/charities/shan", asked).status_code == 303
    return People(first, second, waiting, other, li, wang)


def fill(page: Page, folder: Path) -> None:
    """Fill the form as somebody with the certificates in hand does."""
    files = {"registration": photograph(), "evidence": paper()}
    for name, file in files.items():
        assert isinstance(file, SimpleUploadedFile)
        (folder / str(file.name)).write_bytes(file.read())
        page.locator(f"#{name}").set_input_files(folder / str(file.name))
    typed = {
        "全称，和登记证书上一样": "青山公益基金会",
        "网址简称": "qingshan",
        "办公地址，会公开": "青山路 8 号",
        "电话，会公开": "400-100-2000",
        "联系人姓名，只给审核员看": "林梅",
        "证书编号": "浙民公募2024017",
        "发证机关": "浙江省民政厅",
        "有效期第一天": "2024-09-05",
        "有效期最后一天": "2029-09-04",
    }
    for label, words in typed.items():
        page.get_by_label(label, exact=True).fill(words)
    page.get_by_label("基金会", exact=True).check()
    page.get_by_label("有公开募捐资格证书", exact=True).check()
    page.get_by_label("我读过了，代表机构同意").check()


@pytest.mark.parametrize("size", SIZES, ids=lambda size: str(size["width"]))
def test_the_story_from_a_stranger_to_an_admitted_charity(
    people: People, address: str, chromium: Browser, size: Any, tmp_path: Path
) -> None:
    context = chromium.new_context(locale="zh-CN", viewport=size, java_script_enabled=False)
    page = context.new_page()
    page.goto(address)
    page.get_by_role("link", name="慈善组织入驻").click()
    page.get_by_role("link", name="登录后申请").click()
    page.get_by_label("邮箱").fill("lin@qingshan.example")
    page.locator("main form button").first.click()
    page.locator("input[name=code]").fill(code_of_letter())
    page.locator("main form button").first.click()
    fill(page, tmp_path)
    page.get_by_label("统一社会信用代码", exact=True).fill(credit_code()[:-1] + "0")
    page.get_by_role("button", name="交给审核员").click()
    expect(page.get_by_text("最后一位是校验码")).to_be_visible()
    expect(page.get_by_text("已收到：登记证书.jpg")).to_be_visible()
    page.get_by_label("统一社会信用代码", exact=True).fill(credit_code())
    page.get_by_role("button", name="交给审核员").click()
    expect(page.get_by_text("正在审核")).to_be_visible()
    for client, button in ((people.first, "都核对过，提议入驻"), (people.second, "确认入驻")):
        desk = browser_of(chromium, client, address, viewport=size, java_script_enabled=False)
        look = desk.new_page()
        look.goto(f"{address}/desk")
        look.get_by_role("link", name="入驻申请").click()
        look.get_by_role("link", name="青山公益基金会").click()
        for box in look.locator("input[name=checked]").all():
            box.check()
        look.get_by_role("button", name=button).click()
        desk.close()
    page.reload()
    expect(page.get_by_text("已经入驻")).to_be_visible()
    page.get_by_role("link", name="看机构的页面").click()
    expect(page.get_by_text(credit_code())).to_be_visible()
    context.close()


@pytest.mark.parametrize("size", SIZES, ids=lambda size: str(size["width"]))
def test_axe_finds_nothing_on_the_pages_of_joining(
    people: People, address: str, chromium: Browser, size: Any
) -> None:
    wrong = {}
    pages = {
        Client(): ("/join",),
        people.waiting: ("/join",),
        people.other: ("/join", "/join#tried"),
        people.first: ("/desk/applications", "/desk/applications/1", "/desk/charities"),
        people.li: ("/desk/charities", "/desk/charities/shan"),
        people.wang: ("/desk/charities",),
    }
    for client, paths in pages.items():
        context = browser_of(chromium, client, address, viewport=size)
        page = context.new_page()
        for path in paths:
            page.goto(address + path)
            if path.endswith("#tried"):
                page.get_by_role("button", name="交给审核员").click()
            page.eval_on_selector_all("details", "all => all.forEach(each => { each.open = true })")
            if seen := found(page):
                wrong[path] = seen
        context.close()
    assert wrong == {}


@pytest.mark.parametrize("lang", ["zh-CN", "en-US"])
def test_the_pages_of_joining_fit_320_pixels(
    people: People, address: str, chromium: Browser, lang: str
) -> None:
    pages = [
        (people.other, "/join"),
        (people.waiting, "/join"),
        (people.first, "/desk/applications"),
        (people.first, "/desk/applications/1"),
        (people.wang, "/desk/charities"),
        (people.li, "/desk/charities/shan"),
    ]
    assert too_wide(chromium, address, pages, lang=lang) == {}
