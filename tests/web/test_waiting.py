"""Who pressed donate keeps the place and the choice, and goes on in order of arrival."""

import re
from typing import Any

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st
from playwright.sync_api import Browser, expect

from jusha.payments.order import OrderRefusedError, place_order
from jusha.people.models import Opening
from jusha.web import waiting as keeping
from jusha.web.gate import Gate
from jusha.web.views import donate
from jusha.web.waiting import COOKIE, Kept, Waiting
from jusha.web.waiting_rules import AWAY_SECONDS, BURST_SECONDS, Line
from tests.cast import BOOKS
from tests.web.conftest import Site

DONATE, LINE = f"/p/{BOOKS}/donate", f"/p/{BOOKS}/donate/line"
FORM = {
    "own": "20", "note": "给山里的孩子", "display": "name", "shown_name": "阿明", "campaign": "day",
}  # fmt: skip


# --- the rule -------------------------------------------------------------------------------------


def test_a_quiet_line_lets_everybody_through_at_its_pace() -> None:
    line = Line(a_second=2)
    burst = 2 * BURST_SECONDS
    found = [line.ask(f"{n}", arrived_ms=n, now_ms=n) for n in range(burst + 2)]
    assert found == [0] * burst + [1, 2]
    assert line.ask("5", arrived_ms=5, now_ms=600) == 2, "the first goes first"
    assert line.ask("4", arrived_ms=4, now_ms=600) == 0
    assert line.ask("5", arrived_ms=5, now_ms=1_100) == 0
    assert line.length == 0


def test_a_newcomer_never_passes_who_waits() -> None:
    line = Line(a_second=1)
    for n in range(5):
        line.ask(f"{n}", arrived_ms=n, now_ms=n)
    assert line.ask("late", arrived_ms=2_500, now_ms=2_500) == 4, "two may go, three are before it"
    assert [line.ask(f"{n}", arrived_ms=n, now_ms=2_500) for n in (4, 3, 2)] == [3, 0, 0]


def test_who_is_away_holds_up_nobody_and_keeps_the_arrival() -> None:
    line = Line(a_second=1)
    for n in range(9):
        line.ask(f"{n}", arrived_ms=n, now_ms=n)
    now = (AWAY_SECONDS + 2) * 1_000
    assert line.ask("8", arrived_ms=8, now_ms=now) == 0, "the six before it are away"
    for n in range(10, 20):
        line.ask(f"{n}", arrived_ms=now + n, now_ms=now)
    assert line.ask("2", arrived_ms=2, now_ms=now) == 1, "back again, and the first"


def test_a_restart_forgets_no_arrival() -> None:
    line = Line(a_second=1, now_ms=10_000)
    for n in range(BURST_SECONDS):
        line.ask(f"new {n}", arrived_ms=10_000 + n, now_ms=10_000)
    assert line.ask("late", arrived_ms=9_000, now_ms=10_000) == 1
    assert line.ask("early", arrived_ms=4_000, now_ms=10_000) == 1
    assert line.ask("late", arrived_ms=9_000, now_ms=10_000) == 2


def test_a_place_that_is_given_back_is_the_next_one_s_and_never_more_than_the_burst() -> None:
    line = Line(a_second=1)
    assert [line.ask(f"{n}", arrived_ms=n, now_ms=0) for n in range(3)] == [0, 0, 1]
    line.give_back()
    assert line.ask("2", arrived_ms=2, now_ms=0) == 0
    for _ in range(9):
        line.give_back()
    found = [line.ask(f"new {n}", arrived_ms=9 + n, now_ms=0) for n in range(3)]
    assert found == [0] * BURST_SECONDS + [1]
    line.leave("new 2", arrived_ms=11)
    line.leave("nobody", arrived_ms=0)
    assert line.length == 0


