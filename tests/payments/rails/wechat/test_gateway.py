"""Our client before the sandbox gateway, which shares no code with it; answers lost and doubled."""

import io
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jusha.payments.bills.records import Record
from jusha.payments.bills.statement import open_statement
from jusha.payments.rails.seam import (
    RailRefusedError,
    RailUnsureError,
    State,
)
from tests.payments.rails.wechat.oracle import ALICE, ALONE, ORDER, PAYEE, SELF, ask, at
from tests.sandbox.wechat.world import APPID, CHARITY, DIRECT, PARTNER, World, open_world

KEY = str(ORDER)


def test_an_order_is_made_once_however_often_it_is_asked_for(world: World) -> None:
    rail, wish = at(world), ask()
    assert rail.create(wish, key=KEY) == rail.create(wish, key=KEY)
    with pytest.raises(RailRefusedError, match="INVALID_REQUEST"):
        rail.create(wish._replace(amount=2_001), key=KEY)
    with pytest.raises(RailRefusedError, match="INVALID_REQUEST"):
        rail.create(wish._replace(way="jsapi", payer=ALICE), key=KEY)
    assert rail.query(ORDER, PAYEE) == State("unpaid")
    world.pay(ORDER)
    with pytest.raises(RailRefusedError) as refused:
        rail.create(wish, key=KEY)
    assert refused.value.code == "paid"
    with pytest.raises(RailRefusedError) as refused:
        rail.close(ORDER, PAYEE, key=KEY)
    assert refused.value.code == "paid"


def test_every_way_pays_the_charity_itself(world: World) -> None:
    rail = at(world)
    native = rail.create(ask(), key=KEY)
    assert native.code.startswith(f"{world.address}/bizpayurl?pr=")
    page = rail.create(ask(ORDER + 1, way="h5", client_ip="127.0.0.1"), key=str(ORDER + 1))
    assert page.url.startswith(f"{world.address}/cgi-bin/mmpayweb-bin/checkmweb?prepay_id=")
    app = rail.create(ask(ORDER + 2, way="jsapi", payer=ALICE), key=str(ORDER + 2))
    assert app.parameters["appId"] == APPID
    for order in (ORDER, ORDER + 1, ORDER + 2):
        transaction = world.pay(order)
        paid = rail.query(order, PAYEE).paid
        assert paid
        assert (paid.transaction, paid.order, paid.amount) == (transaction, str(order), 2_000)
        assert paid.merchant == CHARITY
        assert (paid.payer == ALICE) == (order == ORDER + 2)


def test_one_wallet_is_one_person_over_all_charities(world: World) -> None:
    rail = at(world)
    other = PAYEE._replace(merchant="1900000110")
    rail.create(ask(), key=KEY)
    rail.create(ask(ORDER + 1, payee=other), key=str(ORDER + 1))
    world.pay(ORDER)
    world.pay(ORDER + 1, sub="1900000110")
    first, second = rail.query(ORDER, PAYEE).paid, rail.query(ORDER + 1, other).paid
    assert first
    assert second
    assert first.payer == second.payer != ""
    with pytest.raises(RailRefusedError, match="NO_AUTH"):
        rail.query(ORDER, PAYEE._replace(merchant="1900000999"))


def test_a_merchant_of_its_own(world: World) -> None:
    rail = at(world, account=ALONE)
    rail.create(ask(payee=SELF), key=KEY)
    world.pay(ORDER, sub="")
    paid = rail.query(ORDER, SELF).paid
    assert paid
    assert paid.merchant == DIRECT
    assert rail.refund(paid, SELF, amount=1, reason="误", key="r-1").state == "pending"
    assert rail.query_refund("r-1", paid, SELF).amount == 1


def test_a_closed_order_cannot_be_paid_and_closing_twice_is_closing_once(world: World) -> None:
    rail = at(world)
    rail.create(ask(), key=KEY)
    rail.close(ORDER, PAYEE, key=KEY)
    rail.close(ORDER, PAYEE, key=KEY)
    assert rail.query(ORDER, PAYEE) == State("closed")
    answer = httpx.post(
        f"{world.address}/control/pay",
        json={"mchid": PARTNER, "sub_mchid": CHARITY, "out_trade_no": KEY},
    )
    assert answer.json()["code"] == "ORDER_CLOSED"
    assert rail.query(ORDER + 5, PAYEE) == State("unknown")


def test_parts_go_back_until_nothing_is_left(world: World) -> None:
    rail = at(world)
    rail.create(ask(), key=KEY)
    world.pay(ORDER)
    paid = rail.query(ORDER, PAYEE).paid
    assert paid
    first = rail.refund(paid, PAYEE, amount=1_500, reason="误", key="r-1")
    assert first == rail.refund(paid, PAYEE, amount=1_500, reason="误", key="r-1")
    with pytest.raises(RailRefusedError, match="INVALID_REQUEST"):
        rail.refund(paid, PAYEE, amount=1_499, reason="误", key="r-1")
    with pytest.raises(RailRefusedError, match="INVALID_REQUEST"):
        rail.refund(paid, PAYEE, amount=501, reason="误", key="r-2")
    assert rail.refund(paid, PAYEE, amount=500, reason="误", key="r-2").state == "pending"
    found = rail.query(ORDER, PAYEE)
    assert (found.state, found.paid) == ("refunded", paid)
    assert rail.query_refund("r-3", paid, PAYEE).state == "unknown"


