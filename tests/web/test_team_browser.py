"""On a phone: a team is opened, its link handed on, a friend joins and gives, the total follows."""

import threading
from datetime import timedelta
from typing import NamedTuple

import pytest
from django.db import connections
from django.test import Client
from django.utils.timezone import localdate
from playwright.sync_api import Browser, Page, expect

from jusha.people.models import UserAccount
from jusha.people.rules import Office
from jusha.teams.count_gifts import count_gifts
from jusha.web import held
from tests.cast import BOOKS
from tests.web.chromium import MARKS, SIZES, browser_of, too_wide
from tests.web.conftest import Site
from tests.web.staff import officer, signed_in
from tests.web.test_axe import found
from tests.web.test_company import Hall
from tests.web.test_keyboard_gift import Cashier
from tests.web.test_keyboard_gift import cashier as till

__all__ = ["till"]
pytestmark = MARKS


class People(NamedTuple):
    """A captain and a friend; a company's representative, and a reviewer."""

    captain: Client
    friend: Client
    chen: Client
    reviewer: Client


@pytest.fixture
def people(site: Site) -> People:
    """Signed in before the browser is there."""
    hall = Hall(site)
    hall.open()
    hall.pledge()
    hall.decide("rev", "confirm")
    hall.fund()
    hall.chen.post("/company/big-tree", {"do": "mail"})
    hall.chen.post("/company/big-tree", {"do": "suggest", "project": BOOKS})
    captain, friend = (signed_in(UserAccount.objects.open()) for _ in range(2))
    reviewer = signed_in(officer(site, "third@p.example", Office.REVIEWER))
    return People(captain, friend, hall.chen, reviewer)


def counted() -> None:
    """Count what came, as the teller does, in a thread that may ask the database."""

    def count() -> None:
        count_gifts()
        held.clear()
        connections.close_all()

    thread = threading.Thread(target=count)
    thread.start()
    thread.join()


def opened(page: Page, address: str) -> str:
    """Open a team from the project's page; the captain's own link."""
    page.goto(f"{address}/p/{BOOKS}")
    page.get_by_role("link", name="约上朋友一起捐").click()
    page.get_by_role("link", name="开一支队").click()
    page.get_by_role("radio", name="同学、校友一起捐").check()
    page.get_by_label("队伍的名字").fill("三年二班为山里送书")
    page.get_by_label("目标（元）").fill("500")
    page.get_by_label("最后一天").fill((localdate() + timedelta(days=9)).isoformat())
    page.get_by_label("为什么想一起捐").fill("我们班当年只有一本新华字典。")
    page.get_by_role("button", name="开队").click()
    expect(page.get_by_role("heading", name="我的邀请链接")).to_be_visible()
    return page.locator(".team-address").inner_text()


def joined_and_gave(page: Page, link: str) -> None:
    """Join by a link, and give by what the team's page leads to."""
    page.goto(link)
    page.get_by_role("button", name="加入，拿到我的邀请链接").click()
    expect(page.get_by_text("您在队里")).to_be_visible()
    page.goto(link.partition("?")[0])
    page.get_by_role("link", name="跟着这支队捐").locator("visible=true").click()
    page.get_by_label("或者自己写（元）").fill("88")
    page.get_by_role("radio", name="显示名字").check()
    page.get_by_label("要显示的名字").fill("小石榴")
    page.locator(".donate-end button").first.click()
    page.locator("form button").first.click()
    page.wait_for_url("**/o/**")


def test_a_friend_joins_by_the_link_and_the_total_follows_the_gift(
    people: People, address: str, till: Cashier, chromium: Browser
) -> None:
    phone = browser_of(chromium, people.captain, address, viewport=SIZES[0])
    page = phone.new_page()
    link = opened(page, address)
    public = link.partition("?")[0].removeprefix(address)
    other = browser_of(chromium, people.friend, address, viewport=SIZES[0])
    joined_and_gave(other.new_page(), link)
    assert till.paid == [8_800]
    counted()
    page.goto(address + public)
    expect(page.locator(".percent")).to_have_text("17%")
    expect(page.get_by_text("小石榴")).to_be_visible()
    phone.close()
    other.close()
    pages = [
        (people.captain, public),
        (people.captain, f"{public}/room"),
        (people.captain, f"/teams/new?project={BOOKS}"),
        (people.chen, "/company/big-tree"),
        (people.chen, "/company/big-tree/room"),
        (people.friend, "/companies/apply"),
        (people.reviewer, "/desk/teams"),
        (people.reviewer, "/desk/companies"),
    ]
    assert too_wide(chromium, address, pages) == {}
    assert flaws(chromium, address, pages) == {}, "axe finds nothing"


def flaws(chromium: Browser, address: str, pages: list[tuple[Client, str]]) -> dict[str, list[str]]:
    """What axe finds on a phone, by page."""
    wrong = {}
    for client, path in pages:
        context = browser_of(chromium, client, address, viewport=SIZES[0])
        page = context.new_page()
        page.goto(address + path)
        if told := found(page):
            wrong[path] = told
        context.close()
    return wrong
