"""Our client and the simulated gateway, which share no code, over a real port."""

import http.client
import io
from datetime import date, datetime

import httpx
import pytest

from jusha.payments.bills.records import Record
from jusha.payments.bills.statement import Form, open_statement
from jusha.payments.rails.facts import facts_bytes
from jusha.payments.rails.seam import (
    NoticeRefusedError,
    Paid,
    Payee,
    RailRefusedError,
    RailUnsureError,
)
from jusha_sandbox.alipay.notices import WAITS_SECONDS, send_due
from jusha_sandbox.alipay.store import SHANGHAI
from tests.sandbox.alipay.conftest import NOON, ORDER, World

DAY = datetime.fromtimestamp(NOON, SHANGHAI).date()
NEXT_MORNING = 22 * 3_600


def paid_by(world: World, order: int = ORDER) -> Paid:
    state = world.client.query(order, world.payee)
    assert state.paid is not None
    return state.paid


def test_the_facts_are_the_same_from_the_notice_and_from_the_query(world: World) -> None:
    world.pay()
    assert send_due(world.store) == 1
    notice = world.reader.read(world.listener.bodies[0], now_seconds=NOON)
    assert notice.paid is not None
    assert notice.paid == paid_by(world)
    assert facts_bytes(notice.paid) == facts_bytes(paid_by(world))
    assert (notice.paid.amount, notice.paid.order) == (3505, str(ORDER))
    assert (notice.paid.merchant, notice.paid.paid_at) == (world.payee.merchant, int(NOON))


def test_an_order_is_unknown_unpaid_paid_or_closed(world: World) -> None:
    assert world.client.query(ORDER, world.payee).state == "unknown"
    world.client.create(world.ask(), key="1")
    assert world.client.query(ORDER, world.payee).state == "unpaid"
    world.client.close(ORDER, world.payee, key="1")
    assert world.client.query(ORDER, world.payee).state == "closed"
    world.client.close(ORDER, world.payee, key="1")
    world.pay(ORDER + 1)
    with pytest.raises(RailRefusedError, match=r"^paid"):
        world.client.close(ORDER + 1, world.payee, key="2")


def test_an_order_that_expired_can_no_longer_be_paid(world: World) -> None:
    code = world.client.create(world.ask(), key="1").code
    world.wall.seconds += 900
    assert httpx.post(code, data={"action": "pay"}).status_code in {200, 409}
    assert world.client.query(ORDER, world.payee).state == "closed"


@pytest.mark.parametrize("way", ["page", "wap"])
def test_a_signed_page_leads_to_the_order_and_says_that_no_money_moves(
    world: World, way: str
) -> None:
    url = world.client.create(world.ask(way=way), key="1").url
    page = httpx.get(url, follow_redirects=True)
    assert page.status_code == 200
    assert "35.05" in page.text
    assert "no money moves" in page.text
    assert "不会动用任何真实资金" in page.text
    assert "unsafe" not in page.headers["content-security-policy"]
    assert httpx.get(url.replace("35.05", "00.01")).status_code == 400


def test_a_refund_is_sent_once_and_its_notice_is_no_payment(world: World) -> None:
    world.pay()
    paid = paid_by(world)
    first = world.client.refund(paid, world.payee, amount=1000, reason="误操作", key=f"{ORDER}-1")
    again = world.client.refund(paid, world.payee, amount=1000, reason="误操作", key=f"{ORDER}-1")
    assert (first.state, again.state, again.amount) == ("arrived", "arrived", 1000)
    assert world.client.query(ORDER, world.payee).state == "paid"
    rest = world.client.refund(paid, world.payee, amount=2505, reason="x", key=f"{ORDER}-2")
    assert rest.state == "arrived"
    # The payment is still told: a full refund whose answer was lost is asked about by it.
    state = world.client.query(ORDER, world.payee)
    assert (state.state, state.paid) == ("refunded", paid)
    send_due(world.store)
    notices = [world.reader.read(b, now_seconds=NOON) for b in world.listener.bodies]
    assert [n.refund for n in notices] == ["", f"{ORDER}-1", f"{ORDER}-2"]
    assert [n.paid is None for n in notices] == [False, True, True]
    assert len({n.event for n in notices}) == 3


