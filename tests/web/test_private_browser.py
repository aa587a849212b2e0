"""The API's page, my data and the desk's pages: for axe, narrow screens, and hands without a mouse.

Scripts are off where a form is sent: everything here works without them.
"""

from typing import Any, NamedTuple

import pytest
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Page, expect

from jusha.people.consent_rules import PROGRESS
from tests.web.chromium import MARKS, SCREENS, SIZES, browser_of, too_wide
from tests.web.conftest import Site
from tests.web.staff import sign_in
from tests.web.test_axe import found
from tests.web.test_desk_failed import BANK, LIST, Desk, refused_receipt
from tests.web.test_privacy import LIN, full_gift

TABS_MAX = 80
MARKED = """() => { const at = document.activeElement;
  if (at === document.body) return "end";
  const beside = at.nextElementSibling, box = at.getBoundingClientRect();
  const marks = [getComputedStyle(at), getComputedStyle(at, "::after"),
    ...(beside ? [getComputedStyle(beside)] : [])];
  const seen = box.bottom > 0 && box.top < innerHeight
    && marks.some((each) => ["solid", "auto"].includes(each.outlineStyle));
  return seen ? "seen" : at.outerHTML.slice(0, 120); }"""
REACHABLE = """() => [...document.querySelectorAll(
    "a[href], button, input, select, textarea, summary")]
  .filter((each) => each.type !== "hidden" && each.checkVisibility()).length"""
pytestmark = MARKS


class People(NamedTuple):
    """A donor who is signed in, a guest, and two of finance with things that failed."""

    donor: Client
    guest: Client
    desk: Desk

    def pages(self) -> list[tuple[Client, str]]:
        """Every page that is looked at, and who looks."""
        confirm = self.desk.confirm
        ours = ("/desk", "/desk/broadcasts", "/desk/refunds", LIST)
        return [
            *((self.donor, path) for path in ("/privacy", "/privacy/copy", "/privacy/erase")),
            *((self.guest, path) for path in ("/api", "/privacy", "/privacy/erased")),
            *((self.desk.second, path) for path in (*ours, confirm)),
            (self.desk.first, LIST),
        ]


@pytest.fixture
def people(site: Site) -> People:
    """Made before the browser is: after that, Django's tables cannot be asked from here."""
    desk = Desk(site)
    refused_receipt(desk)
    guest, donor = Client(), Client()
    full_gift(site, donor)
    sign_in(donor, LIN)
    donor.post("/mine/keep")
    desk.say_paid(desk.first)
    return People(donor, guest, desk)


def opened(context: BrowserContext, address: str, path: str) -> Page:
    page = context.new_page()
    answer = page.goto(f"{address}{path}")
    assert answer is not None
    assert answer.status == 200, path
    page.eval_on_selector_all("details", "all => all.forEach(each => { each.open = true })")
    return page


@pytest.mark.parametrize(("size", "scheme"), SCREENS, ids=("phone-light", "desk-dark"))
def test_axe_finds_nothing(
    people: People, address: str, chromium: Browser, size: Any, scheme: Any
) -> None:
    wrong = {}
    for client, path in people.pages():
        context = browser_of(chromium, client, address, color_scheme=scheme, viewport=size)
        if seen := found(opened(context, address, path)):
            wrong[path] = seen
        context.close()
    assert wrong == {}


def test_nothing_is_wider_than_the_narrowest_screen(
    people: People, address: str, chromium: Browser
) -> None:
    assert too_wide(chromium, address, people.pages()) == {}


def test_the_keyboard_gets_everywhere_and_is_always_seen(
    people: People, address: str, chromium: Browser
) -> None:
    for client, path in people.pages():
        context = browser_of(chromium, client, address, viewport=SIZES[1])
        page = opened(context, address, path)
        there, reached = page.evaluate(REACHABLE), 0
        for _ in range(TABS_MAX):
            page.keyboard.press("Tab")
            if (seen := page.evaluate(MARKED)) == "end":
                break
            assert seen == "seen", path
            reached += 1
        assert there <= reached + 1 < TABS_MAX, f"{path}: {reached} of {there}"
        context.close()


def test_a_donor_agrees_and_withdraws_by_keys_alone(
    people: People, address: str, chromium: Browser
) -> None:
    context = browser_of(chromium, people.donor, address, java_script_enabled=True)
    page = opened(context, address, "/privacy")
    for button, state in (("同意", "您现在同意"), ("撤回", "您现在不同意")):
        area = page.locator(f"#{PROGRESS}")
        area.get_by_role("button").focus()
        assert button in area.get_by_role("button").inner_text()
        page.keyboard.press("Enter")
        page.wait_for_load_state()
        area.get_by_text(state).wait_for()
    context.close()


def test_a_second_person_confirms_a_transfer_without_scripts(
    people: People, address: str, chromium: Browser
) -> None:
    context = browser_of(chromium, people.desk.second, address, java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{address}/desk")
    page.get_by_role("link", name="没有办成的").click()
    expect(page.get_by_text(BANK)).to_be_visible()
    page.get_by_role("link", name="作为第二人确认").click()
    page.get_by_role("button", name="确认已经付了").click()
    expect(page.get_by_text("没有退不回去的退款")).to_be_visible()
    context.close()
