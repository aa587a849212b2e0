"""A donor follows a charity's official account; no page of these pieces is too wide."""

import psycopg
import pytest
from django.test import Client
from playwright.sync_api import Browser, expect

from jusha.people.models import UserAccount
from tests.web.chromium import MARKS, SIZES, browser_of, too_wide
from tests.web.conftest import Site
from tests.web.join import photograph
from tests.web.staff import signed_in
from tests.web.test_desk_payees import Desk as Payees
from tests.web.test_official import PAGE, POST

pytestmark = MARKS


@pytest.fixture
def people(site: Site, address: str, owner: psycopg.Connection) -> dict[str, Client]:
    """The two charities' people, the platform's, and a donor; before the browser is there."""
    assert address
    desk = Payees(site, owner)
    found = desk.clients
    assert found["li"].post("/desk/accounts/shan", {"intro": "把书送进山里。"}).status_code == 303
    waiting = found["rev"].get("/desk/accounts").context["rows"][0]["it"].pk
    found["rev"].post("/desk/accounts", {"do": "confirm", "number": str(waiting)})
    found["li"].post("/desk/accounts/shan/new", POST | {"files": photograph()})
    desk.decided()
    assert desk.propose(rail="wechat", address="1900000999").status_code == 303
    return found | {"donor": signed_in(UserAccount.objects.open())}


def test_a_donor_follows_and_leaves_and_nothing_is_too_wide(
    address: str, people: dict[str, Client], chromium: Browser
) -> None:
    donor = people["donor"]
    context = browser_of(chromium, donor, address, viewport=SIZES[0])
    page = context.new_page()
    page.goto(address + PAGE)
    expect(page.get_by_role("heading", name="已认证")).to_be_visible()
    expect(page.get_by_role("checkbox")).not_to_be_checked()
    page.get_by_role("button", name="关注", exact=True).click()
    expect(page.get_by_role("button", name="不再关注")).to_be_visible()
    expect(page.get_by_role("heading", name="1 人关注")).to_be_visible()
    page.get_by_role("link", name="新书到了").click()
    expect(page.get_by_role("heading", name="新书到了")).to_be_visible()
    context.close()
    pages = [
        (donor, PAGE),
        (donor, f"{PAGE}/1"),
        (people["zhao"], "/desk/payees"),
        (people["wang"], "/desk/payees/shan"),
        (people["li"], "/desk/accounts/shan"),
        (people["li"], "/desk/accounts/shan/1"),
        (people["rev"], "/desk/sponsors"),
    ]
    assert too_wide(chromium, address, pages) == {}