@given(st.lists(st.integers(0, 3_000), min_size=1, max_size=60), st.integers(1, 5))
def test_all_go_in_order_and_none_faster_than_the_pace(gaps: list[int], pace: int) -> None:
    line, went, arrived = Line(a_second=pace), [], 0
    waiting: list[tuple[int, str]] = []
    for n, gap in enumerate(gaps):
        arrived += gap % 40
        waiting.append((arrived, f"{n:03}"))
    now = 0
    while waiting and now < 120_000:
        now += 100
        for at, who in [each for each in waiting if each[0] <= now]:
            if line.ask(who, arrived_ms=at, now_ms=now) == 0:
                went.append((now, at, who))
                waiting.remove((at, who))
    assert not waiting
    assert [who for _, _, who in went] == [who for _, _, who in sorted(went, key=lambda w: w[1:])]
    for end in range(1_000, now + 1, 1_000):
        gone = sum(1 for at, _, _ in went if at <= end)
        assert gone <= pace * (BURST_SECONDS + end // 1_000)


# --- the page -------------------------------------------------------------------------------------


@pytest.fixture
def full(monkeypatch: pytest.MonkeyPatch) -> Waiting:
    """One order a second, so many just went that the next must wait, and time stands still."""
    monkeypatch.setattr("jusha.web.waiting.now_ms", lambda: 1_790_000_000_000)
    waiting = Waiting(a_second=1)
    waiting.line._room = 0
    monkeypatch.setattr(donate, "WAITING", waiting)
    return waiting


def room(waiting: Waiting) -> None:
    """As if the line had moved on."""
    waiting.line._room = 2_000


def test_a_choice_waits_and_becomes_the_order_it_was(site: Site, full: Waiting) -> None:
    client = Client()
    led = client.post(DONATE, FORM)
    assert (led.status_code, led["Location"]) == (303, LINE)
    page = client.get(LINE).content.decode()
    assert re.search(r"<strong>1</strong>", page)
    assert '<meta http-equiv="refresh" content="5">' in page
    assert Opening.objects.count() == 0, "nothing is placed while it waits"
    assert "阿明" not in page + client.cookies[COOKIE].value, "a cookie that nobody can read"
    room(full)
    on = client.get(LINE)
    assert on.status_code == 303
    assert "/pay?order=" in on["Location"]
    assert "amount=2000" in on["Location"]
    (opening,) = Opening.objects.all()
    from jusha.payments.order import read_opening  # noqa: PLC0415 - models, after setup

    found = read_opening(opening.order_no)
    assert found is not None
    assert (found[0]["name"], found[0]["note"]) == ("阿明", "给山里的孩子")


def test_two_tabs_place_one_order(site: Site, full: Waiting) -> None:
    client = Client()
    client.post(DONATE, FORM)
    kept = client.cookies[COOKIE].value
    room(full)
    first = client.get(LINE)["Location"]
    client.cookies[COOKIE] = kept
    assert client.get(LINE)["Location"] == first
    assert Opening.objects.count() == 1


def test_what_cannot_become_an_order_takes_no_place(site: Site, full: Waiting) -> None:
    shown = Client().post(DONATE, FORM | {"own": "zwanzig"})
    assert shown.status_code == 422
    assert "给山里的孩子" in shown.content.decode()
    assert full.line.length == 0


def test_who_enters_the_line_is_counted_and_who_must_wait_does_not_enter(
    site: Site, full: Waiting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(donate, "GATE", Gate(address=(1, 1)))
    assert [Client().post(DONATE, FORM).status_code for _ in range(4)] == [303, 303, 422, 422]
    assert full.line.length == 2


def refuse(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Settle no order from now on; hands back what undoes it."""

    def refused(*_: object, **__: object) -> None:
        raise OrderRefusedError

    monkeypatch.setattr(donate, "place_order", refused)
    return lambda: monkeypatch.setattr(donate, "place_order", place_order)


def test_a_press_that_made_no_order_gives_its_place_back(
    site: Site, full: Waiting, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = Client()
    client.post(DONATE, FORM)
    room(full)
    refuse(monkeypatch)
    assert client.get(LINE).status_code == 422
    assert full.line._room == 2_000


def test_a_choice_that_is_refused_at_its_turn_is_mended_without_waiting_anew(
    site: Site, full: Waiting, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, clock = Client(), [1_790_000_000_000]
    monkeypatch.setattr("jusha.web.waiting.now_ms", lambda: clock[0])
    client.post(DONATE, FORM)
    room(full)
    allow = refuse(monkeypatch)
    shown = client.get(LINE)
    assert shown.status_code == 422
    assert "给山里的孩子" in shown.content.decode(), "all that was written is shown"
    assert client.get(LINE)["Location"] == DONATE, "nothing waits by itself"
    allow()
    full.line._room = 0
    clock[0] += 20_000
    full.line._at_ms = clock[0]
    asked: list[int] = []
    place = full.place

    def seen(kept: Kept) -> int:
        asked.append(kept.arrived_ms)
        return place(kept)

    monkeypatch.setattr(full, "place", seen)
    assert client.post(LINE, FORM)["Location"] == LINE
    room(full)
    on = client.get(LINE)
    assert "/pay?order=" in on["Location"]
    assert asked == [1_790_000_000_000] * 2, "it came when it came first"
    assert COOKIE not in {name for name, each in client.cookies.items() if each.value}


def test_an_arrival_is_used_up_by_the_order_it_led_to(
    site: Site, full: Waiting, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = Client()
    client.post(DONATE, FORM)
    room(full)
    allow = refuse(monkeypatch)
    client.get(LINE)
    kept = client.cookies[COOKIE].value
    allow()
    assert "/pay?order=" in client.post(DONATE, FORM)["Location"]
    client.cookies[COOKIE] = kept
    full.line._room = 0
    monkeypatch.setattr("jusha.web.waiting.now_ms", lambda: 1_790_000_009_000)
    full.line._at_ms = 1_790_000_009_000
    client.post(DONATE, FORM)
    assert [arrived for arrived, _ in full.line._line] == [1_790_000_009_000]


def test_of_those_who_went_the_oldest_are_forgotten_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "DONE_MAX", 2)
    waiting = Waiting(a_second=1)
    who = [Kept(BOOKS, [], f"{n}", n) for n in range(3)]
    for each in who:
        waiting.went(each, f"/{each.who}")
    assert [waiting.where(each) for each in who] == ["", "/1", "/2"]


def test_a_cookie_of_nobody_or_of_another_project_leads_back(site: Site, full: Waiting) -> None:
    client = Client()
    assert client.get(LINE)["Location"] == DONATE
    client.post(DONATE, FORM)
    assert client.get("/p/shan-water/donate/line")["Location"] == "/p/shan-water/donate"
    client.cookies[COOKIE] = "AAAA" + client.cookies[COOKIE].value[4:]
    assert client.get(LINE)["Location"] == DONATE


def test_what_does_not_fit_into_a_cookie_goes_on_at_once(site: Site, full: Waiting) -> None:
    answer = Client().post(DONATE, FORM | {"unknown": "x" * 4_000})
    assert "/pay?order=" in answer["Location"]
    assert full.line.length == 0, "and nobody waits behind it"


def test_the_line_goes_on_by_itself_without_a_script(
    site: Site, address: str, cashier: str, chromium: Browser, full: Waiting, monkeypatch: Any
) -> None:
    monkeypatch.setattr("jusha.web.views.line.ASK_EVERY_SECONDS", 1)
    page = chromium.new_context(java_script_enabled=False, locale="zh-CN").new_page()
    page.goto(address + DONATE)
    page.get_by_label("或者自己写（元）").fill("20")
    page.get_by_role("button", name="去付款").click()
    expect(page.get_by_role("heading", name="排着队，您的位置留着")).to_be_visible()
    expect(page.locator(".line-place strong")).to_have_text("1")
    room(full)
    expect(page.get_by_text("paid")).to_be_visible(timeout=10_000)
