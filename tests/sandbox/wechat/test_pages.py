"""What a browser sees: it says what it is, pays once, and sends nobody away."""

import html
import json
import re
from typing import Any

import httpx
import pytest

from jusha_sandbox.wechat.wire import Asked
from tests.payments.rails.wechat.oracle import ALICE, ORDER, ask, at
from tests.sandbox.wechat.world import NUMBER, World, order


def browser(world: World) -> httpx.Client:
    return httpx.Client(base_url=world.address, trust_env=False, follow_redirects=True)


def code(world: World) -> str:
    with world.gateway.store.open() as database:
        return str(database.execute("SELECT token FROM trade ORDER BY id DESC").fetchone()[0])


def hidden(text: str) -> dict[str, str]:
    found = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', text)
    return {name: html.unescape(value) for name, value in found}


def test_a_code_is_opened_and_paid_once_by_one_wallet(world: World) -> None:
    order(world, NUMBER)
    with browser(world) as alice:
        page = alice.get("/bizpayurl", params={"pr": code(world)})
        assert "20.00" in page.text
        assert "山月公益" in page.text
        for _ in range(2):
            paid = alice.post("/pay", data=hidden(page.text))
            assert "支付成功（模拟）" in paid.text
        again = alice.get("/bizpayurl", params={"pr": code(world)})
        assert "支付成功（模拟）" in again.text
        wallet = alice.cookies["wechat-wallet"]
        order(world, f"{NUMBER}2")
        page = alice.get("/bizpayurl", params={"pr": code(world)})
        alice.post("/pay", data=hidden(page.text))
        assert alice.cookies["wechat-wallet"] == wallet
    assert world.tell() == 2
    assert len(world.state()["notices"]) == 2
    with world.gateway.store.open() as database:
        assert database.execute("SELECT count(DISTINCT payer) FROM trade").fetchone()[0] == 1


def test_every_page_says_that_no_money_moves_and_runs_no_script(world: World) -> None:
    order(world, NUMBER)
    with browser(world) as alice:
        pages = [
            alice.get("/bizpayurl", params={"pr": code(world)}),
            alice.get("/bizpayurl", params={"pr": "nothing"}),
            alice.get("/nothing"),
            alice.get("/control"),
            alice.post("/pay", data={"pr": code(world)}),
        ]
    for page in pages:
        assert "不会动用任何真实资金" in page.text
        assert "no money moves" in page.text
        assert "<script" not in page.text
        assert "style=" not in page.text
        policy = page.headers["content-security-policy"]
        assert policy == "default-src 'none'; style-src 'self'; frame-ancestors 'none'"
        assert 'name="viewport"' in page.text


def test_a_page_within_wechat_must_bring_what_the_merchant_signed(world: World) -> None:
    rail = at(world)
    got = rail.create(ask(way="jsapi", payer=ALICE), key=str(ORDER)).parameters
    with browser(world) as alice:
        page = alice.post("/jsapi", data={**got, "back": world.address + "/o/1"})
        assert hidden(page.text)["back"] == world.address + "/o/1"
        for name in got:
            wrong = alice.post("/jsapi", data={**got, name: got[name] + "0"})
            assert wrong.status_code in {403, 404}, name
        assert "支付成功" in alice.post("/pay", data=hidden(page.text)).text
    paid = rail.query(ORDER, ask().payee).paid
    assert paid
    assert paid.payer == ALICE, "who was named pays, not who looks"


def test_h5_brings_back_to_the_same_host_and_to_no_other(world: World) -> None:
    rail = at(world)
    home = world.address + "/o/1"
    got = rail.create(ask(way="h5", client_ip="127.0.0.1", back=home), key=str(ORDER))
    with browser(world) as alice:
        assert home in html.unescape(alice.get(got.url).text)
        bad = "https://elsewhere.example/"
        for back in (bad, "javascript:alert(1)", "//elsewhere.example", "http://[", "http://a\nb"):
            url = httpx.URL(got.url).copy_set_param("redirect_url", back)
            page = alice.get(url).text
            assert "elsewhere" not in page
            assert "javascript" not in page
            assert hidden(page)["back"] == ""


def test_a_closed_order_is_not_payable(world: World) -> None:
    order(world, NUMBER)
    world.turn("clock", advance=8 * 86_400)
    with browser(world) as alice:
        assert alice.get("/bizpayurl", params={"pr": code(world)}).status_code == 410
        assert alice.post("/pay", data={"pr": code(world)}).status_code == 410
    assert world.state()["notices"] == []


@pytest.mark.parametrize(
    "headers",
    [{"host": "evil.example"}, {"origin": "http://evil.example"}, {"origin": "null"}],
)
def test_the_control_page_is_for_this_machine_alone(world: World, headers: dict[str, str]) -> None:
    for method, path in (
        ("GET", "/control"),
        ("GET", "/control/state"),
        ("POST", "/control/clock"),
    ):
        answer = httpx.request(method, world.address + path, headers=headers, trust_env=False)
        assert answer.status_code == 403
    asked = Asked("GET", "/control/state", {"host": "localhost:1"}, b"", "10.0.0.9")
    assert world.gateway.answer(asked).status == 403


def test_the_control_page_turns_what_it_shows(world: World) -> None:
    def turned(path: str, **form: Any) -> dict[str, Any]:
        with browser(world) as client:
            assert client.post(f"/control/{path}", data=form).status_code == 200
        return world.state()

    assert turned("clock", rate="0")["rate"] == 0
    assert turned("switch", name="lost", times="2")["switches"][0]["times"] == 2
    assert turned("refunds", outcome="closed", seconds="9")["refunds"]["outcome"] == "closed"
    order(world, NUMBER)
    world.pay(NUMBER)
    with browser(world) as client:
        page = client.get("/control").text
        for path, form in (("switch", {"name": "none"}), ("clock", {"rate": -1}), ("x", {})):
            answer = client.post(f"/control/{path}", json=form)
            assert answer.status_code in {400, 404}
    assert all(word in page for word in (NUMBER, "lost", "TRANSACTION.SUCCESS"))
    told = json.dumps(world.state()) + page
    assert "PRIVATE" not in told
    assert "0123456789abcdef" not in told, "no key of a merchant"