def test_one_refund_key_cannot_send_two_sums_and_no_refund_is_above_the_payment(
    world: World,
) -> None:
    world.pay()
    paid = paid_by(world)
    world.client.refund(paid, world.payee, amount=1000, reason="x", key="r1")
    with pytest.raises(RailRefusedError, match="DISCORDANT_REPEAT_REQUEST"):
        world.client.refund(paid, world.payee, amount=999, reason="x", key="r1")
    with pytest.raises(RailRefusedError, match="REFUND_AMT_NOT_EQUAL_TOTAL"):
        world.client.refund(paid, world.payee, amount=2506, reason="x", key="r2")
    assert world.client.query_refund("r2", paid, world.payee).state == "unknown"


def test_refunds_end_as_the_switches_say(world: World) -> None:
    world.pay()
    paid = paid_by(world)
    world.switch("refund-refused")
    with pytest.raises(RailRefusedError, match="SELLER_BALANCE_NOT_ENOUGH"):
        world.client.refund(paid, world.payee, amount=100, reason="x", key="a")
    world.control(action="switch", name="refund-refused", on="0")
    world.switch("refund-unsure")
    with pytest.raises(RailUnsureError):
        world.client.refund(paid, world.payee, amount=100, reason="x", key="b")
    assert world.client.query_refund("b", paid, world.payee).state == "arrived"
    assert world.client.refund(paid, world.payee, amount=100, reason="x", key="b").amount == 100
    world.control(action="switch", name="refund-unsure", on="0")
    world.switch("refund-slow")
    slow = world.client.refund(paid, world.payee, amount=100, reason="x", key="c")
    assert slow.state == "pending"
    world.step(60)
    assert world.client.query_refund("c", paid, world.payee).state == "arrived"
    world.switch("refund-bank")
    world.client.refund(paid, world.payee, amount=100, reason="x", key="d")
    world.step(60)
    assert world.client.query_refund("d", paid, world.payee).state == "pending"


def test_a_token_that_is_nobodys_decides_nothing(world: World) -> None:
    with pytest.raises(RailUnsureError, match="invalid-app-auth-token"):
        world.client.query(ORDER, Payee("x", "2088000000000009", "no-token"))


def test_a_title_with_braces_and_quotes_is_still_signed_for_us(world: World) -> None:
    ask = world.ask()._replace(title='{"a}":"\\ & = /')
    assert world.client.create(ask, key="1").code
    assert world.client.query(ORDER, world.payee).state == "unpaid"


# --- retries and switches, at the level of the reader


def test_eight_tries_come_at_their_times_each_signed_anew(world: World) -> None:
    world.listener.answer = b"fail"
    world.pay()
    assert send_due(world.store) == 1
    for number, wait in enumerate(WAITS_SECONDS, start=1):
        assert world.step(wait - 1) == 0
        world.wall.seconds += wait
        assert world.step(1) == 1
        assert len(world.listener.bodies) == number + 1
        world.reader.read(world.listener.bodies[-1], now_seconds=world.wall())
    assert sum(WAITS_SECONDS) == 24 * 3_600 + 24 * 60
    assert world.step(10**6) == 0
    assert world.control(action="clock", step="0")["notices"] == {"given up": 1}
    events = [
        world.reader.read(body, now_seconds=NOON + at)
        for at, body in zip(_sums(), world.listener.bodies, strict=True)
    ]
    assert len(set(events)) == 1


def _sums() -> list[int]:
    return [sum(WAITS_SECONDS[:n]) for n in range(len(WAITS_SECONDS) + 1)]


@pytest.mark.parametrize(
    ("name", "why"), [("tampered", "unauthentic"), ("sha1", "unauthentic"), ("stale", "stale")]
)
def test_a_first_try_that_is_not_the_rails_word_is_refused_and_the_next_is_taken(
    world: World, name: str, why: str
) -> None:
    world.switch(name)
    world.listener.answer = b"fail"
    world.pay()
    send_due(world.store)
    with pytest.raises(NoticeRefusedError) as refused:
        world.reader.read(world.listener.bodies[0], now_seconds=NOON)
    assert refused.value.why == why
    world.step(240)
    assert world.reader.read(world.listener.bodies[1], now_seconds=NOON).paid == paid_by(world)


