"""Inside WeChat: a code becomes a payer, sealed on its way, and the order can be paid by them."""

import html
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from jusha.payments.attempt import Attempts, show_on
from jusha.payments.payer import by_code, opened, sealed
from jusha.payments.rails.wechat.client import WeChat
from jusha.payments.rails.wechat.openid import Openids
from jusha.people.vault import SealBrokenError
from jusha_sandbox.wechat.trades import openid
from tests.cast import House
from tests.payments.conftest import KEYS, attempts, hurry
from tests.payments.rails.wechat.oracle import at
from tests.sandbox.wechat.test_oauth import SECRET, authorize, code_of
from tests.sandbox.wechat.world import APPID, World, merchants, open_world

ROW_SQL = "SELECT state, told, payer, payable FROM jusha_attempt WHERE order_no = %s"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with open_world(tmp_path) as opened_world:
        told = merchants("public-key")[0] | {"app_secret": SECRET}
        httpx.post(f"{opened_world.address}/control/merchants", json=told, trust_env=False)
        yield opened_world


def rail(world: World, *, address: str = "") -> WeChat:
    found = at(world)
    found._openids = Openids(APPID, secret=SECRET, address=address or world.address)
    return found


def ordered(house: House, code: str) -> int:
    order = house.order(2_000, campaign="rails")
    house.send(order, lane="web")
    house.settle()
    payer = by_code(code)
    show_on(house.web, order_no=order.no, rail="wechat", way="jsapi", back="", payer=payer)
    return order.no


def row(house: House, order_no: int) -> Any:
    return house.web.execute(ROW_SQL, (order_no,)).fetchone()


def test_the_donor_who_came_with_the_code_pays_and_is_forgotten_in_the_row(
    paid_house: House, world: World
) -> None:
    answer = authorize(world)
    who = openid(APPID, answer.cookies["wechat-wallet"])
    order = ordered(paid_house, code_of(answer))
    hurry(paid_house, attempts(rail(world)))
    state, told, payer, payable = row(paid_house, order)
    assert (state, told, payer) == ("ready", "", "")
    assert who not in str(payable)
    page = httpx.post(f"{world.address}/jsapi", data=payable["parameters"], trust_env=False)
    assert "20.00" in page.text
    hidden = dict(re.findall(r'name="(\w+)" value="([^"]*)"', page.text))
    fields = {name: html.unescape(value) for name, value in hidden.items()}
    httpx.post(f"{world.address}/pay", data=fields, trust_env=False)
    hurry(paid_house, attempts(rail(world)))
    assert row(paid_house, order)[0] == "paid"
    assert paid_house.balance("charity:shan", "receivable", "wechat") == 2_000


def test_between_swap_and_order_the_row_holds_the_payer_sealed_for_this_order_alone(
    paid_house: House, world: World
) -> None:
    answer = authorize(world)
    who = openid(APPID, answer.cookies["wechat-wallet"])
    order = ordered(paid_house, code_of(answer))
    work = attempts(rail(world))
    work.round(paid_house.web)
    while len(work.flights):
        for id_, landed in work.flights.landed():
            work._land(paid_house.web, id_, landed)
    state, _, payer, _ = row(paid_house, order)
    assert state == "asked"
    assert payer.startswith("s:")
    assert who not in payer
    assert opened(KEYS.merchants, payer, order_no=order) == who
    with pytest.raises(SealBrokenError):
        opened(KEYS.merchants, payer, order_no=order + 1)
    # A crash here costs nothing: the next process goes on from the row.
    hurry(paid_house, attempts(rail(world)))
    assert row(paid_house, order)[0] == "ready"


def test_a_spent_code_is_refused_and_an_answer_that_never_came_is_asked_for_again(
    paid_house: House, world: World
) -> None:
    code = code_of(authorize(world))
    away = ordered(paid_house, code)
    hurry(paid_house, attempts(rail(world, address="http://127.0.0.1:9")))
    assert row(paid_house, away)[:2] == ("asked", "UNREACHABLE")
    hurry(paid_house, attempts(rail(world)))
    assert row(paid_house, away)[0] == "ready"
    spent = ordered(paid_house, code)
    hurry(paid_house, attempts(rail(world)))
    assert row(paid_house, spent)[:3] == ("refused", "payer-unknown", "")


@pytest.mark.parametrize("number", [-1, 40001, 40125, 40164])
def test_what_an_operator_mends_costs_no_donor_the_order(
    paid_house: House, world: World, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    order = ordered(paid_house, code_of(authorize(world)))
    with monkeypatch.context() as broken:
        broken.setattr(Openids, "_get", lambda *_: {"errcode": number, "errmsg": "x"})
        hurry(paid_house, attempts(rail(world)))
        assert row(paid_house, order)[:2] == ("asked", f"oauth {number}")
    hurry(paid_house, attempts(rail(world)))
    assert row(paid_house, order)[0] == "ready"


def test_a_rail_s_word_that_no_row_holds_is_cut_and_stops_nobody(
    paid_house: House, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = ordered(paid_house, code_of(authorize(world)))
    endless = {"errcode": "\0" + "9" * 4_000}
    monkeypatch.setattr(Openids, "_get", lambda *_: endless)
    hurry(paid_house, attempts(rail(world)))
    state, told, *_ = row(paid_house, order)
    assert (state, len(told)) == ("refused", 200)


def test_an_app_without_a_secret_and_a_rail_without_payers_say_so(
    paid_house: House, world: World
) -> None:
    order = ordered(paid_house, "0" * 32)
    hurry(paid_house, attempts(at(world)))
    assert row(paid_house, order)[:2] == ("refused", "payer-unknown")
    other = ordered(paid_house, "0" * 32)
    hurry(paid_house, Attempts({"wechat": object()}, KEYS))  # type: ignore[dict-item] # no payers
    assert row(paid_house, other)[:2] == ("refused", "payer-unknown")


def test_a_seal_is_opened_and_what_is_none_passes_or_breaks() -> None:
    kept = sealed(b"k" * 32, "o" * 60, order_no=1)
    assert len(kept) <= 128
    assert opened(b"k" * 32, kept, order_no=1) == "o" * 60
    assert opened(b"k" * 32, "oAPI-partner", order_no=1) == "oAPI-partner"
    for broken in ("s:", "s:*", kept[:-4]):
        with pytest.raises(SealBrokenError):
            opened(b"k" * 32, broken, order_no=1)
    with pytest.raises(SealBrokenError):
        opened(b"x" * 32, kept, order_no=1)
