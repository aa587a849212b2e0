"""An emergency venue is live within minutes, by two persons; no page of giving days is too wide."""

from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from jusha.campaigns.models import Campaign
from tests.cast import BOOKS
from tests.web.chromium import MARKS, SIZES, browser_of, too_wide
from tests.web.conftest import Site
from tests.web.join import paper
from tests.web.test_axe import found
from tests.web.test_days import WORDS, Desk

pytestmark = MARKS


@pytest.fixture
def desk(site: Site, address: str) -> Desk:
    """The desk with a day that has a venue, a pool and a rule; before the browser is there."""
    assert address
    found = Desk(site)
    found.write("fest")
    found.write("fest-sea", "fest", title_zh="海边会场", colour="amber")
    found.open("fest")
    Campaign.objects.get(code="fest").projects.set(Campaign.objects.get(code="day").projects.all())
    found.fund("fest")
    found.rule("fest")
    found.post("op", "/desk/days/people", do="pact", words_zh="不刷捐。", words_en="No fakes.")
    found.confirm("rev", "/desk/days/people")
    found.post("li", "/desk/join", do="sign", charity="shan", version="1")
    found.post("li", "/desk/join", do="apply", charity="shan", campaign="fest", project=[BOOKS])
    pool: dict[str, Any] = {
        "do": "fund",
        "pool": "more",
        "sponsor": "Bao Ltd",
        "amount": "10",
        "how": "secured",
    }
    rest: dict[str, Any] = {
        "due_on": "2099-01-01",
        "paper": paper(300),
        "notice_days": "10",
        "on_return": "spread",
    }
    found.post("op", "/desk/days/at/fest/pools", **pool, **rest)
    found.post("op", "/desk/scenes", do="save", lines="sea-map,海图,Sea map,map,Sea Ltd")
    return found


def test_an_emergency_venue_is_live_after_one_form_and_one_confirmation(
    address: str, desk: Desk, chromium: Browser
) -> None:
    context = browser_of(chromium, desk.clients["op"], address, viewport=SIZES[0])
    page = context.new_page()
    page.goto(f"{address}/desk/days")
    page.get_by_role("link", name="紧急会场").click()
    page.get_by_label("代码，写在网址里").fill("flood")
    for name, words in WORDS.items():
        if name != "colour":
            page.locator(f"#{name}").fill(words)
    page.get_by_label("项目的代码").fill("nothing-here")
    page.get_by_role("button", name="提出").click()
    expect(page.get_by_role("alert")).to_contain_text("nothing-here")
    expect(page.locator("#title_zh")).to_have_value(WORDS["title_zh"])
    page.get_by_label("项目的代码").fill(BOOKS)
    page.get_by_role("button", name="提出").click()
    expect(page.get_by_text("您提出的，要由另一个人确认。")).to_be_visible()
    context.close()
    context = browser_of(chromium, desk.clients["rev"], address, viewport=SIZES[1])
    page = context.new_page()
    page.goto(f"{address}/desk/days")
    page.get_by_role("link", name="flood").first.click()
    page.get_by_role("button", name="逐项核对过，确认").click()
    expect(page.get_by_text("正在执行")).to_be_visible()
    desk.site.house.settle()
    page.reload()
    expect(page.get_by_text("已执行")).to_be_visible()
    page.get_by_role("link", name="/c/flood").click()
    expect(page.get_by_role("heading", name=WORDS["title_zh"])).to_be_visible()
    expect(page.get_by_role("link", name="书香进山")).to_be_visible()
    context.close()
    op, fin, rev, li = (desk.clients[who] for who in ("op", "fin", "rev", "li"))
    hub = "/desk/days/at/fest"
    pages = [
        (op, "/desk/days"), (op, "/desk/days/new"), (op, hub), (op, f"{hub}/edit"),
        (op, f"{hub}/pools"), (fin, f"{hub}/pools"), (op, f"{hub}/rules"),
        (rev, "/desk/days/people"), (op, "/desk/scenes"), (li, "/desk/join"),
        (li, "/c/fest"), (li, "/days"), (li, "/pact"),
    ]  # fmt: skip
    assert too_wide(chromium, address, pages) == {}
    for who, paths in ((op, [path for _, path in pages]), (fin, [f"{hub}/pools"])):
        context = browser_of(chromium, who, address, viewport=SIZES[0], color_scheme="dark")
        page = context.new_page()
        for path in paths:
            page.goto(address + path)
            assert found(page) == [], path
        context.close()