def test_the_next_days_bill_is_read_by_our_reader(world: World) -> None:
    rail = at(world)
    for order in (ORDER, ORDER + 1, ORDER + 2):
        rail.create(ask(order), key=str(order))
        world.pay(order)
    numbers = [one["transaction_id"] for one in world.state()["orders"]]
    paid = rail.query(ORDER, PAYEE).paid
    assert paid
    rail.refund(paid, PAYEE, amount=700, reason="误", key="r-1")
    day = datetime.now(timezone(timedelta(hours=8))).date()
    with pytest.raises(RailRefusedError, match="PARAM_ERROR"):
        next(rail.bill(day, PAYEE))
    world.turn("clock", advance=2 * 86_400)
    text = b"".join(rail.bill(day, PAYEE))
    assert text == b"".join(rail.bill(day, None))
    with open_statement(io.BytesIO(text), form="wechat") as statement:
        records = [one for one in statement.records if isinstance(one, Record)]
        statement.check()
    assert len(statement.header) == 27
    rows = [dict(zip(statement.header, one.cells, strict=True)) for one in records]
    assert [row["交易状态"] for row in rows] == ["SUCCESS"] * 3 + ["REFUND"]
    assert {row["微信订单号"] for row in rows} == set(numbers)
    assert (rows[3]["申请退款金额"], rows[3]["商户退款单号"]) == ("7.00", "r-1")
    world.turn("bill", kind="missing", transaction_id=numbers[0])
    world.turn("bill", kind="amount", transaction_id=numbers[1], fen=1)
    world.turn("bill", kind="extra", transaction_id=numbers[2])
    with open_statement(io.BytesIO(b"".join(rail.bill(day, PAYEE))), form="wechat") as statement:
        planted = [one for one in statement.records if isinstance(one, Record)]
        statement.check()
    assert len(planted) == 4
    with pytest.raises(RailRefusedError, match="NO_STATEMENT_EXIST"):
        next(rail.bill(day, PAYEE._replace(merchant="1900000110")))
    with pytest.raises(RailRefusedError, match="NO_STATEMENT_EXIST"):
        next(rail.bill(day - timedelta(days=1), None))


@pytest.mark.parametrize(
    ("switch", "code"),
    [("answer-lost", "NO_ANSWER"), ("answer-unsigned", "UNSIGNED"), ("answer-probe", "FORGED"),
     ("answer-error", "SYSTEM_ERROR")],
)  # fmt: skip
def test_an_answer_that_is_spoilt_was_done_all_the_same(
    world: World, switch: str, code: str
) -> None:
    rail = at(world)
    world.turn("switch", name=switch)
    with pytest.raises(RailUnsureError) as unsure:
        rail.create(ask(), key=KEY)
    assert unsure.value.code == code
    assert rail.query(ORDER, PAYEE) == State("unpaid"), "it was made"


class Trouble(httpx.BaseTransport):
    """A way on which questions double, and answers do not come back."""

    def __init__(self, fates: Iterator[str]) -> None:
        self.inner, self.fates = httpx.HTTPTransport(), fates

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        fate = next(self.fates, "fine")
        if fate == "never-sent":
            raise httpx.ConnectError("never sent")
        if fate == "doubled":
            self.inner.handle_request(request).close()
        response = self.inner.handle_request(request)
        if fate == "no-answer":
            response.close()
            raise httpx.ReadTimeout("no answer")
        return response

    def close(self) -> None:
        self.inner.close()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with open_world(tmp_path_factory.mktemp("wechat") / "w") as opened:
        opened.turn("refunds", outcome="success", seconds=0)
        yield opened


def insisting(verb: Any) -> Any:
    """Ask until it is sure, with the same key, as `payments` does."""
    for _ in range(20):
        with suppress(RailUnsureError):
            return verb()
    raise AssertionError("never sure")


NEXT = iter(range(10**6))


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    fates=st.lists(st.sampled_from(["fine", "never-sent", "no-answer", "doubled"]), max_size=14),
    part=st.integers(1, 2_000),
)
def test_whatever_is_lost_or_doubled_ends_in_one_payment_and_one_refund(
    shared: World, fates: list[str], part: int
) -> None:
    order = ORDER + 1_000 + next(NEXT)
    transport = Trouble(iter(fates))
    rail, wish, key = at(shared, transport=transport), ask(order), str(order)
    payable = insisting(lambda: rail.create(wish, key=key))
    assert insisting(lambda: rail.create(wish, key=key)) == payable
    transaction = shared.pay(order)
    assert shared.pay(order) == transaction
    with pytest.raises(RailRefusedError) as refused:
        insisting(lambda: rail.close(order, PAYEE, key=key))
    assert refused.value.code == "paid"
    paid = insisting(lambda: rail.query(order, PAYEE)).paid
    assert paid.transaction == transaction

    def back() -> Any:
        return rail.refund(paid, PAYEE, amount=part, reason="误", key=f"{key}-1")

    insisting(back)
    insisting(back)
    while shared.tell():
        pass
    assert insisting(lambda: rail.query_refund(f"{key}-1", paid, PAYEE)).state == "arrived"
    rail.wire.close()
    with shared.gateway.store.open() as database:
        trades = database.execute(
            "SELECT count(*), count(transaction_id) FROM trade WHERE out_trade_no = ?", (key,)
        ).fetchone()
        refunds = database.execute(
            "SELECT count(*), sum(amount) FROM refund WHERE out_refund_no = ?", (f"{key}-1",)
        ).fetchone()
        notices = database.execute(
            "SELECT count(*) FROM event WHERE resource LIKE ?", (f"%{key}%",)
        ).fetchone()
    assert (tuple(trades), tuple(refunds), notices[0]) == ((1, 1), (1, part), 2)


def test_a_rail_that_is_not_there_is_unsure(tmp_path: Path) -> None:
    with open_world(tmp_path / "gone") as gone:
        rail = at(gone)
        kept = gone.closing.pop_all()
    with kept, pytest.raises(RailUnsureError, match="NO_ANSWER"):
        rail.create(ask(), key=KEY)