@pytest.mark.parametrize(
    ("name", "field", "value"),
    [("wrong-amount", "amount", 3506), ("wrong-seller", "merchant", "2088999999999999")],
)
def test_what_the_rail_signed_comes_out_as_it_says_and_the_query_differs(
    world: World, name: str, field: str, value: object
) -> None:
    world.switch(name)
    world.pay()
    send_due(world.store)
    paid = world.reader.read(world.listener.bodies[0], now_seconds=NOON).paid
    assert paid is not None
    assert getattr(paid, field) == value
    assert facts_bytes(paid) != facts_bytes(paid_by(world))


def test_late_lost_and_repeated_notices_are_what_they_are_called(world: World) -> None:
    world.switch("late")
    world.pay(ORDER)
    assert world.step(3_599) == 0
    assert world.step(1) == 1
    world.control(action="switch", name="late", on="0")
    world.switch("repeated")
    world.pay(ORDER + 1)
    assert [send_due(world.store) for _ in range(4)] == [1, 1, 1, 0]
    last = [world.reader.read(b, now_seconds=NOON) for b in world.listener.bodies[-3:]]
    assert len(set(last)) == 1
    world.switch("lost")
    world.pay(ORDER + 2)
    assert world.step(10**6) == 0
    assert paid_by(world, ORDER + 2).amount == 3505


def test_out_of_order_the_refund_is_told_before_its_payment(world: World) -> None:
    world.switch("out-of-order")
    world.pay()
    world.client.refund(paid_by(world), world.payee, amount=5, reason="x", key="r")
    assert (send_due(world.store), send_due(world.store)) == (1, 1)
    notices = [world.reader.read(b, now_seconds=NOON) for b in world.listener.bodies]
    assert [n.refund for n in notices] == ["r", ""]


# --- bills


@pytest.mark.parametrize(
    ("kind", "form"), [("trade", "alipay-trade"), ("signcustomer", "alipay-account")]
)
def test_the_next_mornings_bill_adds_up_in_the_existing_reader(
    world: World, kind: str, form: Form
) -> None:
    world.pay(ORDER, amount=3505)
    world.pay(ORDER + 1, amount=10_000)
    world.client.refund(paid_by(world), world.payee, amount=505, reason="x", key="r")
    with pytest.raises(RailRefusedError, match="bill_not_exist"):
        world.client.bill(DAY, world.payee)
    world.step(NEXT_MORNING)
    raw = b"".join(world.client.bill_of(kind, DAY, world.payee))
    with open_statement(io.BytesIO(raw), form=form) as bill:
        records = [r for r in bill.records if isinstance(r, Record)]
        assert len(bill.header) == {"trade": 25, "signcustomer": 12}[kind]
    bill.check()
    assert len(bill.totals) >= 4
    assert len(records) == {"trade": 3, "signcustomer": 6}[kind]
    if kind == "trade":
        assert [r.cells[12] for r in records] == ["35.05", "100.00", "-5.05"]
        assert records[2].cells[21] == "r"
    else:
        moved = [_fen(r.cells[6]) + _fen(r.cells[7]) for r in records]
        assert [_fen(r.cells[8]) for r in records] == [sum(moved[: n + 1]) for n in range(6)]


def _fen(text: str) -> int:
    return int(text.replace(".", ""))


def test_an_empty_day_has_a_bill_without_lines(world: World) -> None:
    world.step(NEXT_MORNING)
    raw = b"".join(world.client.bill(DAY, world.payee))
    with open_statement(io.BytesIO(raw), form="alipay-trade") as bill:
        assert list(bill.records) == []
    bill.check()
    with pytest.raises(RailRefusedError):
        world.client.bill(date(2030, 1, 1), world.payee)


def test_the_control_page_is_for_this_machine_only(world: World) -> None:
    strange = {"host": "evil.invalid"}
    assert httpx.get(f"{world.address}/control", headers=strange).status_code == 404
    other = {"origin": "http://evil.invalid"}
    assert httpx.post(f"{world.address}/control", headers=other).status_code == 404
    assert "no money moves" in httpx.get(f"{world.address}/control").text


def test_an_address_in_absolute_form_is_found_as_the_official_sdk_sends_it(world: World) -> None:
    host = world.address.removeprefix("http://")
    connection = http.client.HTTPConnection(host)
    connection.request("POST", f"{world.address}/gateway.do", b"method=alipay.trade.query")
    said = connection.getresponse().read()
    connection.close()
    assert b'"sub_code":"isv.invalid-app-id"' in said
